"""What a project can get wrong in its files and routers: each has a message, a place, and exit status 3, 1 or 0."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
import pytest

from django_migration_guard import guard as guard_module
from django_migration_guard.readers.disk import apps_on_disk
from django_migration_guard.readers.faults import fault_of_graph
from django_migration_guard.readers.migrations import Release
from django_migration_guard.snapshot import AppState, Fault, FaultKind

from .projects import Site, chain, migration
from .terminal import Done, guard, process

SHOP = chain("shop", "0001_initial", "0002_price")
STOCK = chain("stock", "0001_initial")


@pytest.fixture
def site(tmp_path: Path, engine: str) -> Iterator[Site]:
    """Two apps, in sync on an empty SQLite database."""
    with Site(tmp_path / "project", engine) as site:
        site.deploy(shop=SHOP, stock=STOCK, settings={"MIGRATION_GUARD": {"DATABASES": ["default"]}})
        site.migrate()
        yield site


pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def says(code: str, name: str, message: str, why: str, fix: str) -> Done:
    """What a person reads about one fault in this project, and the status with which the process ends."""
    line = "default: unhealthy (3 recorded, and the graph cannot be loaded; drift: not checked)"
    out = f"{line}\n\nerror migration_guard.{code} {name}\n  {message}\n  Why: {why}\n  Fix: {fix}\n"
    return Done(status=3, out=out, err="")


def unloadable(message: str, place: str) -> Done:
    why = "One file that cannot be loaded stops every command that needs migrations, in every app."
    return says("E201", "unloadable-file", f"{message} ({place}).", why, f"Mend {place}.")


def source(*lines: str) -> str:
    return "\n".join(["from django.db import migrations", "", "", *lines, ""])


CLASS = "class Migration(migrations.Migration):"
REST = "    operations = []"
AFTER = '    dependencies = [("shop", "0001_initial")]'


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        pytest.param(
            "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> gifts\n",
            "it holds the markers of an unfinished merge",
            1,
            id="merge-markers-at-the-top",
        ),
        pytest.param(
            source(CLASS, AFTER, "<<<<<<< HEAD", REST, "=======", "    operations = [1]", ">>>>>>> gifts"),
            "it holds the markers of an unfinished merge",
            6,
            id="merge-markers-within-the-class",
        ),
        pytest.param(source("class Migration(:", REST), "SyntaxError: invalid syntax", 4, id="syntax-error"),
        pytest.param(
            source(CLASS, AFTER, REST, "\toops = 1"),
            "TabError: inconsistent use of tabs and spaces in indentation",
            7,
            id="tabs",
        ),
        pytest.param(
            "import os\nfrom shop import not_there\n",
            "ImportError: cannot import name 'not_there' from 'shop' (PROJECT/shop/__init__.py)",
            2,
            id="import-of-a-name",
        ),
        pytest.param(
            "import not_there\n",
            "ModuleNotFoundError: No module named 'not_there'",
            1,
            id="import-of-a-module",
        ),
        pytest.param("", "it has no Migration class", 1, id="empty-file"),
        pytest.param(source("class Migrations:", REST), "it has no Migration class", 1, id="class-misspelt"),
        pytest.param("raise SystemExit('no')\n", "SystemExit: no", 1, id="exit"),
        pytest.param(
            source("def fail():", "    raise LookupError(1)", "", "", "fail()"),
            "LookupError: 1",
            5,
            id="call",
        ),
        pytest.param(
            source("x = 1", "Migration = 3"),
            "its Migration class cannot be used: TypeError: 'int' object is not callable",
            5,
            id="no-class",
        ),
        pytest.param(
            source(CLASS, "    dependencies = None", REST),
            "its Migration class cannot be used: TypeError: 'NoneType' object is not iterable",
            4,
            id="dependencies-none",
        ),
        pytest.param(
            source(CLASS, AFTER, "    replaces = None", REST),
            "its Migration class cannot be used: TypeError: 'NoneType' object is not iterable",
            4,
            id="replaces-none",
        ),
        pytest.param(
            source(CLASS, '    dependencies = ["shop"]', REST),
            "'shop' in its dependencies is no tuple of an app label and a name",
            5,
            id="dependency-without-a-name",
        ),
        pytest.param(
            source(CLASS, '    dependencies = [["shop", "0001_initial"]]', REST),
            "['shop', '0001_initial'] in its dependencies is no tuple of an app label and a name",
            5,
            id="dependency-as-a-list",
        ),
        pytest.param(
            source(CLASS, '    dependencies = [("shop", "0001_initial", 1)]', REST),
            "('shop', '0001_initial', 1) in its dependencies is no tuple of an app label and a name",
            5,
            id="dependency-of-three-parts",
        ),
        pytest.param(
            source(CLASS, '    dependencies = [("shop", None)]', REST),
            "('shop', None) in its dependencies is no tuple of an app label and a name",
            5,
            id="dependency-on-none",
        ),
        pytest.param(
            source(CLASS, AFTER, "    run_before: list = [1]", REST),
            "1 in its run_before is no tuple of an app label and a name",
            6,
            id="run-before-a-number",
        ),
        pytest.param(
            source(CLASS, AFTER, REST, '    replaces = ["0001_initial"]'),
            "'0001_initial' in its replaces is no tuple of an app label and a name",
            7,
            id="replaces-without-an-app",
        ),
    ],
)
def test_file_at_fault_is_named_with_its_line(site: Site, text: str, message: str, line: int) -> None:
    file = site.write("shop/migrations/0002_price.py", text)
    site.restart()
    reason = message.replace("PROJECT", str(site.directory)).replace(
        "/__init__.py)", f"{file.anchor[-1]}__init__.py)"
    )
    assert guard() == unloadable(f"shop.0002_price cannot be loaded: {reason}", f"{file}:{line}")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"x = 1\0\n", r"SyntaxError: .*null bytes", id="null-byte"),
        pytest.param(b"x = '\xff'\n", r"SyntaxError: .*0xff.*", id="not-utf-8"),
    ],
)
def test_file_that_is_no_text(site: Site, content: bytes, complaint: str) -> None:
    file = site.file("shop", "0002_price")
    file.write_bytes(content)
    site.restart()
    (fault,) = Release.on_disk().disk.faults
    assert (fault.kind, fault.key, fault.path) == (FaultKind.FILE, ("shop", "0002_price"), str(file))
    assert re.fullmatch(complaint, fault.reason), fault.reason
    assert guard() == unloadable(f"shop.0002_price cannot be loaded: {fault.reason}", fault.place)


def test_every_file_at_fault_is_named_and_what_is_recorded_is_still_told(site: Site) -> None:
    first = site.write("shop/migrations/0001_initial.py", "import not_there\n")
    second = site.write("shop/migrations/0002_price.py", "Migration = 3\n")
    third = site.write("stock/migrations/__init__.py", "1 / 0\n")
    site.restart()
    said = guard("-v", "3")
    places = [f"{first}:1", f"{second}:1", f"{third}:1"]
    assert (said.status, [line for line in said.out.splitlines() if "Mend" in line]) == (
        3,
        [f"  Fix: Mend {place}." for place in places],
    )
    assert said.out.endswith(
        f"\ndefault: 3 active\n  shop.0001_initial active: {first}\n  shop.0002_price active: {second}\n"
        f"  stock.0001_initial active: {site.file('stock', '0001_initial')}\n"
    )


def test_fault_in_a_file_that_another_file_imports(site: Site) -> None:
    site.write("shop/prices.py", "\n\nraise LookupError('no price')\n")
    file = site.write("shop/migrations/0002_price.py", "import os\nimport shop.prices\n")
    site.restart()
    assert guard() == unloadable("shop.0002_price cannot be loaded: LookupError: no price", f"{file}:2")


def test_module_of_migrations_that_is_not_there(site: Site) -> None:
    site.restart(MIGRATION_MODULES={"shop": "not_there.migrations"})
    (shown, _, other) = guard().out.partition("\ninfo ")
    why = "One file that cannot be loaded stops every command that needs migrations, in every app."
    message = "shop cannot be loaded: ModuleNotFoundError: No module named 'not_there'."
    assert shown == says("E201", "unloadable-file", message, why, "Mend what the reason names.").out
    assert other.startswith("migration_guard.I119 app-without-migrations\n  shop has 2 migrations recorded, ")


def test_package_above_the_migrations_that_fails(site: Site) -> None:
    site.write("history/__init__.py", "raise LookupError('not today')\n")
    site.write("history/shop/__init__.py", "")
    site.restart(MIGRATION_MODULES={"shop": "history.shop"})
    shown = guard().out.partition("\ninfo ")[0]
    why = "One file that cannot be loaded stops every command that needs migrations, in every app."
    message = "shop cannot be loaded: LookupError: not today."
    assert shown == says("E201", "unloadable-file", message, why, "Mend what the reason names.").out


@pytest.mark.parametrize(
    ("place", "state"),
    [
        pytest.param({"history.py": ""}, AppState.UNMIGRATED, id="module-in-place-of-a-package"),
        pytest.param({}, AppState.UNMIGRATED, id="nothing"),
        pytest.param({"history/notes.py": "x = 1\n"}, AppState.UNMIGRATED, id="directory-without-migrations"),
        pytest.param(
            {"history/0001_initial.py": SHOP["0001_initial"]}, AppState.IGNORED_PACKAGE, id="ignored"
        ),
        pytest.param({"history/__init__.py": ""}, AppState.MIGRATED, id="package-without-migrations"),
    ],
)
def test_what_a_module_of_migrations_is(site: Site, place: dict[str, str], state: AppState) -> None:
    for path, text in place.items():
        site.write(path, text)
    site.restart(MIGRATION_MODULES={"shop": "history"})
    assert apps_on_disk()["shop"].state is state


if sys.platform != "win32":  # where links are for administrators

    def test_link_to_a_migration_that_is_not_there(site: Site) -> None:
        directory = site.directory / "loose" / "migrations"
        directory.mkdir(parents=True)
        (site.directory / "loose" / "__init__.py").touch()
        (directory / "0001_initial.py").symlink_to("absent.py")
        site.restart(INSTALLED_APPS=["loose", *site.settings["INSTALLED_APPS"]])
        assert apps_on_disk()["loose"].state is AppState.UNMIGRATED


def test_file_of_migrations_in_place_of_a_package(site: Site) -> None:
    """Django takes an app for unmigrated whose ``migrations`` is a file."""
    for file in site.file("stock", "x").parent.iterdir():
        file.unlink()
    site.file("stock", "x").parent.rmdir()
    site.write("stock/migrations.py", "")
    site.restart()
    assert guard() == Done(
        status=0,
        out="""\
