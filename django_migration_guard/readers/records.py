"""The rows of ``django_migrations``: one SELECT that never writes and does not wait for ever."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from ..snapshot import AppState, Records, Trouble, TroubleKind
from .disk import apps_on_disk
from .errors import Meaning, meaning, wording


def read_records(alias: str, *, timeout_seconds: float, with_times: bool) -> Records:
    """Read the rows on the calling thread's connection; a connection that was closed is closed again.

    Runs one statement, and a second one that lists the tables where nothing is recorded. The
    statement ends itself on the server after ``timeout_seconds`` on PostgreSQL, MariaDB and MySQL; SQLite
    waits for a lock as long as the ``timeout`` of its OPTIONS says. An open transaction of the caller stays
    as it was. Whatever the database or its driver says is an answer: this does not raise.
    """
    vendor, kind = "", TroubleKind.UNREACHABLE
    try:
        connection = connections[alias]
        vendor = connection.vendor
        if _is_absent_file(connection):
            return Records()
        _close_if_broken(connection)
        with connection.temporary_connection() as cursor:
            kind = TroubleKind.UNREADABLE
            return _read(connection, cursor, timeout_seconds, with_times)
    except Exception as error:  # noqa: BLE001 - wrong OPTIONS and receivers of connection_created raise anything
        return Records(trouble=_trouble(error, vendor, kind))


def _close_if_broken(connection: BaseDatabaseWrapper) -> None:
    """Let a connection that has died be opened anew; one that works is the caller's, however old, and stays.

    Django's own ``close_if_unusable_or_obsolete`` also closes what has outlived ``CONN_MAX_AGE`` or is within a
    transaction, and the transaction would be lost.
    """
    suspect = connection.connection is not None and connection.errors_occurred and connection.get_autocommit()
    if suspect and not connection.is_usable():
        connection.close()


def _read(connection: BaseDatabaseWrapper, cursor: Any, timeout_seconds: float, with_times: bool) -> Records:
    rows = None
    savepoint = connection.savepoint()
    try:
        cursor.execute(statement(connection, timeout_seconds=timeout_seconds, with_times=with_times))
        _skip_to_last_result(connection, cursor)
        rows = cursor.fetchall()
    except Error as error:
        if meaning(error, connection.vendor) is not Meaning.TABLE_MISSING:
            raise
    finally:
        if savepoint:
            _undo(connection, savepoint)
    if not rows:
        found = _tables_of_the_project(connection, cursor)
        return Records(rows=None if rows is None else (), tables=found)
    if with_times:
        return Records(
            rows=tuple((row[0], row[1]) for row in rows),
            recorded_at=tuple(_with_zone(connection, row[2]) for row in rows),
        )
    return Records(rows=tuple(rows))


def _undo(connection: BaseDatabaseWrapper, savepoint: str) -> None:
    """Give the caller's transaction back as it was, ``SET LOCAL`` included; a dead connection has none."""
    with contextlib.suppress(Error):
        connection.savepoint_rollback(savepoint)
        connection.savepoint_commit(savepoint)


def statement(connection: BaseDatabaseWrapper, *, timeout_seconds: float, with_times: bool = False) -> str:
    """Write the SELECT with the engine's own way to end it after a time, all in one round trip.

    PostgreSQL runs both parts of a simple query in one implicit transaction, so ``SET LOCAL`` holds for the
    SELECT and ends with it, through a pooler in transaction mode as well. MariaDB reads ``/*M! … */`` and
    takes the hint for a comment; MySQL does the reverse.
    """
    table = connection.ops.quote_name(MigrationRecorder.Migration._meta.db_table)  # noqa: SLF001 - Model._meta is public
    columns = "app, name, applied" if with_times else "app, name"
    select = f"{columns} FROM {table} ORDER BY id"
    milliseconds = max(1, round(timeout_seconds * 1000))
    if connection.vendor == "postgresql":
        return f"SET LOCAL statement_timeout = {milliseconds}; SELECT {select}"
    if connection.vendor == "mysql":
        limit = f"/*M! SET STATEMENT max_statement_time={milliseconds / 1000} FOR */"
        return f"{limit} SELECT /*+ MAX_EXECUTION_TIME({milliseconds}) */ {select}"
    return f"SELECT {select}"


def _skip_to_last_result(connection: BaseDatabaseWrapper, cursor: Any) -> None:
    """Psycopg 3 keeps a result a statement; psycopg2 has the last one only."""
    if connection.vendor == "postgresql":
        from django.db.backends.postgresql.psycopg_any import is_psycopg3

        while is_psycopg3 and cursor.nextset():
            pass


def _is_absent_file(connection: BaseDatabaseWrapper) -> bool:
    """Tell whether connecting would create an empty SQLite file: reading must not."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or connection.connection is not None:
        return False
    path = Path(url2pathname(urlsplit(name).path) if name.startswith("file:") else name)
    return not connection.is_in_memory_db() and not path.exists() and path.parent.is_dir()  # type: ignore[attr-defined]


def _tables_of_the_project(connection: BaseDatabaseWrapper, cursor: Any) -> tuple[str, ...]:
    """Name the tables that are there and that migrations would make: not those of apps without migrations."""
    there = set(connection.introspection.table_names(cursor))
    migrated = {app.label for app in apps_on_disk().values() if app.state is AppState.MIGRATED}
    options = [model._meta for model in apps.get_models(include_auto_created=True)]  # noqa: SLF001 - Model._meta is public
    ours = {
        connection.introspection.identifier_converter(one.db_table)
        for one in options
        if one.managed
        and one.app_label in migrated
        and router.allow_migrate_model(connection.alias, one.model)
    }
    return tuple(sorted(there & ours))


def _with_zone(connection: BaseDatabaseWrapper, moment: Any) -> Any:
    """Give a time the zone in which Django has written it: SQLite, MariaDB and MySQL store none."""
    if isinstance(moment, datetime) and moment.tzinfo is None and connection.timezone is not None:
        return moment.replace(tzinfo=connection.timezone)
    return moment


def _trouble(error: Exception, vendor: str, otherwise: TroubleKind) -> Trouble:
    kinds = {Meaning.TIMEOUT: TroubleKind.TIMEOUT, Meaning.DENIED: TroubleKind.DENIED}
    text = wording(error, vendor)
    if not text or not isinstance(error, Error | ImproperlyConfigured):
        text = f"{type(error).__name__}: {text}".removesuffix(": ")
    return Trouble(kind=kinds.get(meaning(error, vendor), otherwise), reason=text)
