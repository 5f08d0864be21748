"""A place of the same engine in which migrations can run without anything of them staying."""

from __future__ import annotations

import contextlib
import copy
import os
import secrets
import time
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

PREFIX = "guard_"
_LOCKS_A_TABLE = 20
"""Entries of PostgreSQL's shared lock table that a table with its indexes and constraints takes, measured."""


class ScratchKind(StrEnum):
    """Where a replay runs."""

    MEMORY = "memory"
    """SQLite: a database in memory."""
    SCHEMA = "schema"
    """PostgreSQL: a schema in a transaction that is rolled back."""
    TEMPORARY = "temporary"
    """PostgreSQL: the session's temporary schema, rolled back; needs the right TEMPORARY alone."""
    DATABASE = "database"
    """PostgreSQL, MariaDB, MySQL: a database of its own, dropped afterwards."""


class ScratchRefusedError(Exception):
    """No scratch can be had here; the message says why, for a person."""


@contextlib.contextmanager
def scratch(alias: str, *, kind: ScratchKind | None = None, tables: int = 0) -> Iterator[BaseDatabaseWrapper]:
    """Put a connection to an empty scratch in the place of ``connections[alias]``, for this thread and block.

    Everything that asks for the alias within the block, the ORM and routers included, works on the scratch.
    ``tables`` is how many tables the replay will make; PostgreSQL's kinds that hold them all in one transaction
    are refused above half of the shared lock table. Raises :class:`ScratchRefusedError`.
    """
    original = connections[alias]
    chosen = kind or _fitting(original, tables)
    makers = {
        "sqlite": {ScratchKind.MEMORY: _memory},
        "postgresql": {
            ScratchKind.SCHEMA: _schema,
            ScratchKind.TEMPORARY: _temporary,
            ScratchKind.DATABASE: _database,
        },
        "mysql": {ScratchKind.DATABASE: _database},
    }
    maker = makers.get(original.vendor, {}).get(chosen)
    if maker is None:
        raise ScratchRefusedError(f"{original.vendor} has no scratch of the kind '{chosen}'")
    with maker(original) as connection:
        yield connection


