"""The steps that an action would take, as data: shown first, carried out only while the world is as planned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .explanations import Explanation, Kind
from .schema.matching import Match, Standing
from .schema.values import Schema
from .snapshot import MigrationKey, Snapshot, dotted

VERSION = 1


class Change(StrEnum):
    """What happens to rows of ``django_migrations``."""

    RECORD = "record"
    RENAME = "rename"
    KEEP_FIRST = "keep the oldest of"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """One change of rows; ``old`` is the name that a renamed row has now."""

    change: Change
    key: MigrationKey
    old: MigrationKey | None = None

    def __str__(self) -> str:
        """Write the change for a person."""
        if self.old is not None:
            return f"{self.change} {dotted(self.old)} to {dotted(self.key)}"
        return f"{self.change} {dotted(self.key)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a plan does about one migration, or why it does nothing."""

    key: MigrationKey
    standing: str
    changes: tuple[RowChange, ...] = ()
    statements: tuple[str, ...] = ()
    """SQL that completes a partial migration, in order."""
    done: tuple[str, ...] = ()
    """SQL of a partial migration that is in already."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvePlan:
    """What ``resolve`` would do to one database, and the state of the world that it was made for."""

    alias: str
    world: str
    """A digest of rows, schema and plan: carried out only while it is the same."""
    steps: tuple[Step, ...]

    @property
    def changes(self) -> tuple[RowChange, ...]:
        """All changes of rows, in order."""
        return tuple(change for step in self.steps for change in step.changes)

    @property
    def statements(self) -> tuple[str, ...]:
        """All SQL statements, in order."""
        return tuple(statement for step in self.steps for statement in step.statements)

    @property
    def is_empty(self) -> bool:
        """Whether carrying it out would do nothing."""
        return not self.changes and not self.statements


def resolve_plan(
    snapshot: Snapshot,
    rows: Iterable[Explanation],
    matches: Sequence[Match],
    *,
    parents: Mapping[MigrationKey, Iterable[MigrationKey]],
    world: str,
    assume: frozenset[MigrationKey] = frozenset(),
    complete: bool = False,
) -> ResolvePlan:
    """Decide what may be recorded: what is proven, or assumed by name, and only after its dependencies.

    ``rows`` are the explanations of the snapshot's rows, ``parents`` the dependencies of each pending migration.
    """
    explained = list(rows)
    renamed = {row.partner: row.key for row in explained if row.kind is Kind.RENAMED}
    ghosts = {row.key for row in explained if row.kind is Kind.GHOST_SQUASH}
    recorded = frozenset(snapshot.records.rows or ())
    squashes = snapshot.disk.squashes()
    pending = {found.key for found in matches}
    settled: set[MigrationKey] = set()
    steps = [
        Step(
            key=key,
            standing="duplicate row",
            changes=(RowChange(change=Change.KEEP_FIRST, key=key),),
        )
        for key in sorted({row.key for row in explained if row.kind is Kind.DUPLICATE})
    ]
    for found in matches:
        step = Step(
            key=found.key,
            standing=found.standing.value,
            done=found.done,
            notes=(*found.reasons, *(f"{one.verdict.value}: {one.item}" for one in found.differences)),
        )
        proven = found.standing in {Standing.APPLIED, Standing.NO_SCHEMA_EFFECT}
        completed = complete and found.standing is Standing.PARTIAL and not found.reasons
        assumed = found.standing is Standing.UNPROVABLE and found.key in assume
        waiting = [key for key in parents.get(found.key, ()) if key in pending and key not in settled]
        if not (proven or completed or assumed):
            steps.append(step)
            continue
        if waiting:
            steps.append(replace(step, notes=(*step.notes, f"waits for {', '.join(map(dotted, waiting))}")))
            continue
        settled.add(found.key)
        changes: tuple[RowChange, ...]
        if found.key in renamed:
            changes = (RowChange(change=Change.RENAME, key=found.key, old=renamed[found.key]),)
        elif found.key in ghosts:
            missing = sorted(squashes[found.key] - recorded)
            changes = tuple(RowChange(change=Change.RECORD, key=key) for key in missing)
        else:
            changes = (RowChange(change=Change.RECORD, key=found.key),)
        steps.append(replace(step, changes=changes, statements=found.missing if completed else ()))
    return ResolvePlan(alias=snapshot.alias, world=world, steps=tuple(steps))


def digest(rows: Iterable[MigrationKey], live: Schema, plan: Iterable[MigrationKey]) -> str:
    """Return one name for the state of the world that a plan was made for."""
    told = json.dumps(
        [
            [list(key) for key in rows],
            [
                [item.kind.value, item.table, item.subject, list(map(list, item.attributes))]
                for item in live.items
            ],
            [list(key) for key in plan],
        ]
    )
    return hashlib.sha256(told.encode()).hexdigest()


def to_document(plan: ResolvePlan) -> dict[str, Any]:
    """Build what ``--plan-file`` writes."""
    return {
        "version": VERSION,
        "alias": plan.alias,
        "world": plan.world,
        "steps": [
            {
                "migration": list(step.key),
                "standing": step.standing,
                "changes": [
                    {
                        "change": one.change.value,
                        "migration": list(one.key),
                        "old": list(one.old) if one.old else None,
                    }
                    for one in step.changes
                ],
                "statements": list(step.statements),
                "done": list(step.done),
                "notes": list(step.notes),
            }
            for step in plan.steps
        ],
    }


def from_document(document: Any) -> ResolvePlan:
    """Read what ``--plan-file`` wrote. Raises ValueError where it is anything else."""
    try:
        if document["version"] != VERSION:
            raise ValueError(f"the plan has version {document['version']!r}, this release reads {VERSION}")
        return ResolvePlan(
            alias=document["alias"],
            world=document["world"],
            steps=tuple(
                Step(
                    key=_key(step["migration"]),
                    standing=step["standing"],
                    changes=tuple(
                        RowChange(
                            change=Change(one["change"]),
                            key=_key(one["migration"]),
                            old=_key(one["old"]) if one["old"] else None,
                        )
                        for one in step["changes"]
                    ),
                    statements=tuple(step["statements"]),
                    done=tuple(step["done"]),
                    notes=tuple(step["notes"]),
                )
                for step in document["steps"]
            ),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"the file is no plan of resolve: {error}") from error


def _key(pair: Any) -> MigrationKey:
    app_label, name = pair
    return str(app_label), str(name)
