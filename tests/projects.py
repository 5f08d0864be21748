"""Throwaway projects: migration files in a temporary directory, run in this process or by ``manage.py``.

A test that wants a sick database says what happened to it, in the order in which it happened::

    with Site(tmp_path, alias) as site:
        site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
        site.migrate()
        site.deploy(shop=chain("shop", "0001_initial"))
        report = guard.inspect(alias)
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias

from django.apps import apps as registry
from django.core.management import call_command
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import override_settings

from django_migration_guard.readers.migrations import forget_release

Key: TypeAlias = tuple[str, str]
Files: TypeAlias = Mapping[str, str]
"""Sources by migration name: the migrations package of one app."""

_ROOT = Path(__file__).resolve().parents[1]
_MANAGE = """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
execute_from_command_line(sys.argv)
"""
_ROUTER = """\
class Router:
    def allow_migrate(self, db, app_label, **hints):
        {}
"""


def migration(
    *,
    after: Iterable[Key] = (),
    makes: Iterable[str] = (),
    replaces: Iterable[Key] = (),
    before: Iterable[Key] = (),
    operations: Iterable[str] = (),
) -> str:
    """Write a migration file. ``makes`` names models, a table each; ``operations`` are Python expressions."""
    creations = [
        f"migrations.CreateModel({name!r}, [('id', models.BigAutoField(primary_key=True))])" for name in makes
    ]
    lines = [
        "from django.db import migrations, models",
        "",
        "",
        "class Migration(migrations.Migration):",
        f"    dependencies = {list(after)!r}",
        *([f"    replaces = {listed!r}"] if (listed := list(replaces)) else []),
        *([f"    run_before = {listed!r}"] if (listed := list(before)) else []),
        "    operations = [",
        *(f"        {operation}," for operation in [*creations, *operations]),
        "    ]",
    ]
    return "\n".join(lines) + "\n"


def model(name: str) -> str:
    """Name the model that a migration of :func:`chain` makes: ``Price`` for ``0002_price``."""
    return "".join(word.title() for word in re.sub(r"^\d+_", "", name).split("_"))


def chain(label: str, *names: str, after: Iterable[Key] = ()) -> dict[str, str]:
    """Write migrations of one app, each after the one before it, each making a table of its own."""
    sources, needs = {}, list(after)
    for name in names:
        sources[name] = migration(after=needs, makes=[model(name)])
        needs = [(label, name)]
    return sources


def squash(label: str, name: str, *replaced: str, after: Iterable[Key] = ()) -> dict[str, str]:
    """Write a squash of migrations of :func:`chain`."""
    makes = [model(one) for one in replaced]
    return {name: migration(after=after, makes=makes, replaces=[(label, one) for one in replaced])}


def models(*names: str) -> str:
    """Write a ``models.py`` with the models that :func:`migration` makes under these names."""
    classes = [
        f"class {name}(models.Model):\n    id = models.BigAutoField(primary_key=True)\n" for name in names
    ]
    return "\n\n".join(["from django.db import models\n", *classes])


class Site:
    """A project in a directory, the database that it works on, and its process: this one.

    ``deploy`` and ``restart`` begin a new process as far as migrations are concerned: settings, modules and
    the guard's release are as new. Leaving the ``with`` block gives this process back as it was.
    """

    def __init__(self, directory: Path, alias: str = "default") -> None:
        self.directory = directory
        self.alias = alias
        self.settings: dict[str, Any] = {}
        self._mounted = contextlib.ExitStack()
        self._for_good = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._mounted.close()
        self._for_good.close()

    def on_exit(self, clear_up: Callable[[], object]) -> None:
        """Call this when the ``with`` block ends."""
        self._for_good.callback(clear_up)

    def deploy(
        self, *, files: Files | None = None, settings: Mapping[str, Any] | None = None, **apps: Files
    ) -> None:
        """Replace the code by these apps and their migrations, and start anew.

        ``files`` are further files by their path in the project, ``settings`` stand beside what is needed.
        """
        self._mounted.close()
        for place in self.directory.glob("[!.]*"):
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        written = {f"{label}/__init__.py": "" for label in apps}
        for label, sources in apps.items():
            package = f"{label}/migrations"
            written |= {f"{package}/{name}.py": source for name, source in sources.items()}
            written |= {f"{package}/__init__.py": ""} if sources else {}
        for path, source in (written | dict(files or {})).items():
            self.write(path, source)
        self.restart(
            **{
                "INSTALLED_APPS": [*apps, "django_migration_guard"],
                "MIGRATION_MODULES": {},
                "DATABASE_ROUTERS": [],
                "MIGRATION_GUARD": {},
                **(settings or {}),
            }
        )

    def restart(self, **settings: Any) -> None:
        """Start anew with the files as they are now, and with settings changed."""
        self._mounted.close()
        self.settings |= settings
        self._write_for_subprocesses()
        connections[self.alias].close()
        importlib.invalidate_caches()
        sys.path.insert(0, str(self.directory))
        self._mounted.callback(sys.path.remove, str(self.directory))
        self._mounted.callback(self._forget, sys.dont_write_bytecode)
        sys.dont_write_bytecode = (
            True  # two versions of a file within one second have the same bytecode's name
        )
        self._mounted.enter_context(override_settings(**self.settings))
        forget_release()

    def route(self, answer: str) -> None:
        """Start anew with a database router whose ``allow_migrate(db, app_label, **hints)`` is this line of Python."""
        self.write("routing.py", _ROUTER.format(answer))
        self.restart(DATABASE_ROUTERS=["routing.Router"])

    def _forget(self, dont_write_bytecode: bool) -> None:
        sys.dont_write_bytecode = dont_write_bytecode
        own = {place.stem for place in self.directory.iterdir()}
        for name in [name for name in sys.modules if name.partition(".")[0] in own]:
            del sys.modules[name]
        for label in own & set(registry.all_models):
            del registry.all_models[label]
        registry.clear_cache()
        forget_release()

    def write(self, path: str, text: str) -> Path:
        """Write one file of the project and give its path; a process that runs does not see it."""
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
        return file

    def file(self, label: str, name: str) -> Path:
        """Give the path of a migration's file."""
        return self.directory / label / "migrations" / f"{name}.py"

    def migrate(self, *arguments: str) -> None:
        """Run Django's ``migrate`` on the site's database, in this process."""
        call_command("migrate", *arguments, database=self.alias, verbosity=0, interactive=False)

    @property
    def recorder(self) -> MigrationRecorder:
        """Django's own reader and writer of the rows."""
        return MigrationRecorder(connections[self.alias])

    def record(self, label: str, *names: str) -> None:
        """Write rows, without running anything."""
        self.recorder.ensure_schema()
        for name in names:
            self.recorder.migration_qs.create(app=label, name=name)

    def unrecord(self, label: str, *names: str) -> None:
        """Remove the rows of these migrations."""
        self.recorder.migration_qs.filter(app=label, name__in=names).delete()

    def execute(self, statement: str) -> None:
        """Run one SQL statement on the site's database."""
        with connections[self.alias].cursor() as cursor:
            cursor.execute(statement)

    def tables(self) -> list[str]:
        """List the tables of the site's database."""
        return sorted(connections[self.alias].introspection.table_names())

    def rows(self) -> list[tuple[Any, ...]] | None:
        """List the rows of ``django_migrations``, every column; None where there is no such table."""
        if "django_migrations" not in self.tables():
            return None
        return list(self.recorder.migration_qs.order_by("pk").values_list("pk", "app", "name", "applied"))

    def run(self, *argv: str, answer: str = "") -> str:
        """Run a command in a process of its own from the project's directory, and give all that it printed.

        ``python`` means the interpreter of the tests. Raises AssertionError where the exit status is not 0.
        """
        program = [sys.executable if argv[0] == "python" else argv[0], *argv[1:]]
        done = subprocess.run(
            program,
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            input=answer,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, (argv, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def _write_for_subprocesses(self) -> None:
        chosen = {
            "DATABASES": {"default": {}, self.alias: _plain(connections.settings[self.alias])},
            "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
            "SECRET_KEY": "only the tests know it",
            "USE_TZ": True,
            **self.settings,
        }
        self.write("settings.py", "".join(f"{name} = {value!r}\n" for name, value in chosen.items()))
        self.write("manage.py", _MANAGE)


def _plain(database: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("ENGINE", "NAME", "HOST", "PORT", "USER", "PASSWORD", "OPTIONS")
    return {key: str(database[key]) if key == "NAME" else database[key] for key in keys if database.get(key)}


class Repository:
    """A git repository of Ada Lovelace, untouched by the settings of the person who runs the tests.

    Her commits are a minute apart, the first at 07:09:09 UTC on 6 May 2024.
    """

    author = "Ada Lovelace"

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._minute = 8
        directory.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """Run git here and give what it printed."""
        name = ["-c", f"user.name={self.author}", "-c", "user.email=ada@example.org"]
        quiet = ["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false", "-c", "advice.detachedHead=false"]
        date = f"2024-05-06T07:{self._minute:02}:09+00:00"
        return subprocess.run(
            ["git", *name, *quiet, *arguments],
            cwd=self.directory,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_DATE": date,
                "GIT_COMMITTER_DATE": date,
            },
            check=True,
            capture_output=True,
            text=True,
            encoding="utf-8",
        ).stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything that is there, and give the commit's full name."""
        self._minute += 1
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


def keys(label: str, names: Sequence[str]) -> list[Key]:
    """Pair names with their app."""
    return [(label, name) for name in names]
