"""The one SELECT: what it asks, what it leaves behind, and what it makes of a database that does not answer."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django
import pytest
from django.db import DatabaseError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from django_migration_guard import guard
from django_migration_guard.flights import Flight
from django_migration_guard.readers.errors import Meaning, meaning, wording
from django_migration_guard.readers.records import read_records, statement
from django_migration_guard.snapshot import Records, Trouble, TroubleKind

ROWS = (("shop", "0002_later"), ("shop", "0001_initial"), ("blog", "0001_initial"))
POSTGRES = pytest.mark.parametrize(
    "engine", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
MARIADB = pytest.mark.parametrize(
    "engine", [pytest.param("mariadb", marks=pytest.mark.mariadb)], indirect=True
)
SERVERS = pytest.mark.parametrize(
    "engine",
    [
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
    indirect=True,
)


def read(alias: str, *, seconds: float = 20, with_times: bool = False) -> Records:
    return read_records(alias, timeout_seconds=seconds, with_times=with_times)


def trouble(kind: TroubleKind, reason: str) -> Records:
    return Records(trouble=Trouble(kind=kind, reason=reason))


def run(connection: BaseDatabaseWrapper, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements and give the rows of the last."""
    with connection.cursor() as cursor:
        for one in statements:
            cursor.execute(one)
        return list(cursor.fetchall()) if cursor.description else []


def record(alias: str, *keys: tuple[str, str]) -> None:
    recorder = MigrationRecorder(connections[alias])
    recorder.ensure_schema()
    for app, name in keys:
        recorder.record_applied(app, name)


@pytest.fixture
def recorded(engine: str) -> str:
    """The alias of a database with rows; the connection is closed."""
    record(engine, *ROWS)
    connections[engine].close()
    return engine


@contextlib.contextmanager
def another_session(alias: str) -> Iterator[BaseDatabaseWrapper]:
    connection = connections[alias].copy()
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
def alias_of(engine: str) -> Iterator[Callable[..., str]]:
    """Make an alias ``elsewhere`` with the engine's settings, but for what is given."""

    def make(**changes: Any) -> str:
        connections.settings["elsewhere"] = {**connections.settings[engine], **changes}
        return "elsewhere"

    yield make
    for connection in connections.all(initialized_only=True):
        if connection.alias == "elsewhere":
            BaseDatabaseWrapper.close(connection)  # a database in memory as well
            del connections["elsewhere"]
    connections.settings.pop("elsewhere", None)


# What is read


def test_rows_come_in_the_order_of_their_ids(recorded: str) -> None:
    assert read(recorded) == Records(rows=ROWS)


def test_times_come_with_their_zone(recorded: str) -> None:
    records = read(recorded, with_times=True)
    assert records.rows == ROWS
    ages = [timezone.now() - moment for moment in records.recorded_at]
    assert len(ages) == 3
    assert all(timedelta(0) <= age < timedelta(hours=1) for age in ages)


def test_times_have_no_zone_where_the_project_has_none(engine: str) -> None:
    with override_settings(USE_TZ=False):
        record(engine, ("shop", "0001_initial"))
        (moment,) = read(engine, with_times=True).recorded_at
        assert moment.tzinfo is None
        assert abs(datetime.now() - moment) < timedelta(days=2)


def test_history_table_without_rows(engine: str) -> None:
    MigrationRecorder(connections[engine]).ensure_schema()
    assert read(engine) == read(engine, with_times=True) == Records(rows=())


def test_no_history_table_and_no_table_of_the_project(engine: str) -> None:
    run(connections[engine], "CREATE TABLE somebody_elses (id integer)")
    assert read(engine) == Records()


def test_no_history_table_beside_tables_of_the_project(engine: str) -> None:
    for table in ("somebody_elses", "auth_user_groups", "auth_group"):
        run(connections[engine], f"CREATE TABLE {table} (id integer)")
    assert read(engine) == Records(tables=("auth_group", "auth_user_groups"))


@pytest.mark.parametrize("with_times", [pytest.param(False, id="probe"), pytest.param(True, id="thorough")])
def test_it_is_one_statement(recorded: str, with_times: bool) -> None:
    connection = connections[recorded]
    connection.ensure_connection()
    with CaptureQueriesContext(connection) as queries:
        read(recorded, with_times=with_times)
    assert [query["sql"] for query in queries] == [
        statement(connection, timeout_seconds=20, with_times=with_times)
    ]


