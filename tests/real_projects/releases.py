"""Releases of a published project: processes of their own, on a database that the test chose."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What ``migration_guard --format json`` answered."""

    exit_status: int
    status: str
    database: Mapping[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of migrations."""
        return {name: self.database[name] for name in ("total", "applied", "pending", "orphaned")}

    @property
    def said(self) -> list[tuple[str, str | None, bool]]:
        """Code, migration (or app) and whether it blocks traffic, of each finding in the order of the report."""
        return [
            (
                finding["code"].removeprefix("migration_guard."),
                ".".join(filter(None, (finding["app_label"], finding["migration"]))) or None,
                finding["blocks_traffic"],
            )
            for finding in self.database["findings"]
        ]

    def explained(self, kind: str) -> list[str]:
        """Name the rows that have this explanation."""
        return sorted(
            f"{row['app_label']}.{row['name']}" for row in self.database["rows"] if row["explanation"] == kind
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release of a project, and the database that it is deployed to.

    ``app`` is the app whose migrations the tests change, ``leaf`` its last one and ``parent`` the one before.
    """

    python: Path
    settings: str
    url: str
    app: str
    leaf: str = ""
    parent: str = ""
    truth: Mapping[str, Any] = field(default_factory=dict)
    """What Django said of the database when it had been migrated; see ``django_says``."""
    modules: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[Path, ...] = ()

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run this release's Python with these arguments, in the project's directory, for 10 minutes at most."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            # Starting takes twice as long where nothing may keep the compiled modules.
            if name not in {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
        }
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=ROOT,
            env={
                **inherited,
                "DATABASE_URL": self.url,
                "DJANGO_SETTINGS_MODULE": self.settings,
                "MIGRATION_MODULES": json.dumps(self.modules),
                "PYTHONPATH": os.pathsep.join(map(str, self.packages)),
                "PYTHONIOENCODING": "utf-8",
            },
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a management command that must succeed, and give its output."""
        ended = self.run("-m", "django", *arguments, stdin=stdin)
        assert ended.returncode == 0, ended
        return ended.stdout

    def refused(self, *arguments: str) -> str:
        """Run a management command that must fail, and give what it says on stderr."""
        ended = self.run("-m", "django", *arguments)
        assert ended.returncode == 1, ended
        return ended.stderr

    def status(self) -> Verdict:
        """Ask the guard."""
        ended = self.run("-m", "django", "migration_guard", "--format", "json")
        assert ended.stderr == ""
        document = json.loads(ended.stdout)
        (database,) = document["databases"]
        return Verdict(exit_status=ended.returncode, status=document["status"], database=database)

    def django_says(self) -> dict[str, Any]:
        """Ask Django itself."""
        ended = self.run("-m", "tests.real_projects.django_says")
        assert ended.returncode == 0, ended.stderr
        answers: dict[str, Any] = json.loads(ended.stdout)
        return answers

    def follow(self, verdict: Verdict, code: str, *, stdin: str = "") -> None:
        """Run the commands of the fix that the first finding of this code offers first."""
        findings = [one for one in verdict.database["findings"] if one["code"] == f"migration_guard.{code}"]
        commands = findings[0]["fixes"][0]["commands"]
        assert commands, findings[0]["fixes"]
        for command in commands:
            assert command[:2] == ["python", "manage.py"]
            self.manage(*command[2:], stdin=stdin)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement behind Django's back, and give its rows."""
        if self.url.startswith("sqlite:///"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as file, file:
                return file.execute(statement).fetchall()
        with psycopg.connect(self.url, autocommit=True) as session, session.cursor() as cursor:
            cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def changed(self, directory: Path, change: Callable[[Path], object], *, app: str = "") -> Release:
        """Make another release, whose migrations of an app (``app``) are a copy in this directory, changed."""
        app = app or self.app
        package = directory / f"changed_{app}"
        compiled = shutil.ignore_patterns("__pycache__")
        shutil.copytree(self.truth["packages"][app], package, ignore=compiled)
        change(package)
        return replace(self, modules={app: package.name}, packages=(directory,))

    def name_after(self, migration: str, words: str) -> str:
        """Name a migration that takes the number after this one's, as ``makemigrations`` would."""
        digits = re.match(r"\d+", migration)
        assert digits is not None
        return f"{int(digits.group()) + 1:04}_{words}"

    def migration_after(self, migration: str) -> str:
        """Write a migration file that creates a table and depends on this migration."""
        return f'''\
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("{self.app}", "{migration}")]
    operations = [
        migrations.CreateModel(
            name="GuardNote",
            fields=[("id", models.BigAutoField(primary_key=True)), ("text", models.TextField())],
        ),
    ]
'''
