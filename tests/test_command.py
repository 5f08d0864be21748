"""``manage.py migration_guard``: what it prints, where, and with which exit status."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, execute_from_command_line
from django.db import connections

from django_migration_guard import __version__

from .projects import Site, chain
from .terminal import Done, environment, guard, manage, process, running

HEALTHY = "default: healthy (2 total, 2 applied, 0 pending, 0 orphaned; drift: not checked)\n"
PENDING = """\
default: unhealthy (2 total, 1 applied, 1 pending, 0 orphaned; drift: not checked)

warning migration_guard.W105 pending
  shop.0002_price is not applied to database 'default'.
  Why: The code of this release expects a schema that is not there yet.
  Fix: Apply what is pending.
    python manage.py migrate
"""
SEVEN = [f"000{number}_{name}" for number, name in enumerate("abcdefg", start=1)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A project of its own on an empty SQLite database, the only one that the guard looks at."""
    with Site(tmp_path / "project") as site:
        connections["default"].close()
        kept = connections.settings["default"]
        site.on_exit(lambda: set_default(kept))
        set_default({**kept, "NAME": str(tmp_path / "shop.sqlite3")})
        yield site


def set_default(database: dict[str, Any]) -> None:
    connections["default"].close()
    connections.settings["default"] = database
    del connections["default"]


def deploy(site: Site, *names: str, **settings: Any) -> None:
    site.deploy(
        shop=chain("shop", *names), settings={"MIGRATION_GUARD": {"DATABASES": ["default"]}, **settings}
    )


@pytest.fixture
def healthy(site: Site) -> Site:
    deploy(site, "0001_initial", "0002_price")
    site.migrate()
    return site


@pytest.fixture
def pending(site: Site) -> Site:
    deploy(site, "0001_initial")
    site.migrate()
    deploy(site, "0001_initial", "0002_price")
    return site


@pytest.fixture
def several(healthy: Site, tmp_path: Path) -> Site:
    """The database ``default`` in sync, and ``archive``, which nobody has migrated."""
    archive = {**connections.settings["default"], "NAME": str(tmp_path / "archive.sqlite3")}
    connections.settings["archive"] = archive
    healthy.on_exit(lambda: connections.settings.pop("archive"))
    healthy.on_exit(connections["archive"].close)
    healthy.restart(MIGRATION_GUARD={"DATABASES": ["default", "archive"]})
    return healthy


EMPTY_ARCHIVE = """\
archive: unhealthy (2 total, 0 applied, 2 pending, 0 orphaned; drift: not checked)

warning migration_guard.W102 database-empty
  Database 'archive' has no table django_migrations and none of the project's tables; all 2 migrations are pending.
  Why: Nothing was ever migrated here, so every table that the code reads is absent.
  Fix: Create the tables.
    python manage.py migrate --database archive
"""


# What it prints


def test_in_sync_is_one_line(healthy: Site) -> None:
    assert guard() == Done(status=0, out=HEALTHY, err="")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((), id="no-verb"),
        pytest.param(("status",), id="status"),
        pytest.param(("--verbosity", "1", "status"), id="option-before-the-verb"),
        pytest.param(("status", "--verbosity", "1"), id="option-behind-the-verb"),
        pytest.param(("--verbosity", "0", "status", "-v", "1"), id="the-option-behind-the-verb-wins"),
        pytest.param(("--app", "shop"), id="app"),
        pytest.param(("status", "--app", "shop", "--app", "migration_guard"), id="two-apps"),
        pytest.param(("--app", "shop", "status", "--app", "shop"), id="the-same-app-twice"),
        pytest.param(("--database", "default", "--database", "default"), id="the-same-database-twice"),
        pytest.param(("--fail-level", "warning"), id="fail-level-that-is-the-default"),
        pytest.param(("status", "--format", "text"), id="format-that-is-the-default"),
        pytest.param(("status", "--no-color"), id="no-colour-behind-the-verb"),
    ],
)
def test_pending_says_what_why_and_the_way_out(pending: Site, arguments: tuple[str, ...]) -> None:
    assert guard(*arguments) == Done(status=1, out=PENDING, err="")