STATEMENTS = {
    "default": 'SELECT {} FROM "django_migrations" ORDER BY id',
    "postgres": 'SET LOCAL statement_timeout = 1500; SELECT {} FROM "django_migrations" ORDER BY id',
    "mariadb": "/*M! SET STATEMENT max_statement_time=1.5 FOR */ SELECT /*+ MAX_EXECUTION_TIME(1500) */ {} "
    "FROM `django_migrations` ORDER BY id",
}


@pytest.mark.parametrize(
    ("with_times", "columns"),
    [pytest.param(False, "app, name", id="probe"), pytest.param(True, "app, name, applied", id="thorough")],
)
def test_statement_carries_the_time_limit_of_the_engine(engine: str, with_times: bool, columns: str) -> None:
    written = statement(connections[engine], timeout_seconds=1.5, with_times=with_times)
    assert written == STATEMENTS[engine].format(columns)


@SERVERS
def test_time_limit_is_never_zero_which_would_be_none_at_all(engine: str) -> None:
    written = statement(connections[engine], timeout_seconds=0.0001)
    assert ("= 1;" if engine == "postgres" else "(1)") in written


# What is left behind


def test_connection_that_was_closed_is_closed_again(recorded: str) -> None:
    read(recorded)
    assert connections[recorded].connection is None


def test_connection_that_was_open_stays_open(recorded: str) -> None:
    connections[recorded].ensure_connection()
    session = connections[recorded].connection
    read(recorded)
    assert connections[recorded].connection is session
    assert run(connections[recorded], "SELECT 1") == [(1,)]


def test_connection_past_its_age_stays_open(recorded: str) -> None:
    connections[recorded].ensure_connection()
    session = connections[recorded].connection
    connections[recorded].close_at = 0
    read(recorded)
    assert connections[recorded].connection is session


LIMIT = {
    "default": "PRAGMA busy_timeout",
    "postgres": "SHOW statement_timeout",
    "mariadb": "SELECT @@max_statement_time",
}


def test_time_limit_ends_with_the_statement(recorded: str) -> None:
    before = run(connections[recorded], LIMIT[recorded])
    read(recorded, seconds=7)
    assert run(connections[recorded], LIMIT[recorded]) == before


def test_transaction_of_the_caller_goes_on(recorded: str) -> None:
    with transaction.atomic(using=recorded):
        record(recorded, ("stock", "0001_initial"))
        before = run(connections[recorded], LIMIT[recorded])
        assert read(recorded, seconds=7) == Records(rows=(*ROWS, ("stock", "0001_initial")))
        assert run(connections[recorded], LIMIT[recorded]) == before
        record(recorded, ("stock", "0002_shelf"))
    assert read(recorded) == Records(rows=(*ROWS, ("stock", "0001_initial"), ("stock", "0002_shelf")))


@POSTGRES
def test_limit_that_the_caller_set_for_the_transaction_holds_on(recorded: str) -> None:
    with transaction.atomic(using=recorded):
        run(connections[recorded], "SET LOCAL statement_timeout = '11s'")
        read(recorded, seconds=7)
        assert run(connections[recorded], "SHOW statement_timeout") == [("11s",)]


def test_missing_table_does_not_break_the_transaction_of_the_caller(engine: str) -> None:
    run(connections[engine], "CREATE TABLE auth_group (id integer)")
    with transaction.atomic(using=engine):
        run(connections[engine], "INSERT INTO auth_group (id) VALUES (1)")
        assert read(engine) == Records(tables=("auth_group",))
        run(connections[engine], "INSERT INTO auth_group (id) VALUES (2)")
    assert run(connections[engine], "SELECT id FROM auth_group ORDER BY id") == [(1,), (2,)]


def test_transaction_that_the_caller_rolls_back_is_rolled_back(recorded: str) -> None:
    with transaction.atomic(using=recorded):
        record(recorded, ("stock", "0001_initial"))
        read(recorded)
        transaction.set_rollback(True, using=recorded)
    assert read(recorded) == Records(rows=ROWS)


def test_hooks_of_the_transaction_still_run(recorded: str) -> None:
    called = []
    with transaction.atomic(using=recorded):
        transaction.on_commit(lambda: called.append("before"), using=recorded)
        read(recorded)
        transaction.on_commit(lambda: called.append("after"), using=recorded)
    assert called == ["before", "after"]


