"""Django's own answers about a history: its real loader and executor on a real database; only files are made up."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import django
import pytest
from django.core.management.base import CommandError
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.exceptions import (
    CircularDependencyError,
    InconsistentMigrationHistory,
    NodeNotFoundError,
)
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from django_migration_guard.snapshot import AppState, FaultKind, MigrationKey
from tests.histories import PARTS, History, Keys, history

T = TypeVar("T")

ALIAS = "oracle"
CASES = int(os.environ.get("TEST_ORACLE_CASES", "3000"))
FIRST = int(os.environ.get("TEST_ORACLE_FIRST", "0"))


def blocks(cases: int, size: int) -> list[range]:
    """Cut the numbers of histories into parts, a test each, which workers share."""
    end = FIRST + max(1, cases)
    return [range(first, min(first + size, end)) for first in range(FIRST, end, size)]


def named(block: range) -> str:
    """Say which histories a test is about."""
    return f"histories-{block.start}-to-{block.stop - 1}"


def prove(block: range, differences: Callable[[History], list[str]]) -> None:
    """Fail at the first history that leaves a difference; show it reduced to what the difference takes."""

    def found(case: History) -> list[str]:
        try:
            return differences(case)
        except Exception:  # noqa: BLE001 - nothing may be raised, and a failure has to say for which history
            return [traceback.format_exc()]

    for number in block:
        if first := found(history(number)):
            small = reduced(history(number), lambda one: bool(_topics(found(one)) & _topics(first)))
            told = "\n".join([f"history {number}:", *first, "", f"reduced to {small.text()}", *found(small)])
            pytest.fail(told, pytrace=False)


def _topics(differences: list[str]) -> set[str]:
    return {one.partition(":")[0] for one in differences}


def differ(what: str, ours: object, theirs: object) -> Iterator[str]:
    """Say on what the guard differs from Django, or from what follows, if it does."""
    if ours != theirs:
        yield f"{what}: the guard says {ours!r}, and not {theirs!r}"


@contextmanager
def database() -> Iterator[BaseDatabaseWrapper]:
    """Add a database in memory to Django's, under ``ALIAS``, and take it out again."""
    connections.settings[ALIAS] = {**connections.settings["default"], "NAME": ":memory:"}
    connection = connections[ALIAS]
    try:
        yield connection
    finally:
        BaseDatabaseWrapper.close(connection)  # SQLite's own keeps databases in memory open
        del connections[ALIAS], connections.settings[ALIAS]


def record(rows: Keys | None) -> None:
    """Make these the rows of the database, in this order; None drops the table."""
    connection = connections[ALIAS]
    with connection.cursor() as cursor:
        if rows is None:
            cursor.execute("DROP TABLE IF EXISTS django_migrations")
            return
        MigrationRecorder(connection).ensure_schema()
        cursor.execute("DELETE FROM django_migrations")
        insert = "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, '2026-01-01 12:00:00')"
        cursor.executemany(insert, rows)


class Loader(MigrationLoader):
    """Django's loader; in the place of files on disk it comes upon those of a history."""

    def __init__(
        self, connection: BaseDatabaseWrapper | None, history: History, *, load: bool = True
    ) -> None:
        self.history = history
        super().__init__(connection, load=load)

    def load_disk(self) -> None:
        """Take what the real one would find in files of this content."""
        apps = self.history.apps
        self.disk_migrations = self.history.migrations()
        self.migrated_apps = {label for label, state in apps.items() if state is AppState.MIGRATED}
        self.unmigrated_apps = set(apps) - self.migrated_apps


