"""Why each row of ``django_migrations`` is there: exactly one explanation a row, with its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .snapshot import AppState, GitTrace, MigrationKey, Snapshot, dotted


class Kind(StrEnum):
    """The kinds of explanation, in the words of the documentation."""

    ACTIVE = "active"
    REPLACED = "replaced"
    GHOST_SQUASH = "ghost squash"
    BROKEN_SQUASH = "part of a broken squash"
    APP_NOT_INSTALLED = "app not installed"
    SWITCHED_OFF = "migrations switched off"
    IGNORED_PACKAGE = "ignored package"
    NO_MIGRATIONS = "app without migrations"
    LEFT_OVER = "left over from a finished squash"
    RENAMED = "renamed"
    DUPLICATE = "duplicate"
    AHEAD = "orphaned, ahead"
    ELSEWHERE = "orphaned, elsewhere"
    LOST = "orphaned, lost"
    ORPHANED = "orphaned"
    """Not ahead, and git was not asked whether it is elsewhere or lost."""

    @classmethod
    def orphaned(cls) -> frozenset[Kind]:
        """All kinds that count as orphaned."""
        return frozenset({cls.AHEAD, cls.ELSEWHERE, cls.LOST, cls.ORPHANED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why one row is there. ``partner`` is the migration on disk that the explanation rests on."""

    key: MigrationKey
    kind: Kind
    evidence: str = ""
    partner: MigrationKey | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenSquash:
    """A squash whose originals are recorded in part while files of the rest are gone."""

    squash: MigrationKey
    recorded: tuple[MigrationKey, ...]
    gone: tuple[MigrationKey, ...]


def broken_squashes(snapshot: Snapshot) -> tuple[BrokenSquash, ...]:
    """Find the squashes that Django drops from the graph together with work that no file can do any more."""
    rows = frozenset(snapshot.records.rows or ())
    in_graph = snapshot.graph.nodes if snapshot.graph else frozenset()
    squashes = snapshot.disk.squashes()
    doable = frozenset(snapshot.disk.migrations).union(
        *(squashes[key] for key in in_graph & frozenset(squashes))
    )
    found = []
    for squash, targets in sorted(squashes.items()):
        recorded = targets & rows
        gone = targets - rows - doable
        if recorded and gone:
            found.append(
                BrokenSquash(squash=squash, recorded=tuple(sorted(recorded)), gone=tuple(sorted(gone)))
            )
    return tuple(found)


def number(name: str) -> str:
    """Return the digits that a migration's name begins with, without leading zeros; empty where it has none."""
    digits = re.match(r"\d+(?=_|$)", name)
    return str(int(digits.group())) if digits else ""


def explain(snapshot: Snapshot) -> tuple[Explanation, ...]:
    """Explain every row of the snapshot, in the order of the rows."""
    return tuple(_Explainer(snapshot).explanations())