@pytest.mark.parametrize(
    ("verbosity", "out"),
    [
        pytest.param("0", "", id="0-nothing-where-all-is-well"),
        pytest.param("1", HEALTHY, id="1-one-line-a-database"),
        pytest.param("2", f"{HEALTHY}\ndefault: 2 active\n", id="2-how-many-rows-have-which-explanation"),
        pytest.param(
            "3",
            f"{HEALTHY}\ndefault: 2 active\n"
            "  shop.0001_initial active: PROJECT/shop/migrations/0001_initial.py\n"
            "  shop.0002_price active: PROJECT/shop/migrations/0002_price.py\n",
            id="3-every-row",
        ),
    ],
)
def test_verbosity_in_sync(healthy: Site, verbosity: str, out: str) -> None:
    said = guard("-v", verbosity)
    place = str(healthy.directory)
    assert (said.status, said.out.replace(place, "PROJECT").replace(os.sep, "/"), said.err) == (0, out, "")


@pytest.mark.parametrize("verbosity", ["0", "1"])
def test_verbosity_0_says_what_needs_attention(pending: Site, verbosity: str) -> None:
    assert guard("-v", verbosity).out == PENDING


def test_verbosity_0_leaves_information_and_healthy_databases_out(several: Site) -> None:
    several.record("removed", "0001_initial")
    assert guard("-v", "0").out == EMPTY_ARCHIVE


def test_long_list_is_shortened_and_says_how_to_see_it_whole(site: Site) -> None:
    deploy(site, *SEVEN)
    site.recorder.ensure_schema()
    lines = [f"  shop.{name} is not applied to database 'default'." for name in SEVEN]
    said = guard().out.splitlines()
    assert said[3:9] == [*lines[:5], "  … and 2 more; --verbosity 2 shows all."]
    assert [line for line in guard("-v", "2").out.splitlines() if "is not applied" in line] == lines


def test_five_of_a_kind_are_not_shortened(site: Site) -> None:
    deploy(site, *SEVEN[:5])
    site.recorder.ensure_schema()
    assert "more" not in guard().out


def test_verbosity_2_shows_the_evidence(healthy: Site) -> None:
    healthy.record("removed", "0001_initial", "0002_price")
    assert (
        guard("-v", "2").out
        == f"""\
{HEALTHY}
info migration_guard.I113 app-not-installed
  removed has 2 migrations recorded, and no installed app has this label.
    rows: removed.0001_initial, removed.0002_price
  Why: Rows of an app that was taken out, or not yet put in, do no harm; its tables stay until somebody drops them.

default: 2 active, 2 app not installed
"""
    )


def test_database_that_needs_attention_comes_first(several: Site) -> None:
    archive, rest = EMPTY_ARCHIVE.split("\n", 1)
    assert guard().out == f"{archive}\n{HEALTHY}{rest}".replace("are pending.", "are pending. [archive]")


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        pytest.param(("--database", "default"), HEALTHY, id="one"),
        pytest.param(("--database", "archive"), EMPTY_ARCHIVE, id="the-other"),
    ],
)
def test_database_chooses(several: Site, arguments: tuple[str, ...], out: str) -> None:
    assert guard(*arguments).out == out


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--database", "default", "--database", "archive"), id="before-the-verb"),
        pytest.param(("status", "--database", "default", "--database", "archive"), id="behind-the-verb"),
        pytest.param(("--database", "default", "status", "--database", "archive"), id="on-both-sides"),
    ],
)
def test_database_is_repeatable(several: Site, arguments: tuple[str, ...]) -> None:
    assert guard(*arguments) == guard()


def test_setting_names_the_databases(several: Site) -> None:
    several.restart(MIGRATION_GUARD={"DATABASES": ["archive"]})
    assert guard().out == EMPTY_ARCHIVE
    assert guard("--database", "default").out == HEALTHY


def test_same_finding_on_two_databases_is_told_once(several: Site) -> None:
    several.restart(MIGRATION_GUARD={"DATABASES": ["default", "archive"], "PROBE_DETAIL": True})
    said = guard().out
    assert said.count("MIGRATION_GUARD['PROBE_DETAIL']") == 1
    assert (
        "  MIGRATION_GUARD['PROBE_DETAIL'] is no setting of django-migration-guard and has no effect. "
        "[archive, default]\n"
    ) in said


# --app