def test_broken_transaction_is_an_answer_and_stays_broken(recorded: str) -> None:
    with transaction.atomic(using=recorded):
        connections[recorded].needs_rollback = True
        assert read(recorded) == trouble(
            TroubleKind.UNREADABLE,
            "An error occurred in the current transaction. You can't execute queries until the end of the "
            "'atomic' block.",
        )
        assert connections[recorded].needs_rollback
    assert read(recorded) == Records(rows=ROWS)


@POSTGRES
def test_transaction_that_the_server_has_aborted_is_an_answer(recorded: str) -> None:
    with transaction.atomic(using=recorded):
        with contextlib.suppress(DatabaseError):
            run(connections[recorded], "SELECT 1 / 0")
        reason = "current transaction is aborted, commands ignored until end of transaction block"
        assert read(recorded) == trouble(TroubleKind.UNREADABLE, reason)
        with pytest.raises(DatabaseError, match=reason):
            run(connections[recorded], "SELECT 1")
        transaction.set_rollback(True, using=recorded)
    assert read(recorded) == Records(rows=ROWS)


def test_without_autocommit_what_the_caller_has_not_committed_is_still_his(
    recorded: str, alias_of: Callable[..., str]
) -> None:
    alias = alias_of(AUTOCOMMIT=False)
    record(alias, ("stock", "0001_initial"))
    assert read(alias) == Records(rows=(*ROWS, ("stock", "0001_initial")))
    connections[alias].rollback()
    assert read(alias) == Records(rows=ROWS)


def test_without_autocommit_a_missing_table_breaks_nothing(engine: str, alias_of: Callable[..., str]) -> None:
    alias = alias_of(AUTOCOMMIT=False)
    run(connections[alias], "CREATE TABLE auth_group (id integer)", "INSERT INTO auth_group (id) VALUES (1)")
    assert read(alias) == Records(tables=("auth_group",))
    assert run(connections[alias], "SELECT id FROM auth_group") == [(1,)]
    connections[alias].rollback()


def test_whole_report_leaves_the_transaction_of_the_caller_as_it_was(recorded: str) -> None:
    with transaction.atomic(using=recorded):
        record(recorded, ("stock", "0001_initial"))
        before = run(connections[recorded], LIMIT[recorded])
        report = guard.inspect(recorded, timeout_seconds=7)
        assert [row.key for row in report.rows] == [*ROWS, ("stock", "0001_initial")]
        assert run(connections[recorded], LIMIT[recorded]) == before
        assert connections[recorded].in_atomic_block
        transaction.set_rollback(True, using=recorded)
    assert read(recorded) == Records(rows=ROWS)


def test_nothing_is_written(engine: str) -> None:
    read(engine)
    assert connections[engine].introspection.table_names() == []


# Databases that do not answer

LOCKS = {
    "default": ("BEGIN EXCLUSIVE",),
    "postgres": ("BEGIN", "LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE"),
    "mariadb": ("LOCK TABLES django_migrations WRITE",),
}
LATE = {
    "default": "database is locked",
    "postgres": "canceling statement due to statement timeout",
    "mariadb": "Query execution was interrupted (max_statement_time exceeded) (error 1969)",
}


@pytest.fixture
def locked(recorded: str, alias_of: Callable[..., str]) -> Iterator[str]:
    """A database whose history table another session holds locked; SQLite gives up soon."""
    options = {"timeout": 0.05} if recorded == "default" else {}
    alias = alias_of(OPTIONS={**connections.settings[recorded].get("OPTIONS", {}), **options})
    with another_session(recorded) as other:
        run(other, *LOCKS[recorded])
        yield alias


def test_locked_table_is_no_answer_in_time(recorded: str, locked: str) -> None:
    assert read(locked, seconds=0.1) == trouble(TroubleKind.TIMEOUT, LATE[recorded])


@SERVERS
def test_locked_table_does_not_break_the_transaction_of_the_caller(recorded: str, locked: str) -> None:
    with transaction.atomic(using=locked):
        assert read(locked, seconds=0.1) == trouble(TroubleKind.TIMEOUT, LATE[recorded])
        assert run(connections[locked], "SELECT 1") == [(1,)]


@POSTGRES
def test_user_who_may_read_and_not_write_is_enough(recorded: str, alias_of: Callable[..., str]) -> None:
    user = f"guard_test_reader_{os.getpid()}"
    rights = ("USAGE ON SCHEMA public", "SELECT ON django_migrations")
    run(connections[recorded], f"CREATE ROLE {user}", *(f"GRANT {right} TO {user}" for right in rights))
    try:
        assert read(alias_of(OPTIONS={"options": f"-c role={user}"}), with_times=True).rows == ROWS
    finally:
        run(connections[recorded], f"DROP OWNED BY {user}", f"DROP ROLE {user}")


