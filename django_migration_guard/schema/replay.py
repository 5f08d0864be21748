"""The schema that migrations promise: they run in a scratch, and its catalogue is read."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlparse
from django.apps import apps
from django.db import router
from django.db.migrations import Migration
from django.db.migrations.operations import AddIndex, RemoveIndex, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from ..snapshot import MigrationKey
from .catalogue import read_schema
from .matching import Span, Statement, Trail
from .values import Schema

Progress = Callable[[MigrationKey, int], None]
"""Called before each migration with its key and its number from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What migrations promise, and which of them could not be replayed, each with the reason."""

    schema: Schema
    not_replayed: Mapping[MigrationKey, str]


def replay(
    connection: Any,
    plan: Iterable[Migration],
    *,
    unmigrated: frozenset[str],
    progress: Progress | None = None,
) -> Promise:
    """Run migrations on a scratch connection and read what they made. ``RunPython`` does not run.

    A migration that fails is named with its reason; the state goes on as if it had run, so the others can be
    replayed as far as they do not need what it makes.
    """
    run = _Replay(connection, unmigrated, progress)
    run.all(plan)
    return Promise(schema=read_schema(connection), not_replayed=run.failed)


def replay_trail(
    connection: Any,
    applied: Iterable[Migration],
    pending: Iterable[Migration],
    *,
    unmigrated: frozenset[str],
    progress: Progress | None = None,
) -> Trail:
    """Build the before-state, then run the pending migrations and read the schema after every statement."""
    run = _Replay(connection, unmigrated, progress)
    run.all(applied)
    before = read_schema(connection)
    recorder = _StatementRecorder(connection, before)
    spans = []
    for number, migration in enumerate(pending, start=1):
        start = len(recorder.statements)
        with recorder.recording():
            run.one(migration, number)
        recorder.settle()
        key = (migration.app_label, migration.name)
        spans.append(
            Span(
                key=key,
                start=start,
                end=len(recorder.statements),
                unprovable=tuple(unprovable(migration)),
                failure=run.failed.get(key, ""),
            )
        )
    return Trail(before=before, statements=tuple(recorder.statements), spans=tuple(spans))


class _Replay:
    """A state that goes from migration to migration, and what failed on the way."""

    def __init__(self, connection: Any, unmigrated: frozenset[str], progress: Progress | None) -> None:
        self.connection = connection
        self.progress = progress
        self.state = ProjectState(real_apps=set(unmigrated))
        self.failed: dict[MigrationKey, str] = {}
        _create_unmigrated(connection, unmigrated)

    def all(self, plan: Iterable[Migration]) -> None:
        for number, migration in enumerate(plan, start=1):
            self.one(migration, number)

    def one(self, migration: Migration, number: int) -> None:
        key = (migration.app_label, migration.name)
        if self.progress is not None:
            self.progress(key, number)
        before = self.state.clone()
        try:
            with self.connection.schema_editor(atomic=migration.atomic) as editor:
                self.state = replayable(migration).apply(self.state, editor)
        except Exception as error:  # noqa: BLE001 - a migration is code: anything can come out of it
            self.failed[key] = f"{type(error).__name__}: {' '.join(str(error).split())}"
            self.state = migration.mutate_state(before, preserve=False)


class _StatementRecorder:
    """Reads the schema after every statement, and keeps what each of them changed."""

    def __init__(self, connection: Any, before: Schema) -> None:
        self.connection = connection
        self.statements: list[Statement] = []
        self._now = Counter(before.items)
        self._known = {item: item for item in before.items}

    @contextmanager
    def recording(self) -> Iterator[None]:
        with self.connection.execute_wrapper(self._execute):
            yield

    def settle(self) -> None:
        """Take in what changed without a statement of its own: a rollback after a failure."""
        self._read("")

    def _execute(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if _changes_schema(str(sql)):
            self._read(self.connection.ops.last_executed_query(context["cursor"], sql, params) or str(sql))
        return result

    def _read(self, sql: str) -> None:
        with self._paused():
            items = (self._known.setdefault(item, item) for item in read_schema(self.connection).items)
            now = Counter(items)
        removed, added = self._now - now, now - self._now
        self._now = now
        if sql or removed or added:
            self.statements.append(
                Statement(sql=sql, removed=tuple(removed.elements()), added=tuple(added.elements()))
            )

    @contextmanager
    def _paused(self) -> Iterator[None]:
        wrappers = self.connection.execute_wrappers
        self.connection.execute_wrappers = []
        try:
            yield
        finally:
            self.connection.execute_wrappers = wrappers


def _changes_schema(sql: str) -> bool:
    first = sql.lstrip(" (\n\t").partition(" ")[0].upper()
    return first not in {
        "SELECT",
        "SAVEPOINT",
        "RELEASE",
        "ROLLBACK",
        "PRAGMA",
        "SET",
        "SHOW",
        "BEGIN",
        "COMMIT",
    }


def unprovable(migration: Migration) -> Iterator[str]:
    """Name what in a migration leaves no proof in a schema: code, and statements that change data."""
    yield from (why for operation in migration.operations for why in _unprovable(operation))


def _unprovable(operation: Operation) -> Iterator[str]:
    if isinstance(operation, RunPython) and operation.code is not RunPython.noop:
        yield f"RunPython({getattr(operation.code, '__name__', operation.code)}) leaves no proof"
    elif isinstance(operation, RunSQL):
        parts = operation.sql if isinstance(operation.sql, list | tuple) else [operation.sql]
        for part in parts:
            text = str(part[0] if isinstance(part, list | tuple) else part)
            if _changes_data(text):
                yield f"RunSQL changes data: {' '.join(text.split())[:80]}"
    elif isinstance(operation, SeparateDatabaseAndState):
        yield from (why for one in operation.database_operations for why in _unprovable(one))
    elif type(operation).__module__.partition(".")[0] != "django":
        yield f"{type(operation).__name__} is an operation of its own, which may change data"


def _changes_data(sql: str) -> bool:
    """Tell whether one of the statements writes or calls what may write; DDL and comments do not."""
    for statement in sqlparse.split(sql):
        words = sqlparse.format(statement, strip_comments=True).split(None, 1)
        first = words[0].upper().rstrip(";") if words else ""
        if first in {
            "INSERT",
            "UPDATE",
            "DELETE",
            "REPLACE",
            "MERGE",
            "COPY",
            "TRUNCATE",
            "SELECT",
            "CALL",
            "DO",
            "WITH",
        }:
            return True
        if re.match(
            r"(?is)CREATE\s+(TEMP\w*\s+|UNLOGGED\s+)?TABLE\b.*\bAS\s*(\(|SELECT\b|WITH\b)", statement.strip()
        ):
            return True
    return False


def _create_unmigrated(connection: Any, unmigrated: frozenset[str]) -> None:
    """Make the tables of apps without migrations, as ``migrate --run-syncdb`` does before anything else."""
    with connection.schema_editor() as editor:
        for label in sorted(unmigrated):
            for model in apps.get_app_config(label).get_models(include_auto_created=False):
                can_migrate = model._meta.can_migrate(connection)  # noqa: SLF001 - Model._meta is public
                if can_migrate and router.allow_migrate_model(connection.alias, model):
                    editor.create_model(model)


def replayable(migration: Migration) -> Migration:
    """Return a copy of a migration with the operations that can run within a scratch."""
    twin = copy.copy(migration)
    vars(twin)["operations"] = [_replayable(operation) for operation in migration.operations]
    return twin


def _replayable(operation: Operation) -> Operation:
    if isinstance(operation, RunPython):
        return RunPython(RunPython.noop, RunPython.noop, hints=operation.hints)
    if type(operation) is SeparateDatabaseAndState:
        return SeparateDatabaseAndState(
            database_operations=[_replayable(one) for one in operation.database_operations],
            state_operations=operation.state_operations,
        )
    name = type(operation).__name__
    if name == "AddIndexConcurrently" and isinstance(operation, AddIndex):
        return AddIndex(operation.model_name, operation.index)
    if name == "RemoveIndexConcurrently" and isinstance(operation, RemoveIndex):
        return RemoveIndex(operation.model_name, operation.name)
    return operation


@contextmanager
def without_concurrently(connection: Any) -> Iterator[None]:
    """Let raw SQL build indexes the ordinary way: within a transaction CONCURRENTLY is refused."""
    pattern = re.compile(r"(?i)\b((?:create\s+(?:unique\s+)?|drop\s+|re)index)\s+concurrently\b")

    def run(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        return execute(pattern.sub(r"\1", sql) if isinstance(sql, str) else sql, params, many, context)

    with connection.execute_wrapper(run):
        yield
