"""Where a live schema stands in a plan of migrations: prefix matching, statement by statement.

The before-state and the pending plan were replayed, and the schema was read after every statement. The live
schema is compared with each of those positions on what the plan touches. A migration looked at alone would be
a mismatch as soon as a later one changed the same column, so the whole plan is matched at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ..snapshot import MigrationKey
from .values import Difference, Item, ItemKind, Schema, differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL statement of a replay, and what it took out of the schema and put into it."""

    sql: str
    removed: tuple[Item, ...] = ()
    added: tuple[Item, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """What it changed, before and after."""
        return self.removed + self.added


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The statements of one migration: from ``start`` up to, not including, ``end``."""

    key: MigrationKey
    start: int
    end: int
    unprovable: tuple[str, ...] = ()
    """What in it leaves no proof: RunPython, statements that change data."""
    failure: str = ""
    """Why it could not be replayed to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """The before-state, and every statement of the plan after it, in order."""

    before: Schema
    statements: tuple[Statement, ...]
    spans: tuple[Span, ...]


class Standing(StrEnum):
    """What the live schema says of one pending migration."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    PARTIAL = "partial"
    NO_SCHEMA_EFFECT = "no schema effect"
    MISMATCH = "mismatch"
    UNPROVABLE = "unprovable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Where one pending migration stands, and why."""

    key: MigrationKey
    standing: Standing
    done: tuple[str, ...] = ()
    """For a partial migration: the statements that are in."""
    missing: tuple[str, ...] = ()
    """For a partial migration: the statements that are not."""
    reasons: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    """For a mismatch: how the live schema differs from the nearest position of the plan."""


def match(trail: Trail, live: Schema) -> tuple[Match, ...]:
    """Tell of every migration of the plan whether the live schema holds its effects.

    Migrations that touch no table in common are matched apart: a table made by hand is recognised wherever
    its migration stands in the plan.
    """
    found = {one.key: one for part in _independent(trail) for one in _match(part, live)}
    return tuple(found[span.key] for span in trail.spans)


def _match(trail: Trail, live: Schema) -> Iterator[Match]:
    scope = _Scope(trail)
    wanted = scope.part(live.items)
    positions, nearest = _positions(trail, scope, wanted)
    if positions:
        yield from (_standing(trail, span, min(positions), max(positions)) for span in trail.spans)
    else:
        found = differences(_at(trail, scope, nearest), Schema.of(wanted.elements()))
        yield from (_without_position(trail, span, found) for span in trail.spans)


def _independent(trail: Trail) -> Iterator[Trail]:
    """Split a trail into trails that have no table in common, each in the order of the plan."""
    groups: list[tuple[set[str], list[Span]]] = []
    for span in trail.spans:
        tables = {item.table for one in trail.statements[span.start : span.end] for item in one.items}
        spans = [span]
        apart = []
        for known, members in groups:
            if known & tables:
                tables |= known
                spans = members + spans
            else:
                apart.append((known, members))
        groups = [*apart, (tables, spans)]
    order = {span.key: number for number, span in enumerate(trail.spans)}
    for _, spans in groups:
        statements: list[Statement] = []
        moved = []
        for span in sorted(spans, key=lambda span: order[span.key]):
            start = len(statements)
            statements += trail.statements[span.start : span.end]
            moved.append(replace(span, start=start, end=len(statements)))
        yield Trail(before=trail.before, statements=tuple(statements), spans=tuple(moved))


class _Scope:
    """What the plan touches: the places of changed items, and everything in tables that it makes."""

    def __init__(self, trail: Trail) -> None:
        changed = [item for one in trail.statements for item in one.items]
        self.places = {item.place for item in changed}
        self.tables = {item.table for item in changed if item.kind is ItemKind.TABLE}

    def part(self, items: Sequence[Item]) -> Counter[Item]:
        return Counter(item for item in items if item.place in self.places or item.table in self.tables)


def _positions(trail: Trail, scope: _Scope, wanted: Counter[Item]) -> tuple[list[int], int]:
    """Return every position that equals the wanted part, and the one that differs in the fewest items."""
    distance: Counter[Item] = Counter(wanted)
    distance.subtract(scope.part(trail.before.items))
    off = sum(map(abs, distance.values()))
    best, nearest = off, 0
    equal = [] if off else [0]
    for position, statement in enumerate(trail.statements, start=1):
        for items, step in ((statement.removed, 1), (statement.added, -1)):
            for item in items:
                off -= abs(distance[item])
                distance[item] += step
                off += abs(distance[item])
        if off == 0:
            equal.append(position)
        if off < best:
            best, nearest = off, position
    return equal, nearest


def _at(trail: Trail, scope: _Scope, position: int) -> Schema:
    items = Counter(trail.before.items)
    for statement in trail.statements[:position]:
        items.subtract(statement.removed)
        items.update(statement.added)
    return Schema.of(scope.part(tuple(items.elements())).elements())


def _changes(trail: Trail, start: int, end: int) -> list[int]:
    """Return the numbers of the statements in a range that change the schema."""
    return [number for number in range(start, end) if trail.statements[number].items]


def _is_idle(trail: Trail, changes: list[int]) -> bool:
    """Tell whether the statements together leave the schema as it was: SQLite remakes a table for some."""
    net: Counter[Item] = Counter()
    for number in changes:
        net.update(trail.statements[number].added)
        net.subtract(trail.statements[number].removed)
    return not any(net.values())


def _standing(trail: Trail, span: Span, first: int, last: int) -> Match:
    if span.failure:
        return Match(key=span.key, standing=Standing.UNPROVABLE, reasons=(span.failure,))
    changes = _changes(trail, span.start, span.end)
    if not changes:
        standing = Standing.UNPROVABLE if span.unprovable else Standing.NO_SCHEMA_EFFECT
        return Match(key=span.key, standing=standing, reasons=span.unprovable)
    low, high = changes[0], changes[-1] + 1
    if _is_idle(trail, changes) and not (first > low and last < high):
        standing = Standing.UNPROVABLE if span.unprovable else Standing.NO_SCHEMA_EFFECT
        return Match(key=span.key, standing=standing, reasons=span.unprovable)
    if first >= high:
        standing = Standing.UNPROVABLE if span.unprovable else Standing.APPLIED
        return Match(key=span.key, standing=standing, reasons=span.unprovable)
    if last <= low:
        return Match(key=span.key, standing=Standing.NOT_APPLIED)
    if first > low and last < high:
        done = tuple(trail.statements[number].sql for number in changes if number < first)
        missing = tuple(trail.statements[number].sql for number in changes if number >= first)
        return Match(
            key=span.key, standing=Standing.PARTIAL, done=done, missing=missing, reasons=span.unprovable
        )
    reason = "the schema is alike before and after it, so its effects prove nothing"
    return Match(key=span.key, standing=Standing.UNPROVABLE, reasons=(reason,))


def _without_position(trail: Trail, span: Span, found: tuple[Difference, ...]) -> Match:
    changes = _changes(trail, span.start, span.end)
    if span.failure:
        return Match(key=span.key, standing=Standing.UNPROVABLE, reasons=(span.failure,))
    if not changes:
        standing = Standing.UNPROVABLE if span.unprovable else Standing.NO_SCHEMA_EFFECT
        return Match(key=span.key, standing=standing, reasons=span.unprovable)
    tables = {item.table for number in changes for item in trail.statements[number].items}
    own = tuple(one for one in found if one.item.table in tables)
    return Match(key=span.key, standing=Standing.MISMATCH, differences=own)