@pytest.fixture
def two_apps(site: Site) -> Site:
    """The app ``shop`` in sync, and two migrations of ``stock`` pending, after one that is applied."""
    stock = chain("stock", "0001_initial", "0002_shelf", "0003_box")
    settings = {"MIGRATION_GUARD": {"DATABASES": ["default"]}}
    site.deploy(shop=chain("shop", "0001_initial"), stock=stock, settings=settings)
    site.migrate("shop")
    site.migrate("stock", "0001")
    return site


def test_app_in_sync_beside_one_that_is_not(two_apps: Site) -> None:
    line = "default: healthy (1 total, 1 applied, 0 pending, 0 orphaned; drift: not checked)\n"
    assert guard("--app", "shop") == Done(status=0, out=line, err="")


def test_app_that_is_not_in_sync(two_apps: Site) -> None:
    said = guard("--app", "stock")
    assert (said.status, said.out) == (
        1,
        """\
default: unhealthy (3 total, 1 applied, 2 pending, 0 orphaned; drift: not checked)

warning migration_guard.W105 pending
  stock.0002_shelf is not applied to database 'default'.
  stock.0003_box is not applied to database 'default'.
  Why: The code of this release expects a schema that is not there yet.
  Fix: Apply what is pending.
    python manage.py migrate
""",
    )


@pytest.mark.parametrize(
    ("label", "numbers"),
    [
        pytest.param(
            "shop", {"total": 1, "applied": 1, "pending": 0, "pending_migrations": []}, id="in-sync"
        ),
        pytest.param(
            "stock",
            {
                "total": 3,
                "applied": 1,
                "pending": 2,
                "pending_migrations": ["stock.0002_shelf", "stock.0003_box"],
            },
            id="pending",
        ),
    ],
)
def test_app_in_json(two_apps: Site, label: str, numbers: dict[str, Any]) -> None:
    (database,) = json.loads(guard("--app", label, "--format", "json").out)["databases"]
    assert {name: database[name] for name in numbers} == numbers
    assert {row["app_label"] for row in database["rows"]} == {label}


def test_app_does_not_hide_what_keeps_the_graph_from_loading(two_apps: Site) -> None:
    file = two_apps.write("stock/migrations/0003_box.py", "import not_there\n")
    two_apps.restart()
    said = guard("--app", "shop")
    assert (said.status, said.out) == (
        3,
        f"""\
default: unhealthy (2 recorded, and the graph cannot be loaded; drift: not checked)

error migration_guard.E201 unloadable-file
  stock.0003_box cannot be loaded: ModuleNotFoundError: No module named 'not_there' ({file}:1).
  Why: One file that cannot be loaded stops every command that needs migrations, in every app.
  Fix: Mend {file}:1.
""",
    )


# Exit status


@pytest.mark.parametrize(
    ("fail_level", "expected"),
    [
        pytest.param("info", {"in-sync": 0, "info": 1, "warning": 1, "error": 1}, id="info"),
        pytest.param("warning", {"in-sync": 0, "info": 0, "warning": 1, "error": 1}, id="warning"),
        pytest.param("error", {"in-sync": 0, "info": 0, "warning": 0, "error": 1}, id="error"),
    ],
)
def test_fail_level(healthy: Site, fail_level: str, expected: dict[str, int]) -> None:
    statuses = {"in-sync": guard("--fail-level", fail_level).status}
    healthy.record("removed", "0001_initial")
    statuses["info"] = guard("--fail-level", fail_level).status
    healthy.record("shop", "0002_price")
    statuses["warning"] = guard("--fail-level", fail_level).status
    healthy.unrecord("shop", "0001_initial")
    statuses["error"] = guard("--fail-level", fail_level).status
    assert statuses == expected