def _fitting(connection: BaseDatabaseWrapper, tables: int) -> ScratchKind:
    """Choose by engine, rights and extensions."""
    if connection.vendor == "sqlite":
        return ScratchKind.MEMORY
    if connection.vendor == "mysql":
        return ScratchKind.DATABASE
    if connection.vendor != "postgresql":
        raise ScratchRefusedError(f"no scratch is known for {connection.vendor}")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT pg_is_in_recovery(),
                   has_database_privilege(current_database(), 'CREATE'),
                   has_database_privilege(current_database(), 'TEMPORARY'),
                   (SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user),
                   EXISTS (SELECT 1 FROM pg_extension e JOIN pg_depend d ON d.refobjid = e.oid AND d.deptype = 'e'
                           JOIN pg_type t ON t.oid = d.objid AND d.classid = 'pg_type'::regclass
                           WHERE t.typnamespace <> 'pg_catalog'::regnamespace),
                   current_setting('max_locks_per_transaction')::int
                     * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int)
            """
        )
        standby, may_create, may_temporary, may_create_database, has_types, locks = cursor.fetchone()
    if standby:
        raise ScratchRefusedError("the server is a standby in recovery, where nothing can be created")
    if may_create_database and (has_types or tables * _LOCKS_A_TABLE * 2 > locks):
        return ScratchKind.DATABASE
    if tables * _LOCKS_A_TABLE * 2 > locks:
        raise ScratchRefusedError(
            f"{tables} tables in one transaction would take more than half of the server's {locks} shared locks, "
            "and this user may not create a database"
        )
    if has_types:
        raise ScratchRefusedError(
            "types of extensions need a scratch database, and this user may not create one"
        )
    if may_create:
        return ScratchKind.SCHEMA
    if may_temporary:
        return ScratchKind.TEMPORARY
    raise ScratchRefusedError("this user has neither CREATE nor TEMPORARY on the database")


@contextlib.contextmanager
def _in_place(original: BaseDatabaseWrapper, **settings: Any) -> Iterator[BaseDatabaseWrapper]:
    """Let a second connection answer for the alias in this thread; the first stays open behind it."""
    changed = copy.deepcopy(original.settings_dict) | settings
    changed["OPTIONS"] = {name: value for name, value in changed["OPTIONS"].items() if name != "pool"}
    changed |= {"CONN_MAX_AGE": 0, "AUTOCOMMIT": True, "ATOMIC_REQUESTS": False}
    connection = type(original)(changed, original.alias)
    connections[original.alias] = connection
    try:
        yield connection
    finally:
        connections[original.alias] = original
        BaseDatabaseWrapper.close(connection)


@contextlib.contextmanager
def _memory(original: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    with _in_place(original, NAME=":memory:") as connection:
        yield connection


@contextlib.contextmanager
def _rolled_back(original: BaseDatabaseWrapper, *statements: str) -> Iterator[BaseDatabaseWrapper]:
    with _in_place(original) as connection, transaction.atomic(using=original.alias):
        try:
            with connection.cursor() as cursor:
                for statement in ("SET LOCAL lock_timeout = '2s'", *statements):
                    cursor.execute(statement)
            yield connection
        finally:
            transaction.set_rollback(True, using=original.alias)


@contextlib.contextmanager
def _schema(original: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    name = f"{PREFIX}{secrets.token_hex(8)}"
    with _rolled_back(original, f"CREATE SCHEMA {name}", f"SET LOCAL search_path = {name}") as connection:
        yield connection


@contextlib.contextmanager
def _temporary(original: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    with _rolled_back(original, "SET LOCAL search_path = pg_temp") as connection:
        yield connection


@contextlib.contextmanager
def _database(original: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """Create a database beside the real one; what an ended process left behind is swept first."""
    name = f"{PREFIX}{os.getpid()}_{time.time_ns()}"
    with _maintenance(original) as maintenance:
        _sweep(maintenance)
        with maintenance.cursor() as cursor:
            cursor.execute(_create(original, maintenance.ops.quote_name(name)))
        try:
            with _in_place(original, NAME=name) as connection:
                if original.vendor == "postgresql":
                    _copy_extensions(original, connection)
                yield connection
        finally:
            with maintenance.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {maintenance.ops.quote_name(name)}")


@contextlib.contextmanager
def _maintenance(original: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """Connect once more, in autocommit and under no alias that anybody asks for."""
    settings = copy.deepcopy(original.settings_dict)
    settings["OPTIONS"].pop("pool", None)
    settings |= {"AUTOCOMMIT": True, "CONN_MAX_AGE": 0}
    connection = type(original)(settings, f"{PREFIX}{original.alias or DEFAULT_DB_ALIAS}")
    try:
        yield connection
    finally:
        connection.close()


def _create(original: BaseDatabaseWrapper, name: str) -> str:
    """Write CREATE DATABASE so that encoding and collation are those of the real one."""
    with original.cursor() as cursor:
        if original.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database"
                " WHERE datname = current_database()"
            )
            encoding, collate, ctype = cursor.fetchone()
            return (
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'"
                f" LC_COLLATE '{collate}' LC_CTYPE '{ctype}'"
            )
        cursor.execute("SELECT @@character_set_database, @@collation_database")
        charset, collation = cursor.fetchone()
        return f"CREATE DATABASE {name} CHARACTER SET {charset} COLLATE {collation}"


def _copy_extensions(original: BaseDatabaseWrapper, connection: BaseDatabaseWrapper) -> None:
    with original.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY oid")
        names = [name for (name,) in cursor.fetchall()]
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {connection.ops.quote_name(name)} CASCADE")


def _sweep(maintenance: BaseDatabaseWrapper) -> None:
    """Drop scratch databases of more than a day ago that nobody is connected to."""
    listing = {
        "postgresql": "SELECT datname FROM pg_database d WHERE datname LIKE 'guard\\_%'"
        " AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datname = d.datname)",
        "mysql": "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'guard\\_%'"
        " AND schema_name NOT IN (SELECT db FROM information_schema.processlist WHERE db IS NOT NULL)",
    }[maintenance.vendor]
    with maintenance.cursor() as cursor:
        cursor.execute(listing)
        for (name,) in cursor.fetchall():
            stamp = name.rpartition("_")[2]
            if stamp.isdigit() and time.time_ns() - int(stamp) > 24 * 3600 * 10**9:
                with contextlib.suppress(Error):
                    cursor.execute(f"DROP DATABASE {maintenance.ops.quote_name(name)}")