class _Explainer:
    """The order of questions: the first that hits is the explanation."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.disk = snapshot.disk
        self.graph = snapshot.graph
        self.rows = snapshot.records.rows or ()
        self.recorded = frozenset(self.rows)
        self.squashes = snapshot.disk.squashes()
        self.replaced_by = {
            target: key for key, file in sorted(self.disk.migrations.items()) for target in file.replaces
        }
        self.broken = {key: broken for broken in broken_squashes(snapshot) for key in broken.recorded}
        self.positions = {key: position for position, key in reversed(list(enumerate(self.rows)))}

    def explanations(self) -> Iterator[Explanation]:
        times = self.snapshot.records.recorded_at or (None,) * len(self.rows)
        seen: set[MigrationKey] = set()
        for position, (key, recorded_at) in enumerate(zip(self.rows, times, strict=True)):
            if key in seen:
                kind, evidence, partner = Kind.DUPLICATE, "an earlier row records the same migration", None
            else:
                kind, evidence, partner = self.judge(key, position)
            seen.add(key)
            yield Explanation(key=key, kind=kind, evidence=evidence, partner=partner, recorded_at=recorded_at)

    def judge(self, key: MigrationKey, position: int) -> tuple[Kind, str, MigrationKey | None]:
        if key in self.disk.migrations:
            return self.on_disk(key)
        if key in self.replaced_by:
            squash = self.replaced_by[key]
            if key in self.broken:
                broken = self.broken[key]
                return Kind.BROKEN_SQUASH, f"{dotted(broken.squash)} is dropped by Django", broken.squash
            return Kind.REPLACED, f"{dotted(squash)} replaces it", squash
        app = self.disk.apps.get(key[0])
        if app is None:
            return Kind.APP_NOT_INSTALLED, f"no installed app has the label '{key[0]}'", None
        if app.state is AppState.SWITCHED_OFF:
            return Kind.SWITCHED_OFF, f"MIGRATION_MODULES['{key[0]}'] is None", None
        if app.state is AppState.IGNORED_PACKAGE and key[1] in app.names:
            return Kind.IGNORED_PACKAGE, f"{app.directory} has no __init__.py", None
        if app.state is not AppState.MIGRATED:
            return Kind.NO_MIGRATIONS, f"the app '{key[0]}' has no migrations", None
        return self.without_file(key, position)

    def on_disk(self, key: MigrationKey) -> tuple[Kind, str, MigrationKey | None]:
        if key in self.squashes:
            applied = key in self.graph.applied if self.graph else self.squashes[key] <= self.recorded
            if not applied:
                return Kind.GHOST_SQUASH, "not every migration that it replaces is recorded", None
        if key in self.replaced_by and self.graph and key not in self.graph.nodes:
            squash = self.replaced_by[key]
            return Kind.REPLACED, f"{dotted(squash)} replaces it", squash
        return Kind.ACTIVE, self.disk.migrations[key].path or "", None

    def without_file(self, key: MigrationKey, position: int) -> tuple[Kind, str, MigrationKey | None]:
        squash = self.left_over_from(key)
        if squash is not None:
            return Kind.LEFT_OVER, f"its number lies within {dotted(squash)}", squash
        trace = (self.snapshot.traces or {}).get(key)
        renamed, because = self.renamed_to(key, trace)
        if renamed is not None:
            return Kind.RENAMED, because, renamed
        where = f"git has {trace.path} in {trace.commit[:12]}" if trace else ""
        if self.is_ahead(key, position):
            return Kind.AHEAD, where or "recorded after this release's own leaf node of the app", None
        if trace is not None:
            return Kind.ELSEWHERE, where, None
        if self.snapshot.traces is None:
            return Kind.ORPHANED, "no file on disk; git was not asked", None
        return Kind.LOST, "no file on disk, and git knows none", None

    def left_over_from(self, key: MigrationKey) -> MigrationKey | None:
        own = number(key[1])
        if not own:
            return None
        applied = self.graph.applied if self.graph else self.recorded
        for candidate in sorted(self.disk.migrations):
            # The last number counts: a squash of a squash has the names of both in its own.
            span = re.match(r"(\d+).*_squashed_(\d+)", candidate[1])
            if (
                span
                and candidate[0] == key[0]
                and candidate in applied
                and int(span[1]) <= int(own) <= int(span[2])
            ):
                return candidate
        return None

    def renamed_to(self, key: MigrationKey, trace: GitTrace | None) -> tuple[MigrationKey | None, str]:
        candidates = [pending for pending in self.snapshot.pending if pending[0] == key[0]]
        if trace is not None:
            same = [pending for pending in candidates if pending in trace.same_operations_as]
            return (same[0], "its operations in git are the same") if same else (None, "")
        for pending in candidates:
            if _stem(pending[1]) == _stem(key[1]):
                return pending, "it has the same name under another number"
        for pending in candidates:
            if number(key[1]) and number(pending[1]) == number(key[1]):
                return pending, "it has the same number"
        return None, ""

    def is_ahead(self, key: MigrationKey, position: int) -> bool:
        if self.graph is None:
            return False
        leaves = [(key[0], name) for name in self.graph.leaves.get(key[0], ())]
        return bool(leaves) and all(
            leaf in self.graph.applied and position > self.applied_at(leaf) for leaf in leaves
        )

    def applied_at(self, leaf: MigrationKey) -> int:
        """Return the position of the row that made a leaf applied: its own, or the last that it replaces."""
        ways = (frozenset({leaf}), self.squashes.get(leaf, frozenset({leaf})))
        return min(max(self.positions[key] for key in way) for way in ways if way <= self.recorded)


def _stem(name: str) -> str:
    return re.sub(r"^\d+_", "", name)
