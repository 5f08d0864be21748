"""One problem with its way out, and the report that every face shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum

from .explanations import Explanation, Kind
from .snapshot import MigrationKey, Snapshot


class Level(IntEnum):
    """How bad a finding is for a person or for CI."""

    INFO = 20
    WARNING = 30
    ERROR = 40

    @classmethod
    def of(cls, code: str) -> Level:
        """Read the level from a code: the letter after the last dot is E, W or I."""
        return {"E": cls.ERROR, "W": cls.WARNING, "I": cls.INFO}[code.rpartition(".")[2][0]]

    @property
    def word(self) -> str:
        """The word for people and for JSON."""
        return self.name.lower()


_FAULTS = frozenset({"migration_guard.E201", "migration_guard.E202", "migration_guard.E203"})
"""What keeps the graph of every app from being loaded, in whichever app it is."""


class Status(StrEnum):
    """The verdict on a database, or on several: the worst of them."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"

    @property
    def rank(self) -> int:
        """0 is best."""
        return list(Status).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One way out. Its commands cure the finding when they are run in order from the project's directory.

    Without commands the fix is for a person: a file to edit, a server to start.
    """

    summary: str
    commands: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem with its way out; the safest fix comes first."""

    code: str
    level: Level
    blocks_traffic: bool
    alias: str
    message: str
    why: str
    app_label: str | None = None
    migration: str | None = None
    fixes: tuple[Fix, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of migrations of one database; total is applied plus pending."""

    total: int
    applied: int
    pending: int
    orphaned: int

    @classmethod
    def of(
        cls, snapshot: Snapshot, rows: tuple[Explanation, ...], *, app_labels: frozenset[str] | None = None
    ) -> Counts | None:
        """Count, for some apps or for all; None where graph or database could not be read: unknown is not zero."""
        graph = snapshot.graph
        if graph is None:
            return None
        pending = sum(app_labels is None or label in app_labels for label, _ in snapshot.pending)
        total = sum(
            label not in snapshot.kept_off and (app_labels is None or label in app_labels)
            for label, _ in graph.nodes
        )
        orphaned = sum(row.kind in Kind.orphaned() and row.key[0] not in snapshot.kept_off for row in rows)
        return cls(total=total, applied=total - pending, pending=pending, orphaned=orphaned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known about one database, why, and what to do. Every face shows this and judges nothing itself."""

    snapshot: Snapshot
    rows: tuple[Explanation, ...]
    findings: tuple[Finding, ...]
    """Worst first."""
    counts: Counts | None
    checked_at: datetime
    silenced: tuple[str, ...] = ()
    """Codes of findings that ``SILENCED_SYSTEM_CHECKS`` took out."""
    app_labels: frozenset[str] | None = None
    """The apps that the report is on; None for all."""

    @property
    def alias(self) -> str:
        """The database's alias in ``DATABASES``."""
        return self.snapshot.alias

    @property
    def vendor(self) -> str:
        """Django's name of the engine: sqlite, postgresql, mysql, oracle, or an empty text where it is unknown."""
        return self.snapshot.vendor

    @property
    def pending(self) -> tuple[MigrationKey, ...]:
        """Pending migrations in the order in which ``migrate`` would run them."""
        return tuple(key for key in self.snapshot.pending if self._is_on(key))

    @property
    def record_only(self) -> tuple[MigrationKey, ...]:
        """Squashes that the next ``migrate`` will record without running anything."""
        return tuple(key for key in self.snapshot.record_only if self._is_on(key))

    @property
    def conflicts(self) -> dict[str, tuple[str, ...]]:
        """Apps with more than one leaf node."""
        conflicts = self.snapshot.graph.conflicts if self.snapshot.graph else {}
        return {label: names for label, names in conflicts.items() if self._is_on((label, ""))}

    @property
    def inconsistencies(self) -> tuple[tuple[MigrationKey, MigrationKey], ...]:
        """Pairs of an applied migration and its dependency that is not applied."""
        pairs = self.snapshot.graph.inconsistent if self.snapshot.graph else ()
        return tuple(pair for pair in pairs if self._is_on(pair[0]))

    @property
    def level(self) -> Level | None:
        """The worst level among the findings; None without findings."""
        return max((finding.level for finding in self.findings), default=None)

    @property
    def status(self) -> Status:
        """Unhealthy where a finding blocks traffic, degraded where one is above info."""
        if any(finding.blocks_traffic for finding in self.findings):
            return Status.UNHEALTHY
        if any(finding.level > Level.INFO for finding in self.findings):
            return Status.DEGRADED
        return Status.HEALTHY

    def only(self, app_labels: frozenset[str]) -> Report:
        """Return the report on some apps; findings that belong to no app stay, and those on faults of the graph."""
        rows = tuple(row for row in self.rows if row.key[0] in app_labels)
        return replace(
            self,
            rows=rows,
            findings=tuple(
                one
                for one in self.findings
                if one.app_label is None or one.app_label in app_labels or one.code in _FAULTS
            ),
            counts=Counts.of(self.snapshot, rows, app_labels=app_labels),
            app_labels=app_labels,
        )

    def _is_on(self, key: MigrationKey) -> bool:
        return self.app_labels is None or key[0] in self.app_labels

    @property
    def answered(self) -> bool:
        """Whether the question could be asked: the database was read and the graph was loaded."""
        return self.counts is not None


def worst(statuses: list[Status]) -> Status:
    """Return the worst of several statuses; healthy for none."""
    return max(statuses, key=lambda status: status.rank, default=Status.HEALTHY)
