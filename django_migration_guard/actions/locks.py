"""One at a time: a lock that belongs to a database, is free at once when its holder dies, and never blocks a server.

PostgreSQL: ``pg_try_advisory_xact_lock`` on a connection of its own, polled. A waiting ``pg_advisory_lock`` would
hold a snapshot and deadlock with CREATE INDEX CONCURRENTLY; a session lock breaks under a pooler in transaction
mode. MariaDB and MySQL: ``GET_LOCK``, polled, on a connection of its own. SQLite: a lock on a file beside the
database, by the operating system.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

_CLASS = 0x6D696772  # "migr": the first key of the advisory lock; the second is the schema
_NAME = "django-migration-guard"
_POLL_SECONDS = 0.5


class LockHeldError(Exception):
    """Somebody else holds the lock, and the wait ran out. ``holder`` says who, as far as the engine tells."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"the migration lock is held by {holder or 'somebody else'}")
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held. ``is_held`` asks whether its connection still lives."""

    is_held: Callable[[], bool]


@contextlib.contextmanager
def migration_lock(
    alias: str, *, timeout_seconds: float = 0.0, waiting: Callable[[str], None] | None = None
) -> Iterator[Lock]:
    """Hold the lock of a database for a block.

    Polls until ``timeout_seconds`` have passed and calls ``waiting`` with the holder before each pause. Raises
    :class:`LockHeldError` when the wait runs out, and ``django.db.Error`` where the database cannot be reached.
    """
    takers = {"postgresql": _postgresql, "mysql": _mysql, "sqlite": _sqlite}
    taker = takers.get(connections[alias].vendor)
    if taker is None:
        raise NotImplementedError(f"no lock is known for {connections[alias].vendor}")
    with taker(connections[alias]) as attempt:
        deadline = time.monotonic() + timeout_seconds
        while (found := attempt()) is not None and isinstance(found, str):
            if time.monotonic() >= deadline:
                raise LockHeldError(found)
            if waiting is not None:
                waiting(found)
            time.sleep(_POLL_SECONDS * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        if isinstance(found, Lock):
            yield found


_Attempt = Callable[[], "Lock | str"]
"""Tries once: a lock, or the name of the holder."""


@contextlib.contextmanager
def _second_connection(original: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    settings = copy.deepcopy(original.settings_dict)
    for name in ("pool", "isolation_level"):
        settings["OPTIONS"].pop(name, None)
    settings |= {"AUTOCOMMIT": True, "CONN_MAX_AGE": 0}
    connection = type(original)(settings, f"{original.alias}-migration-lock")
    try:
        yield connection
    finally:
        with contextlib.suppress(Error):
            connection.close()


def _answers(connection: BaseDatabaseWrapper) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except Error:
        return False


@contextlib.contextmanager
def _postgresql(original: BaseDatabaseWrapper) -> Iterator[_Attempt]:
    with _second_connection(original) as connection, contextlib.ExitStack() as stack:

        def attempt() -> Lock | str:
            cursor = stack.enter_context(connection.cursor())
            cursor.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute(f"SET LOCAL application_name = '{_NAME} {os.getpid()}'")
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(current_schema()))", [_CLASS])
            if cursor.fetchone()[0]:
                return Lock(is_held=lambda: _answers(connection))
            cursor.execute(
                """
                SELECT format('session %%s (%%s@%%s, since %%s)', a.pid, a.application_name,
                              coalesce(a.client_addr::text, 'local'), date_trunc('second', a.xact_start))
                FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = hashtext(current_schema())::oid
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """,
                [_CLASS],
            )
            holder = cursor.fetchone()
            cursor.execute("ROLLBACK")
            return holder[0] if holder else "somebody who has let it go"

        yield attempt


@contextlib.contextmanager
def _mysql(original: BaseDatabaseWrapper) -> Iterator[_Attempt]:
    with _second_connection(original) as connection:
        digest = hashlib.sha256(str(original.settings_dict["NAME"]).encode()).hexdigest()[:32]
        name = f"{_NAME}-{digest}"

        def attempt() -> Lock | str:
            with connection.cursor() as cursor:
                cursor.execute("SELECT GET_LOCK(%s, 0)", [name])
                if cursor.fetchone()[0] == 1:
                    return Lock(is_held=lambda: _answers(connection))
                cursor.execute("SELECT IS_USED_LOCK(%s)", [name])
                return f"connection {cursor.fetchone()[0]}"

        yield attempt


@contextlib.contextmanager
def _sqlite(original: BaseDatabaseWrapper) -> Iterator[_Attempt]:
    name = str(original.settings_dict["NAME"])
    if name.startswith("file:") or original.is_in_memory_db():  # type: ignore[attr-defined]
        yield lambda: Lock(is_held=lambda: True)
        return
    with Path(f"{name}.migration-lock").open("a+b") as file:

        def attempt() -> Lock | str:
            return Lock(is_held=lambda: True) if _lock_file(file) else f"another process ({file.name})"

        yield attempt


def _lock_file(file: IO[Any]) -> bool:
    """Lock a file without waiting; the operating system lets go when the process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