@MARIADB
@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        pytest.param("SELECT ON django_migrations", None, id="may-read"),
        pytest.param(
            "SELECT (app) ON django_migrations",
            "SELECT command denied to user {user} for column 'name' in table 'django_migrations' (error 1143)",
            id="may-read-one-column",
        ),
        pytest.param(
            "INSERT ON django_migrations",
            "SELECT command denied to user {user} for table `{database}`.`django_migrations` (error 1142)",
            id="may-write-and-not-read",
        ),
    ],
)
def test_rights_of_a_user(
    recorded: str, alias_of: Callable[..., str], grant: str, reason: str | None
) -> None:
    owner = connections[recorded]
    name = f"guard_test_{os.getpid()}"
    run(owner, f"CREATE USER {name} IDENTIFIED BY 'secret of the tests'", f"GRANT {grant} TO {name}")
    try:
        alias = alias_of(USER=name, PASSWORD="secret of the tests")
        ((who, database),) = run(connections[alias], "SELECT USER(), DATABASE()")
        user = "'{}'@'{}'".format(*who.split("@"))
        expected = reason and trouble(TroubleKind.DENIED, reason.format(user=user, database=database))
        assert read(alias) == (expected or Records(rows=ROWS))
    finally:
        run(owner, f"DROP USER {name}")


@SERVERS
def test_user_that_is_not_there(engine: str, alias_of: Callable[..., str]) -> None:
    records = read(alias_of(USER="guard_test_nobody", PASSWORD="wrong"))
    assert records.trouble is not None
    assert records.trouble.kind is TroubleKind.UNREACHABLE
    assert "guard_test_nobody" in records.trouble.reason


@MARIADB
def test_wrong_password(recorded: str, alias_of: Callable[..., str]) -> None:
    name = f"guard_test_{os.getpid()}"
    run(connections[recorded], f"CREATE USER {name} IDENTIFIED BY 'secret of the tests'")
    try:
        records = read(alias_of(USER=name, PASSWORD="wrong"))
    finally:
        run(connections[recorded], f"DROP USER {name}")
    assert records.trouble is not None
    assert records.trouble.kind is TroubleKind.UNREACHABLE
    assert records.trouble.reason.startswith(f"Access denied for user '{name}'@'")
    assert records.trouble.reason.endswith("' (using password: YES) (error 1045)")


@POSTGRES
def test_database_that_is_not_there_on_postgresql(engine: str, alias_of: Callable[..., str]) -> None:
    records = read(alias_of(NAME="guard_test_absent"))
    assert records.trouble is not None
    assert records.trouble.kind is TroubleKind.UNREACHABLE
    assert records.trouble.reason.endswith('FATAL: database "guard_test_absent" does not exist')


@MARIADB
def test_database_that_is_not_there_on_mariadb(engine: str, alias_of: Callable[..., str]) -> None:
    records = read(alias_of(NAME="guard_test_absent"))
    assert records == trouble(TroubleKind.UNREACHABLE, "Unknown database 'guard_test_absent' (error 1049)")