@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_question_that_cannot_be_asked_is_3_at_every_fail_level(healthy: Site, level: str) -> None:
    healthy.write("shop/migrations/0002_price.py", "import not_there\n")
    healthy.restart()
    assert guard("--fail-level", level).status == 3
    assert guard("--fail-level", level, "--format", "json").status == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ("--database", "defualt"),
            "CommandError: Unknown database alias 'defualt'. Did you mean 'default'?\n",
            id="alias-misspelt",
        ),
        pytest.param(
            ("status", "--database", "elsewhere"),
            f"CommandError: Unknown database alias 'elsewhere'. Known: {', '.join(sorted(connections.settings))}.\n",
            id="alias-unknown",
        ),
        pytest.param(
            ("--database", "default", "status", "--database", "defualt"),
            "CommandError: Unknown database alias 'defualt'. Did you mean 'default'?\n",
            id="one-of-two-aliases-misspelt",
        ),
        pytest.param(
            ("--database", ""),
            f"CommandError: Unknown database alias ''. Known: {', '.join(sorted(connections.settings))}.\n",
            id="alias-empty",
        ),
        pytest.param(
            ("--app", "shpo"),
            "CommandError: Unknown app label 'shpo'. Did you mean 'shop'?\n",
            id="app-misspelt",
        ),
        pytest.param(
            ("--app", "elsewhere"),
            "CommandError: Unknown app label 'elsewhere'. Known: migration_guard, shop.\n",
            id="app-unknown",
        ),
    ],
)
def test_unknown_name_is_wrong_use(healthy: Site, arguments: tuple[str, ...], message: str) -> None:
    assert guard(*arguments) == Done(status=2, out="", err=message)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(
            ("--format", "xml"),
            "argument --format: invalid choice: 'xml' (choose from ",
            id="format-that-is-not-there",
        ),
        pytest.param(
            ("status", "--format", "xml"),
            "argument --format: invalid choice: 'xml' (choose from ",
            id="format-that-is-not-there-behind-the-verb",
        ),
        pytest.param(
            ("--fail-level", "never"),
            "argument --fail-level: invalid choice: 'never' (choose from ",
            id="level",
        ),
        pytest.param(("-v", "4"), "argument -v/--verbosity: invalid choice: 4 (choose from ", id="verbosity"),
        pytest.param(("repair",), "invalid choice: 'repair' (choose from ", id="verb-that-is-not-there"),
        pytest.param(("--database",), "argument --database: expected one argument", id="alias-left-out"),
        pytest.param(("--no-such-option",), "unrecognized arguments: --no-such-option", id="option"),
        pytest.param(("status", "--prune"), "unrecognized arguments: --prune", id="option-behind-the-verb"),
    ],
)
def test_argument_that_is_not_there_is_wrong_use(
    healthy: Site, arguments: tuple[str, ...], complaint: str
) -> None:
    said = guard(*arguments)
    assert (said.status, said.out, said.err.partition(" ")[0]) == (2, "", "usage:")
    assert complaint in said.err.splitlines()[-1]


# Help


def test_version_is_that_of_the_guard() -> None:
    assert guard("--version") == Done(status=0, out=f"{__version__}\n", err="")


@pytest.mark.parametrize(
    "arguments", [pytest.param(("--help",), id="command"), pytest.param(("status", "-h"), id="verb")]
)
def test_help_names_every_exit_status(arguments: tuple[str, ...]) -> None:
    said = guard(*arguments)
    assert (said.status, said.err) == (0, "")
    assert said.out.endswith("""\
exit status:
  0    nothing at or above --fail-level
  1    findings at or above it
  2    wrong use
  3    the question could not be asked: a database is silent, or the graph cannot be loaded
  130  cancelled

example:
  python manage.py migration_guard status --database default --format json
""")


# From Python


def test_call_command_returns_where_nothing_fails(healthy: Site) -> None:
    out = io.StringIO()
    call_command("migration_guard", stdout=out)
    assert out.getvalue() == HEALTHY


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        pytest.param(("status", "--database", "default", "--format", "json"), {}, id="as-words"),
        pytest.param(("status",), {"database": ["default"], "format": "json"}, id="as-options-of-the-verb"),
        pytest.param((), {"database": ["default"], "format": "json"}, id="as-options"),
        pytest.param(
            (), {"databases": ["default"], "apps": ["shop"], "format": "json"}, id="as-destinations"
        ),
    ],
)
def test_call_command_takes_options(
    pending: Site, arguments: tuple[str, ...], options: dict[str, Any]
) -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("migration_guard", *arguments, stdout=out, **options)
    assert end.value.code == 1
    assert json.loads(out.getvalue())["databases"][0]["pending_migrations"] == ["shop.0002_price"]


def test_call_command_raises_for_an_unknown_alias(healthy: Site) -> None:
    with pytest.raises(CommandError, match=r"^Unknown database alias 'x'\. Known: ") as error:
        call_command("migration_guard", database=["x"])
    assert error.value.returncode == 2