class _Executor(MigrationExecutor):
    """Django's executor with that loader."""

    def __init__(self, connection: BaseDatabaseWrapper, history: History) -> None:
        self.connection = connection
        self.loader = Loader(connection, history)
        self.recorder = MigrationRecorder(connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What Django says where the graph can be loaded."""

    nodes: frozenset[MigrationKey]
    applied: frozenset[MigrationKey]
    plan: Keys
    leaves: frozenset[MigrationKey]
    conflicts: dict[str, tuple[str, ...]]
    refusal: str | None
    """What ``check_consistent_history`` raises."""
    inconsistent: frozenset[tuple[MigrationKey, MigrationKey]]
    """All that it would raise, one after the other."""


def ask(history: History) -> Answer | Exception:
    """Ask Django about the rows that are recorded; where the graph cannot be loaded, the answer is its exception."""
    connection = connections[ALIAS]
    try:
        executor = _Executor(connection, history)
        if history.leads_back:  # not seen by Django before 6.0
            return CommandError("Cyclical squash replacement found")
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception as error:  # noqa: BLE001 - whatever Django raises is its answer
        return error
    loader, graph = executor.loader, executor.loader.graph
    refusal = _refusal(loader, connection)
    return Answer(
        nodes=frozenset(graph.nodes),
        applied=frozenset(loader.applied_migrations),
        plan=tuple((one.app_label, one.name) for one, _ in plan),
        leaves=frozenset(graph.leaf_nodes()),
        conflicts={label: tuple(names) for label, names in loader.detect_conflicts().items()},
        refusal=refusal,
        inconsistent=frozenset(_refused(loader, connection, history)) if refusal else frozenset(),
    )


def _refusal(loader: Any, connection: BaseDatabaseWrapper) -> str | None:
    try:
        loader.check_consistent_history(connection)
    except InconsistentMigrationHistory as error:
        return str(error)
    return None


def _refused(
    loader: Any, connection: BaseDatabaseWrapper, history: History
) -> Iterator[tuple[MigrationKey, MigrationKey]]:
    """Show Django's check one edge of the graph at a time; it stops at the first that it refuses."""
    graph = loader.graph
    nodes = dict(graph.nodes)
    recorded = set(history.rows or ())
    for key in nodes.keys() & recorded:
        node = graph.node_map[key]
        parents = set(node.parents)
        for parent in parents:
            graph.nodes, node.parents = {key: nodes[key]}, {parent}
            if parent.key not in recorded and _refusal(loader, connection):
                yield key, parent.key
        graph.nodes, node.parents = nodes, parents


def kinds_of_fault(case: History, error: Exception) -> set[FaultKind]:
    """Name what the guard may call an exception that Django raises for a graph."""
    if isinstance(error, CircularDependencyError):
        return {FaultKind.CYCLE}
    if isinstance(error, NodeNotFoundError) and error.node not in case.files:
        return {FaultKind.MISSING_DEPENDENCY}
    if isinstance(error, CommandError):
        return {FaultKind.CYCLE}
    if isinstance(error, NodeNotFoundError) and django.VERSION < (6, 0):
        return {FaultKind.CYCLE, FaultKind.FILE}  # squashes of squashes, which Django follows from 6.0 on
    return {FaultKind.MISSING_DEPENDENCY} if isinstance(error, ValueError) else set()


def of_reason(error: Exception, reason: str) -> Iterator[str]:
    """The reason of a fault holds Django's own words; a cycle may begin at another of its members."""
    begun_anywhere = f"{reason}, {reason}" if isinstance(error, CircularDependencyError) else reason
    words = "leads back to itself" if isinstance(error, CommandError) else str(error)
    if words not in begun_anywhere:
        yield f"reason: the guard gives {reason!r}, Django gives {str(error)!r}"


def reduced(case: History, fails: Callable[[History], bool]) -> History:
    """Take away from a failing history whatever it does not need to fail."""
    going_on = True
    while going_on:
        going_on = False
        for smaller in _smaller(case):
            if fails(smaller):
                case, going_on = smaller, True
                break
    return case


def _smaller(case: History) -> Iterator[History]:
    for key in case.files:
        yield replace(case, files={other: case.files[other] for other in case.files if other != key})
    for rows in _without_one(case.rows or ()):
        yield replace(case, rows=rows)
    for key, written in case.files.items():
        for part in PARTS:
            for kept in _without_one(getattr(written, part)):
                yield replace(case, files={**case.files, key: replace(written, **{part: kept})})
    used = {label for label, _ in (*case.files, *(case.rows or ()))}
    for label in case.apps:
        if label not in used:
            yield replace(case, apps={other: case.apps[other] for other in case.apps if other != label})


def _without_one(whole: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    return (whole[:place] + whole[place + 1 :] for place in range(len(whole)))