@SERVERS
def test_port_on_which_nobody_listens(engine: str, alias_of: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    records = read(alias_of(HOST="127.0.0.1", PORT=str(port)))
    assert records.trouble is not None
    assert records.trouble.kind is TroubleKind.UNREACHABLE
    assert ("Connection refused" if engine == "postgres" else "(error 2002)") in records.trouble.reason


@SERVERS
def test_host_that_has_no_address(engine: str, alias_of: Callable[..., str]) -> None:
    records = read(alias_of(HOST="absent.invalid"))
    assert records.trouble is not None
    assert records.trouble.kind is TroubleKind.UNREACHABLE
    assert "absent.invalid" in records.trouble.reason


@SERVERS
def test_server_that_accepts_and_says_nothing(engine: str, alias_of: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        alias = alias_of(HOST="127.0.0.1", PORT=str(listener.getsockname()[1]))
        (report,) = guard.inspect_all([alias], timeout_seconds=0.1)
    assert report.snapshot.records == trouble(TroubleKind.TIMEOUT, "no answer within 0.1 seconds")
    assert [(finding.code, finding.message) for finding in report.findings] == [
        ("migration_guard.E101", "Database 'elsewhere' did not answer in time: no answer within 0.1 seconds")
    ]


@SERVERS
def test_databases_that_answer_are_reported_beside_one_that_hangs(
    recorded: str, alias_of: Callable[..., str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        alias = alias_of(HOST="127.0.0.1", PORT=str(listener.getsockname()[1]))
        hanging, answering = guard.inspect_all([alias, recorded], timeout_seconds=2)
    assert hanging.snapshot.records.trouble is not None
    assert answering.snapshot.records.rows == ROWS


KILLERS = {
    "postgres": "SELECT pg_terminate_backend({})",
    "mariadb": "KILL {}",
}
WAITING = {
    "postgres": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    "mariadb": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() "
    "AND state = 'Waiting for table metadata lock'",
}
KILLED = {
    "postgres": "terminating connection due to administrator command",
    "mariadb": "Lost connection to server during query (error 2013)",
}


@SERVERS
def test_session_killed_in_the_middle_of_the_select(recorded: str) -> None:
    with another_session(recorded) as owner, another_session(recorded) as killer:
        run(owner, *LOCKS[recorded])
        flight = Flight(lambda: read(recorded, seconds=60), name="killed")
        while not (victims := run(killer, WAITING[recorded])):
            assert not flight.landed
        run(killer, KILLERS[recorded].format(victims[0][0]))
        records = flight.result(within_seconds=60)
    assert records == trouble(TroubleKind.UNREADABLE, KILLED[recorded])
    assert read(recorded) == Records(rows=ROWS)


@SERVERS
def test_session_that_died_is_opened_anew_once_that_was_noticed(recorded: str) -> None:
    connection = connections[recorded]
    ask = "SELECT pg_backend_pid()" if recorded == "postgres" else "SELECT CONNECTION_ID()"
    ((session,),) = run(connection, ask)
    with another_session(recorded) as killer:
        run(killer, KILLERS[recorded].format(session))
    with pytest.raises(OperationalError):
        run(connection, "SELECT 1")
    assert read(recorded) == Records(rows=ROWS)


# What a project can get wrong


def test_history_table_with_other_columns(engine: str) -> None:
    run(connections[engine], "CREATE TABLE django_migrations (id integer, app varchar(9), name varchar(9))")
    reasons = {
        "default": "no such column: applied",
        "postgres": 'column "applied" does not exist',
        "mariadb": "Unknown column 'applied' in 'SELECT' (error 1054)",
    }
    records = read(engine, with_times=True)
    assert records.trouble is not None
    assert records.trouble.kind is TroubleKind.UNREADABLE
    assert records.trouble.reason.lower() == reasons[engine].lower()
    assert read(engine) == Records(rows=())


def test_receiver_that_raises_when_a_connection_opens(recorded: str) -> None:
    def fail(**_: object) -> None:
        raise LookupError("not today")

    connection_created.connect(fail)
    try:
        records = read(recorded)
    finally:
        connection_created.disconnect(fail)
        connections[recorded].close()
    assert records == trouble(TroubleKind.UNREACHABLE, "LookupError: not today")


def test_exception_without_a_text_is_named(recorded: str) -> None:
    def fail(**_: object) -> None:
        raise LookupError

    connection_created.connect(fail)
    try:
        records = read(recorded)
    finally:
        connection_created.disconnect(fail)
        connections[recorded].close()
    assert records == trouble(TroubleKind.UNREACHABLE, "LookupError")


@MARIADB
def test_port_that_is_no_number(engine: str, alias_of: Callable[..., str]) -> None:
    reason = "ValueError: invalid literal for int() with base 10: 'x'"
    assert read(alias_of(PORT="x")) == trouble(TroubleKind.UNREACHABLE, reason)


@pytest.fixture
def settings_of(alias_of: Callable[..., str]) -> Callable[..., str]:
    """Make an alias with nothing but these settings."""

    def make(**chosen: Any) -> str:
        alias = alias_of()
        kept = {
            key: value for key, value in connections.settings[alias].items() if key in {"TEST", "TIME_ZONE"}
        }
        connections.settings.pop(alias)
        defaults = {
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": False,
            "AUTOCOMMIT": True,
            "ATOMIC_REQUESTS": False,
        }
        places = {"NAME": "", "HOST": "", "PORT": "", "USER": "", "PASSWORD": "", "OPTIONS": {}}
        connections.settings[alias] = {**kept, **defaults, **places, **chosen}
        return alias

    return make


SQLITE = pytest.mark.parametrize("engine", [pytest.param("sqlite")], indirect=True)


@SQLITE
@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        pytest.param(
            {"ENGINE": "django.db.backends.nosuch"},
            "'django.db.backends.nosuch' isn't an available database backend or couldn't be imported. Check the "
            "above exception. To use one of the built-in backends, use 'django.db.backends.XXX', where XXX is one "
            "of: 'mysql', 'oracle', 'postgresql', 'sqlite3'",
            id="unknown-engine",
        ),
        pytest.param(
            {"ENGINE": "django.db.backends.dummy"},
            "settings.DATABASES is improperly configured. Please supply the ENGINE value. Check settings "
            "documentation for more details.",
            id="no-engine",
        ),
        pytest.param(
            {"ENGINE": "django.db.backends.sqlite3"},
            "settings.DATABASES is improperly configured. Please supply the NAME value.",
            id="sqlite-without-a-name",
        ),
        pytest.param(
            {"ENGINE": "django.db.backends.postgresql"},
            "settings.DATABASES is improperly configured. Please supply the NAME or OPTIONS['service'] value.",
            id="postgresql-without-a-name",
        ),
    ],
)
def test_settings_that_name_no_database(
    settings_of: Callable[..., str], chosen: dict[str, Any], reason: str
) -> None:
    assert read(settings_of(**chosen)) == trouble(TroubleKind.UNREACHABLE, reason)


@SQLITE
def test_driver_that_is_not_installed(
    settings_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for driver in ("oracledb", "cx_Oracle"):
        monkeypatch.setitem(sys.modules, driver, None)
    if django.VERSION >= (6, 0):
        reason = "Error loading oracledb module: import of oracledb halted; None in sys.modules"
    else:
        reason = "ModuleNotFoundError: import of oracledb halted; None in sys.modules"
    alias = settings_of(ENGINE="django.db.backends.oracle", NAME="x")
    assert read(alias) == trouble(TroubleKind.UNREACHABLE, reason)


@SQLITE
def test_engine_whose_import_fails(
    settings_of: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd_engine").mkdir()
    (tmp_path / "odd_engine" / "base.py").write_text("raise RuntimeError('not today')\n")
    monkeypatch.syspath_prepend(tmp_path)
    alias = settings_of(ENGINE="odd_engine", NAME="x")
    assert read(alias) == trouble(TroubleKind.UNREACHABLE, "RuntimeError: not today")
    (report,) = guard.inspect_all([alias])
    assert (report.vendor, report.status.value) == ("", "unhealthy")


# SQLite files


@pytest.fixture
def file_at(settings_of: Callable[..., str]) -> Callable[..., str]:
    """Make an alias for a SQLite file of this name."""

    def make(name: object, **options: Any) -> str:
        return settings_of(ENGINE="django.db.backends.sqlite3", NAME=name, OPTIONS=options)

    return make


@SQLITE
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(lambda file: file, id="path"),
        pytest.param(str, id="text"),
        pytest.param(lambda file: file.as_uri(), id="uri"),
        pytest.param(lambda file: f"{file.as_uri()}?mode=rwc&cache=private", id="uri-with-a-query"),
        pytest.param(lambda file: f"file:{file.as_posix().replace(' ', '%20')}", id="uri-without-slashes"),
    ],
)
def test_file_that_is_not_there_is_empty_and_is_not_created(
    file_at: Callable[..., str], tmp_path: Path, name: Callable[[Path], object]
) -> None:
    file = tmp_path / "a shop.sqlite3"
    assert read(file_at(name(file))) == Records()
    assert list(tmp_path.iterdir()) == []


@SQLITE
def test_file_named_by_a_uri_is_read(file_at: Callable[..., str], tmp_path: Path) -> None:
    alias = file_at((tmp_path / "a shop.sqlite3").as_uri())
    record(alias, *ROWS)
    connections[alias].close()
    assert read(alias) == Records(rows=ROWS)


@SQLITE
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(":memory:", id="memory"),
        pytest.param("file::memory:?cache=shared", id="shared-memory"),
        pytest.param("file:guard?mode=memory&cache=shared", id="named-memory"),
    ],
)
def test_database_in_memory_is_read(file_at: Callable[..., str], name: str) -> None:
    alias = file_at(name)
    assert read(alias) == Records()
    record(alias, *ROWS)
    assert read(alias) == Records(rows=ROWS)