def test_force_color_paints_verdict_and_finding(pending: Site) -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("migration_guard", "--force-color", stdout=out)
    assert out.getvalue().splitlines()[::2][:2] == [
        "default: \x1b[31;1munhealthy\x1b[0m (2 total, 1 applied, 1 pending, 0 orphaned; drift: not checked)",
        "\x1b[33;1mwarning migration_guard.W105 pending\x1b[0m",
    ]


@pytest.mark.parametrize(
    ("verdict", "rows"),
    [
        pytest.param("\x1b[32;1mhealthy\x1b[0m", (), id="healthy"),
        pytest.param("\x1b[33;1mdegraded\x1b[0m", ("0001_initial",), id="degraded"),
    ],
)
def test_force_color_by_verdict(healthy: Site, verdict: str, rows: tuple[str, ...]) -> None:
    healthy.record("shop", *rows)
    assert guard("--force-color").out.partition(" (")[0] == f"default: {verdict}"


# Processes of their own


@pytest.mark.parametrize(
    ("prepared", "arguments", "expected"),
    [
        pytest.param("healthy", (), Done(status=0, out=HEALTHY, err=""), id="0-in-sync"),
        pytest.param("pending", ("status",), Done(status=1, out=PENDING, err=""), id="1-findings"),
        pytest.param(
            "healthy",
            ("--database", "defualt"),
            Done(
                status=2,
                out="",
                err="CommandError: Unknown database alias 'defualt'. Did you mean 'default'?\n",
            ),
            id="2-wrong-use",
        ),
    ],
)
def test_exit_status_of_a_process(
    request: pytest.FixtureRequest, prepared: str, arguments: tuple[str, ...], expected: Done
) -> None:
    site = request.getfixturevalue(prepared)
    assert process(site.directory, "migration_guard", *arguments) == expected


def test_silent_database_is_3_and_names_the_reason(healthy: Site, tmp_path: Path) -> None:
    set_default({**connections.settings["default"], "NAME": str(tmp_path / "absent" / "shop.sqlite3")})
    healthy.restart()
    assert process(healthy.directory, "migration_guard") == Done(
        status=3,
        out="""\
default: unhealthy (nothing is known of its migrations; drift: not checked)

error migration_guard.E101 database-silent
  Database 'default' cannot be reached: unable to open database file
  Why: A database that gives no answer serves no requests, and nothing about its migrations is known.
  Fix: Mend NAME in the DATABASES settings of this alias, or the rights to the file.
""",
        err="",
    )