default: healthy (2 total, 2 applied, 0 pending, 0 orphaned; drift: not checked)

info migration_guard.I119 app-without-migrations
  stock has 1 migration recorded, and the app has no migrations on disk.
  Why: Rows of an app that has no migrations any more do no harm; Django neither reads nor prunes them.
""",
        err="",
    )


def test_package_without_init(site: Site) -> None:
    site.file("stock", "__init__").unlink()
    site.restart()
    directory = site.directory / "stock" / "migrations"
    command = f"""import pathlib; (pathlib.Path(r"{directory}") / "__init__.py").touch()"""
    quoted = f"'{command}'" if sys.platform != "win32" else '"' + command.replace('"', '\\"') + '"'
    assert guard() == Done(
        status=1,
        out=f"""\
default: unhealthy (2 total, 2 applied, 0 pending, 0 orphaned; drift: not checked)

error migration_guard.E205 ignored-package
  stock has 1 migration file that Django ignores: {directory} has no __init__.py.
  Why: Django takes an app for unmigrated when its migrations directory has no __init__.py, and says nothing.
  Fix: Create the missing __init__.py.
    python -c {quoted}
""",
        err="",
    )


def test_files_that_django_takes_for_no_migrations(site: Site) -> None:
    """Files that begin with an underscore or a tilde, directories and other files are no migrations."""
    site.write("shop/migrations/_0003_draft.py", "1 / 0\n")
    site.write("shop/migrations/0003_directory/__init__.py", "1 / 0\n")
    site.write("shop/migrations/0003_notes.txt", "no Python\n")
    site.restart()
    assert guard().status == 0


# Dependencies


def missing(message: str, fix: str) -> Done:
    why = "A dependency that is not on disk leaves no order in which migrations could run, so none runs."
    return says("E202", "missing-dependency", f"shop.0002_price depends on {message}.", why, fix)


def gone(name: str, place: object) -> Done:
    fix = f"Bring {name} back, or mend the dependency in {place}."
    return missing(f"{name}, which is not on disk ({place})", fix)


@pytest.mark.parametrize("name", ["0001_initial", "__first__", "__latest__"])
def test_dependency_on_an_app_that_is_not_installed(site: Site, name: str) -> None:
    after = [("shop", "0001_initial"), ("absent", name)]
    file = site.write("shop/migrations/0002_price.py", migration(after=after))
    site.restart()
    assert guard() == missing(
        f"absent.{name}, and no installed app has the label 'absent' ({file}:5)",
        f"Put the app 'absent' into INSTALLED_APPS, or mend the dependency in {file}:5.",
    )


def test_dependency_on_a_migration_that_is_not_there(site: Site) -> None:
    after = [("shop", "0001_initial"), ("stock", "0009_gone")]
    file = site.write("shop/migrations/0002_price.py", migration(after=after))
    site.restart()
    assert guard() == gone("stock.0009_gone", f"{file}:5")


def test_dependency_written_over_several_lines_is_found_at_its_own(site: Site) -> None:
    listed = ["    dependencies = [", '        ("shop", "0001_initial"),', '        ("stock", "x"),', "    ]"]
    file = site.write("shop/migrations/0002_price.py", source(CLASS, *listed, REST))
    site.restart()
    assert guard() == gone("stock.x", f"{file}:7")


def test_dependency_that_is_computed_is_found_where_dependencies_are_set(site: Site) -> None:
    text = source("NAME = 'x'", "", "", CLASS, "    dependencies = [('stock', NAME)]", REST)
    file = site.write("shop/migrations/0002_price.py", text)
    site.restart()
    assert guard() == gone("stock.x", f"{file}:8")


def test_dependency_that_is_set_in_another_file_is_named_without_a_line(site: Site) -> None:
    site.write("shop/dependent.py", "class Dependent:\n    dependencies = [('stock', 'x')]\n")
    names = ("from django.db.migrations import Migration as Base", "from shop.dependent import Dependent")
    text = "\n".join([*names, "", "", "class Migration(Dependent, Base):", REST, ""])
    file = site.write("shop/migrations/0002_price.py", text)
    site.restart()
    assert guard() == gone("stock.x", file)


def test_run_before_one_that_is_not_there(site: Site) -> None:
    text = migration(after=[("shop", "0001_initial")], before=[("stock", "0009_gone")])
    file = site.write("shop/migrations/0002_price.py", text)
    site.restart()
    assert guard() == gone("stock.0009_gone", f"{file}:6")


def cycle(message: str, place: str) -> Done:
    why = "Migrations that wait for one another can never run, so none runs."
    fix = f"Take one dependency of the cycle out ({place}); split a squash that caused it."
    return says("E203", "cycle", f"{message}.", why, fix)


def test_cycle_within_an_app(site: Site) -> None:
    file = site.write("shop/migrations/0001_initial.py", migration(after=[("shop", "0002_price")]))
    site.restart()
    message = f"shop.0001_initial is part of a cycle ({file}:5): shop.0001_initial, shop.0002_price"
    assert guard() == cycle(message, f"{file}:5")


def test_migration_that_depends_on_itself(site: Site) -> None:
    file = site.write("stock/migrations/0001_initial.py", migration(after=[("stock", "0001_initial")]))
    site.restart()
    message = f"stock.0001_initial is part of a cycle ({file}:5): stock.0001_initial"
    assert guard() == cycle(message, f"{file}:5")


def test_squashes_that_replace_each_other(site: Site) -> None:
    file = site.write("shop/migrations/0003_one.py", migration(replaces=[("shop", "0004_other")]))
    site.write("shop/migrations/0004_other.py", migration(replaces=[("shop", "0003_one")]))
    site.restart()
    (fault,) = guard_module.inspect().snapshot.faults
    assert (fault.kind, fault.key, fault.path, fault.line) == (
        FaultKind.CYCLE,
        ("shop", "0003_one"),
        str(file),
        6,
    )
    assert fault.reason.startswith("what it replaces leads back to itself (")
    message = f"shop.0003_one is part of a cycle ({file}:6): {fault.reason}"
    assert guard() == cycle(message, f"{file}:6")


if django.VERSION >= (6, 0):

    def test_squash_that_replaces_itself(site: Site) -> None:
        text = migration(after=[("shop", "0002_price")], replaces=[("shop", "0003_one")])
        file = site.write("shop/migrations/0003_one.py", text)
        site.restart()
        said = "CommandError: Cyclical squash replacement found, starting at ('shop', '0003_one')"
        message = (
            f"shop.0003_one is part of a cycle ({file}:6): what it replaces leads back to itself ({said})"
        )
        assert guard() == cycle(message, f"{file}:6")


def test_place_is_told_without_a_line_where_the_file_has_gone_since(site: Site) -> None:
    file = site.write("shop/migrations/0002_price.py", migration(after=[("stock", "x")]))
    site.restart()
    release = Release.on_disk()
    file.write_text("class Migration(:\n", encoding="utf-8")
    spoilt = release.graph((("shop", "0001_initial"),))
    file.unlink()
    gone = release.graph(())
    for fault in (spoilt, gone):
        assert isinstance(fault, Fault)
        assert (fault.key, fault.path, fault.line) == (("shop", "0002_price"), str(file), None)


def test_dependency_on_the_first_migration_of_a_package_that_has_none(site: Site) -> None:
    site.file("stock", "0001_initial").unlink()
    after = [("shop", "0001_initial"), ("stock", "__first__")]
    file = site.write("shop/migrations/0002_price.py", migration(after=after))
    site.restart()
    (fault,) = guard_module.inspect().snapshot.faults
    assert fault == Fault(
        kind=FaultKind.MISSING_DEPENDENCY,
        reason="Dependency on app with no migrations: stock",
        key=("shop", "0002_price"),
        app_label="shop",
        path=str(file),
        line=5,
        missing=("stock", "__first__"),
    )


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        pytest.param(RuntimeError("x"), FaultKind.MISSING_DEPENDENCY, "RuntimeError: x", id="anything"),
        pytest.param(
            ValueError("Cyclical x"), FaultKind.CYCLE, "ValueError: Cyclical x", id="cycle-by-its-text"
        ),
    ],
)
def test_what_django_may_say_one_day(site: Site, error: Exception, kind: FaultKind, reason: str) -> None:
    assert fault_of_graph(error, {}, frozenset()) == Fault(kind=kind, reason=reason)


# Routers


def router_failed(reason: str) -> Done:
    return Done(
        status=3,
        out=f"""\
