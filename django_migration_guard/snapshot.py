"""What was read about one database: values that readers fill and rules judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

MigrationKey: TypeAlias = tuple[str, str]
"""An app label and a migration's name: the key that Django's own loader uses."""


def dotted(key: MigrationKey) -> str:
    """Write a key as people and Django's messages do: ``shop.0001_initial``."""
    return ".".join(key)


class AppState(StrEnum):
    """What Django's loader makes of an installed app's migrations."""

    MIGRATED = "migrated"
    UNMIGRATED = "without migrations"
    SWITCHED_OFF = "switched off"
    IGNORED_PACKAGE = "ignored package"


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An installed app. ``names`` are the migration files in a package that Django ignores."""

    label: str
    state: AppState
    directory: str | None = None
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationFile:
    """A migration that is on disk. ``path`` is None where it has no source file."""

    key: MigrationKey
    path: str | None
    replaces: tuple[MigrationKey, ...] = ()


class FaultKind(StrEnum):
    """Why the graph cannot be loaded."""

    FILE = "file cannot be loaded"
    MISSING_DEPENDENCY = "missing dependency"
    CYCLE = "cycle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One reason why the graph cannot be loaded, with the file and line at fault where they are known."""

    kind: FaultKind
    reason: str
    key: MigrationKey | None = None
    app_label: str | None = None
    path: str | None = None
    line: int | None = None
    missing: MigrationKey | None = None

    @property
    def place(self) -> str:
        """``file:line``, ``file``, or an empty text."""
        if self.path is None:
            return ""
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What is on disk for this process. Where files are faulty, ``migrations`` still names them."""

    apps: Mapping[str, App]
    migrations: Mapping[MigrationKey, MigrationFile]
    faults: tuple[Fault, ...] = ()

    def squashes(self) -> dict[MigrationKey, frozenset[MigrationKey]]:
        """Each squash on disk with the keys it stands for, squashes of squashes followed to their ends."""
        return {
            key: self._targets(key, frozenset()) for key, file in self.migrations.items() if file.replaces
        }

    def _targets(self, key: MigrationKey, above: frozenset[MigrationKey]) -> frozenset[MigrationKey]:
        file = self.migrations.get(key)
        if file is None or not file.replaces or key in above:
            return frozenset({key})
        return frozenset().union(*(self._targets(one, above | {key}) for one in file.replaces))


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Django's answers for one set of rows: nothing in here was concluded by this project."""

    nodes: frozenset[MigrationKey]
    applied: frozenset[MigrationKey]
    plan: tuple[MigrationKey, ...]
    """What ``migrate`` would run, in its order."""
    skipped: tuple[MigrationKey, ...]
    """Not applied, and yet not in the plan: a later migration of theirs is applied."""
    leaves: Mapping[str, tuple[str, ...]]
    inconsistent: tuple[tuple[MigrationKey, MigrationKey], ...]
    """Pairs of an applied migration and a dependency of it that is not."""

    @property
    def conflicts(self) -> dict[str, tuple[str, ...]]:
        """Apps with more than one leaf node, and those leaf nodes."""
        return {label: names for label, names in self.leaves.items() if len(names) > 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class GitTrace:
    """Where git still holds a migration file that is not on disk."""

    commit: str
    author: str
    date: str
    path: str
    """Relative to the root of the repository."""
    root: str
    branches: tuple[str, ...] = ()
    same_operations_as: tuple[MigrationKey, ...] = ()
    """Migrations on disk whose operations are the same, compared as syntax trees."""


class TroubleKind(StrEnum):
    """Why a database gave no rows."""

    UNREACHABLE = "cannot be reached"
    UNREADABLE = "cannot be read"
    TIMEOUT = "did not answer in time"
    DENIED = "refused to be read"
    ROUTER = "router failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a database gave no rows. ``reason`` is the driver's own text and stays with people who may see it."""

    kind: TroubleKind
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingProblem:
    """A key or value of ``MIGRATION_GUARD`` that is wrong, with a hint."""

    key: str
    reason: str
    hint: str
    unknown_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The rows of ``django_migrations`` in the order of their ids; ``rows`` is None where the table is absent."""

    rows: tuple[MigrationKey, ...] | None = None
    recorded_at: tuple[datetime, ...] = ()
    """When each row was written, as the database has it; empty where it was not asked."""
    tables: tuple[str, ...] = ()
    """Where nothing is recorded: the tables of the project's models that are there."""
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that was read for one database. ``graph`` is None where it cannot be loaded."""

    alias: str
    vendor: str
    disk: Disk
    records: Records
    graph: Graph | None = None
    faults: tuple[Fault, ...] = ()
    kept_off: frozenset[str] = frozenset()
    """Apps that the database router keeps off this database."""
    traces: Mapping[MigrationKey, GitTrace] | None = None
    """What git knows of recorded migrations that are not on disk; None where git was not asked."""
    setting_problems: tuple[SettingProblem, ...] = field(default=())
    silenced: frozenset[str] = frozenset()
    """Codes of checks that ``SILENCED_SYSTEM_CHECKS`` names."""

    @property
    def pending(self) -> tuple[MigrationKey, ...]:
        """Pending here, in the order of ``migrate``; those that Django's plan hides come last."""
        if self.graph is None:
            return ()
        return tuple(key for key in self.graph.plan + self.graph.skipped if key[0] not in self.kept_off)

    @property
    def record_only(self) -> tuple[MigrationKey, ...]:
        """Squashes that Django counts as applied and the next ``migrate`` will record."""
        if self.graph is None:
            return ()
        recorded = frozenset(self.records.rows or ())
        squashes = (key for key, file in self.disk.migrations.items() if file.replaces)
        return tuple(
            sorted(
                key
                for key in squashes
                if key in self.graph.nodes
                and key in self.graph.applied
                and key not in recorded
                and key[0] not in self.kept_off
            )
        )