def test_server_that_accepts_and_says_nothing_is_3_in_time(healthy: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = {"HOST": "127.0.0.1", "PORT": str(listener.getsockname()[1])}
        engine = "django.db.backends.postgresql"
        set_default({**connections.settings["default"], "ENGINE": engine, "NAME": "x", **place})
        healthy.restart(MIGRATION_GUARD={"DATABASES": ["default"], "TIMEOUT_SECONDS": 0.1})
        said = guard()
    assert said == Done(
        status=3,
        out="""\
default: unhealthy (nothing is known of its migrations; drift: not checked)

error migration_guard.E101 database-silent
  Database 'default' did not answer in time: no answer within 0.1 seconds
  Why: A database that gives no answer serves no requests, and nothing about its migrations is known.
  Fix: Find the session that holds django_migrations locked, or the server that hangs.
""",
        err="",
    )


def test_output_without_letters_for_it_is_escaped(site: Site) -> None:
    deploy(site, *SEVEN)
    site.recorder.ensure_schema()
    site.record("größe", "0001_initial")
    said = process(site.directory, "migration_guard", variables={"PYTHONIOENCODING": "ascii"})
    assert (said.status, said.err) == (1, "")
    assert "\n  \\u2026 and 2 more; --verbosity 2 shows all.\n" in said.out
    assert "\n  gr\\xf6\\xdfe has 1 migration recorded, and no installed app has this label.\n" in said.out


def test_json_is_ascii(healthy: Site) -> None:
    healthy.record("größe", "0001_initial")
    said = guard("--format", "json").out
    assert said.isascii()
    assert json.loads(said)["databases"][0]["findings"][0]["app_label"] == "größe"


def test_reader_that_goes_away_gets_no_traceback(site: Site) -> None:
    deploy(site, *SEVEN)
    site.recorder.ensure_schema()
    row = site.recorder.Migration
    removed = [row(app="removed", name=f"{number:04d}_{'x' * 200}") for number in range(1000)]
    site.recorder.migration_qs.bulk_create(removed)  # more than any pipe holds
    with running(site.directory, "migration_guard", "-v", "3") as program:
        assert program.stdout is not None
        assert program.stderr is not None
        first = program.stdout.readline()
        program.stdout.close()
        assert (program.wait(), program.stderr.read()) == (1, "")
    assert first == "default: unhealthy (7 total, 0 applied, 7 pending, 0 orphaned; drift: not checked)\n"


if sys.platform != "win32":  # without pseudo-terminals, and Ctrl-C cannot be sent to one process

    def test_pipe_that_nobody_reads_changes_no_exit_status(pending: Site) -> None:
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as pipe, contextlib.redirect_stdout(pipe):
            with pytest.raises(SystemExit) as end:
                execute_from_command_line(["manage.py", "migration_guard"])
            assert end.value.code == 1
            pipe.write("nobody complains any more")

    def seen(screen: int) -> str:
        """Give the verdict as it stands on a pseudo-terminal that nobody has open any more."""
        with os.fdopen(screen, "rb") as terminal:
            return terminal.readline().decode().partition(" (")[0]

    COLOURED = "default: \x1b[31;1munhealthy\x1b[0m"
    PLAIN = "default: unhealthy"

    @pytest.mark.parametrize(
        ("arguments", "variables", "verdict"),
        [
            pytest.param((), {}, COLOURED, id="terminal"),
            pytest.param(("--no-color",), {}, PLAIN, id="no-color"),
            pytest.param((), {"NO_COLOR": "1"}, PLAIN, id="NO_COLOR"),
            pytest.param((), {"NO_COLOR": ""}, COLOURED, id="NO_COLOR-that-is-empty"),
            pytest.param(("--force-color",), {"NO_COLOR": "1"}, COLOURED, id="force-color-beats-NO_COLOR"),
        ],
    )
    def test_colours_on_a_terminal(
        pending: Site,
        monkeypatch: pytest.MonkeyPatch,
        arguments: tuple[str, ...],
        variables: dict[str, str],
        verdict: str,
    ) -> None:
        monkeypatch.delenv("DJANGO_COLORS", raising=False)
        for name, value in environment(TERM="xterm-256color", **variables).items():
            monkeypatch.setenv(name, value)
        screen, terminal = os.openpty()
        with (
            os.fdopen(terminal, "w") as stdout,
            contextlib.redirect_stdout(stdout),
            pytest.raises(SystemExit),
        ):
            execute_from_command_line(["manage.py", "migration_guard", *arguments])
        assert seen(screen) == verdict

    def test_process_on_a_terminal_has_colours(pending: Site) -> None:
        screen, terminal = os.openpty()
        program = subprocess.run(
            [sys.executable, "manage.py", "migration_guard"],
            cwd=pending.directory,
            env=environment(TERM="xterm-256color"),
            stdin=subprocess.DEVNULL,
            stdout=terminal,
        )
        os.close(terminal)
        assert (program.returncode, seen(screen)) == (1, COLOURED)

    def test_interrupt_ends_with_130_and_one_line(healthy: Site) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            place = {"HOST": "127.0.0.1", "PORT": str(listener.getsockname()[1])}
            engine = "django.db.backends.postgresql"
            set_default({**connections.settings["default"], "ENGINE": engine, "NAME": "x", **place})
            healthy.restart(MIGRATION_GUARD={"TIMEOUT_SECONDS": 600})
            with running(healthy.directory, "migration_guard") as program:
                conversation, _ = listener.accept()
                with conversation:
                    assert conversation.recv(1)
                    program.send_signal(signal.SIGINT)
                    out, err = program.communicate()
        assert (program.returncode, out, err) == (130, "", "Cancelled. Nothing was changed.\n")


def test_failing_system_checks_do_not_stand_in_the_way(healthy: Site) -> None:
    healthy.write("urls_of_the_shop.py", "urlpatterns = ['not a path']\n")
    healthy.restart(ROOT_URLCONF="urls_of_the_shop")
    assert manage("check", "--tag", "urls").status == 1
    assert guard() == Done(status=0, out=HEALTHY, err="")