default: unhealthy (nothing is known of its migrations; drift: not checked)

error migration_guard.E003 router-failed
  The database routers raise an exception for 'default': {reason}.
  Why: Without the router's answer nobody can say which migrations this database should have.
  Fix: Mend allow_migrate() in the routers that DATABASE_ROUTERS names.
""",
        err="",
    )


def test_router_that_raises(site: Site) -> None:
    site.write(
        "routing.py",
        "class Router:\n    def allow_migrate(self, db, app_label, **hints):\n        raise KeyError(app_label)\n",
    )
    site.restart(DATABASE_ROUTERS=["routing.Router"])
    assert guard() == router_failed("KeyError: 'shop'")


def test_router_that_is_not_there(site: Site) -> None:
    settings = (site.directory / "settings.py").read_text(encoding="utf-8")
    site.write("settings.py", f"{settings}DATABASE_ROUTERS = ['not_there.Router']\n")
    said = process(site.directory, "migration_guard")
    assert said == router_failed("ModuleNotFoundError: No module named 'not_there'")


# Settings


def test_wrong_settings_are_findings_of_every_report(site: Site) -> None:
    site.restart(MIGRATION_GUARD={"DATABASES": ["default"], "PROBE_TOKN": "secret", "TIMEOUT_SECONDS": "3"})
    assert guard() == Done(
        status=1,
        out="""\
default: degraded (3 total, 3 applied, 0 pending, 0 orphaned; drift: not checked)

warning migration_guard.W001 unknown-setting
  MIGRATION_GUARD['PROBE_TOKN'] is no setting of django-migration-guard and has no effect.
  Why: A misspelt key has no effect, so the guard does not do what its settings seem to say.
  Fix: Rename the key to 'PROBE_TOKEN'.

warning migration_guard.W002 wrong-setting
  MIGRATION_GUARD['TIMEOUT_SECONDS'] is '3'; the default 10.0 is in force.
  Why: A wrong value is not used, so the default is in force where the project chose something else.
  Fix: It accepts seconds above 0, at most 86400.
""",
        err="",
    )