@SQLITE
@pytest.mark.parametrize(
    "place",
    [pytest.param("absent/shop.sqlite3", id="directory-is-missing"), pytest.param("", id="is-a-directory")],
)
def test_place_where_no_file_can_be(file_at: Callable[..., str], tmp_path: Path, place: str) -> None:
    expected = trouble(TroubleKind.UNREACHABLE, "unable to open database file")
    assert read(file_at(tmp_path / place)) == expected


@SQLITE
def test_file_that_is_no_database(file_at: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite3"
    file.write_text("Dear diary, " * 100)
    assert read(file_at(file)) == trouble(TroubleKind.UNREADABLE, "file is not a database")


@SQLITE
def test_empty_file_is_an_empty_database(file_at: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite3"
    file.touch()
    assert read(file_at(file)) == Records()
    assert file.stat().st_size == 0


@SQLITE
def test_file_that_may_only_be_read_is_enough(file_at: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "shop.sqlite3"
    alias = file_at(file)
    record(alias, *ROWS)
    connections[alias].close()
    assert read(file_at(f"{file.as_uri()}?mode=ro")) == Records(rows=ROWS)


@SQLITE
def test_option_that_the_driver_does_not_know(file_at: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "shop.sqlite3").touch()
    records = read(file_at(tmp_path / "shop.sqlite3", nosuch=1))
    assert records.trouble is not None
    assert records.trouble.kind is TroubleKind.UNREACHABLE
    assert records.trouble.reason.startswith("TypeError: ")
    assert "'nosuch'" in records.trouble.reason


@SQLITE
def test_time_that_is_none(recorded: str) -> None:
    run(
        connections[recorded],
        "UPDATE django_migrations SET applied = '2024-13-45 00:00:00' WHERE app = 'blog'",
    )
    records = read(recorded, with_times=True)
    assert records.trouble is not None
    assert records.trouble.kind is TroubleKind.UNREADABLE
    assert records.trouble.reason.startswith("ValueError: month must be in 1..12")
    assert read(recorded) == Records(rows=ROWS)


@SQLITE
def test_time_that_django_cannot_read_is_left_out(recorded: str) -> None:
    run(connections[recorded], "UPDATE django_migrations SET applied = 'yesterday' WHERE app = 'blog'")
    assert read(recorded, with_times=True).recorded_at[2] is None


# What an error means, asked of real servers


def error_of(alias: str, *statements: str) -> DatabaseError:
    with another_session(alias) as connection, pytest.raises(DatabaseError) as raised:
        run(connection, *statements)
    return raised.value


@POSTGRES
@pytest.mark.parametrize(
    ("statements", "state", "means"),
    [
        pytest.param(["SELECT 1 FROM absent"], "42P01", Meaning.TABLE_MISSING, id="table"),
        pytest.param(["CREATE TABLE absent.one ()"], "3F000", Meaning.TABLE_MISSING, id="schema"),
        pytest.param(
            ["SET statement_timeout = 1", "SELECT pg_sleep(60)"],
            "57014",
            Meaning.TIMEOUT,
            id="statement-timeout",
        ),
        pytest.param(
            ["CREATE ROLE ROLE_NAME", "SET ROLE ROLE_NAME", "SELECT 1 FROM pg_authid"],
            "42501",
            Meaning.DENIED,
            id="no-right",
        ),
        pytest.param(["SELECT absent"], "42703", Meaning.OTHER, id="column"),
        pytest.param(["SELECT 1 / 0"], "22012", Meaning.OTHER, id="division"),
    ],
)
def test_meaning_on_postgresql(engine: str, statements: list[str], state: str, means: Meaning) -> None:
    own = [one.replace("ROLE_NAME", f"guard_test_{os.getpid()}") for one in statements]
    try:
        error = error_of(engine, *own)
    finally:
        run(connections[engine], f"DROP ROLE IF EXISTS guard_test_{os.getpid()}")
    assert getattr(error.__cause__, "sqlstate", None) == state
    assert meaning(error, "postgresql") is means


@POSTGRES
def test_meaning_of_a_lock_timeout_on_postgresql(recorded: str) -> None:
    with another_session(recorded) as owner:
        run(owner, *LOCKS["postgres"])
        error = error_of(recorded, "SET lock_timeout = 1", "SELECT 1 FROM django_migrations")
    assert getattr(error.__cause__, "sqlstate", None) == "55P03"
    assert meaning(error, "postgresql") is Meaning.TIMEOUT


@POSTGRES
def test_meaning_of_a_connection_that_fails(engine: str, alias_of: Callable[..., str]) -> None:
    with pytest.raises(OperationalError) as raised:
        connections[alias_of(NAME="guard_test_absent")].ensure_connection()
    assert meaning(raised.value, "postgresql") is Meaning.OTHER


@MARIADB
@pytest.mark.parametrize(
    ("statements", "number", "means"),
    [
        pytest.param(["SELECT 1 FROM absent"], 1146, Meaning.TABLE_MISSING, id="table"),
        pytest.param(
            ["SET SESSION max_statement_time = 0.01", "SELECT 1 FROM seq_1_to_1000000000 a, seq_1_to_9 b"],
            1969,
            Meaning.TIMEOUT,
            id="statement-timeout",
        ),
        pytest.param(["SELECT absent"], 1054, Meaning.OTHER, id="column"),
        pytest.param(["SELEKT"], 1064, Meaning.OTHER, id="syntax"),
    ],
)
def test_meaning_on_mariadb(engine: str, statements: list[str], number: int, means: Meaning) -> None:
    error = error_of(engine, *statements)
    assert error.__cause__ is not None
    assert error.__cause__.args[0] == number
    assert meaning(error, "mysql") is means


@MARIADB
def test_meaning_of_a_lock_timeout_on_mariadb(recorded: str) -> None:
    with another_session(recorded) as owner:
        run(owner, *LOCKS["mariadb"])
        error = error_of(recorded, "SET SESSION lock_wait_timeout = 0", "SELECT 1 FROM django_migrations")
    assert error.__cause__ is not None
    assert error.__cause__.args[0] == 1205
    assert meaning(error, "mysql") is Meaning.TIMEOUT


@SQLITE
@pytest.mark.parametrize(
    ("statements", "means"),
    [
        pytest.param(["SELECT 1 FROM absent"], Meaning.TABLE_MISSING, id="table"),
        pytest.param(["SELECT absent"], Meaning.OTHER, id="column"),
    ],
)
def test_meaning_on_sqlite(engine: str, statements: list[str], means: Meaning) -> None:
    assert meaning(error_of(engine, *statements), "sqlite") is means


class OtherDriverError(Exception):
    """What drivers raise that the tests do not have: psycopg2 and a MySQL server's."""

    def __init__(self, *args: object, pgcode: str | None = None) -> None:
        super().__init__(*args)
        self.pgcode = pgcode


@pytest.mark.parametrize(
    ("error", "vendor", "means"),
    [
        pytest.param(OtherDriverError(pgcode="42P01"), "postgresql", Meaning.TABLE_MISSING, id="psycopg2"),
        pytest.param(OtherDriverError("no code"), "postgresql", Meaning.OTHER, id="psycopg2-without-a-code"),
        pytest.param(OtherDriverError(3024, "late"), "mysql", Meaning.TIMEOUT, id="mysql-execution-time"),
        pytest.param(OtherDriverError(1142, "denied"), "mysql", Meaning.DENIED, id="mysql-table-denied"),
        pytest.param(OtherDriverError("no number"), "mysql", Meaning.OTHER, id="mysql-text-alone"),
        pytest.param(OtherDriverError(), "mysql", Meaning.OTHER, id="mysql-nothing"),
        pytest.param(
            OtherDriverError("database table is locked"), "sqlite", Meaning.TIMEOUT, id="shared-cache"
        ),
        pytest.param(OtherDriverError("ORA-00942"), "oracle", Meaning.OTHER, id="oracle"),
        pytest.param(OtherDriverError(1146, "x"), "postgresql", Meaning.OTHER, id="number-of-another-engine"),
    ],
)
def test_meaning_by_driver(error: Exception, vendor: str, means: Meaning) -> None:
    assert meaning(error, vendor) is means


@pytest.mark.parametrize(
    ("error", "vendor", "words"),
    [
        pytest.param(OtherDriverError(1049, "Unknown  'x'"), "mysql", "Unknown 'x' (error 1049)", id="mysql"),
        pytest.param(OtherDriverError("text\nalone "), "mysql", "text alone", id="mysql-text-alone"),
        pytest.param(OtherDriverError(2, "x"), "sqlite", "(2, 'x')", id="two-parts-on-another-engine"),
    ],
)
def test_wording_is_one_line(error: Exception, vendor: str, words: str) -> None:
    assert wording(error, vendor) == words
