"""A schema as values: what a catalogue holds, described by definition and not by generated names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ItemKind(StrEnum):
    """The kinds of object that migrations make."""

    TABLE = "table"
    COLUMN = "column"
    PRIMARY_KEY = "primary key"
    UNIQUE = "unique constraint"
    CHECK = "check constraint"
    EXCLUSION = "exclusion constraint"
    FOREIGN_KEY = "foreign key"
    INDEX = "index"
    TRIGGER = "trigger"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One object of a schema.

    ``subject`` is what the object is about within its table: a column's name, the columns and expressions of
    an index or constraint, a trigger's name; empty for tables and views. ``attributes`` is the rest of the
    definition, in a fixed order. Two items are equal where they are defined alike: ``name``, which Django
    generates for most of them, does not count.
    """

    kind: ItemKind
    table: str
    subject: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    name: str = field(default="", compare=False)

    @property
    def place(self) -> tuple[ItemKind, str, str]:
        """What pairs an item with its counterpart in another schema, whatever its attributes."""
        return self.kind, self.table, self.subject

    @property
    def refuses_rows_without_it(self) -> bool:
        """Whether this is a column that an INSERT must name: not null, and nothing fills it."""
        attributes = dict(self.attributes)
        filled = any(attributes.get(name) for name in ("default", "generated", "identity", "extra"))
        return self.kind is ItemKind.COLUMN and attributes.get("null") == "no" and not filled

    def __str__(self) -> str:
        """Name the object for a person: ``column catalog_product.price``, ``index on catalog_product (sku)``."""
        if self.kind in {ItemKind.COLUMN, ItemKind.TRIGGER}:
            return f"{self.kind} {self.table}.{self.subject}"
        if self.subject:
            return f"{self.kind} on {self.table} ({self.subject})"
        return f"{self.kind} {self.table}"


@dataclass(frozen=True, slots=True)
class Schema:
    """All items of one schema. Equal items may occur more than once: two indexes can be defined alike."""

    items: tuple[Item, ...]

    @classmethod
    def of(cls, items: Iterable[Item]) -> Schema:
        """Make a schema of items in any order."""
        return cls(
            tuple(sorted(items, key=lambda item: (item.table, item.kind, item.subject, item.attributes)))
        )

    def tables(self) -> frozenset[str]:
        """Return the names of its tables."""
        return frozenset(item.table for item in self.items if item.kind is ItemKind.TABLE)

    def only(self, tables: frozenset[str]) -> Schema:
        """Return the part of the schema that belongs to some tables and views."""
        return Schema(tuple(item for item in self.items if item.table in tables))


class Verdict(StrEnum):
    """How an object stands between a promised schema and a live one."""

    MISSING = "missing"
    DIFFERENT = "different"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One object that is not alike in both schemas."""

    verdict: Verdict
    promised: Item | None = None
    live: Item | None = None

    @property
    def item(self) -> Item:
        """The promised item; the live one where nothing was promised."""
        found = self.promised or self.live
        if found is None:
            raise ValueError("a difference is about an item")
        return found

    def attributes(self) -> Mapping[str, tuple[str, str]]:
        """The attributes that differ, each with the promised value and the live one; empty text for none."""
        promised = dict(self.promised.attributes) if self.promised else {}
        live = dict(self.live.attributes) if self.live else {}
        names = [*promised, *(name for name in live if name not in promised)]
        return {
            name: (promised.get(name, ""), live.get(name, ""))
            for name in names
            if promised.get(name, "") != live.get(name, "")
        }


def differences(promised: Schema, live: Schema) -> tuple[Difference, ...]:
    """Compare by definition. A table that is missing or extra stands for everything in it."""
    return tuple(_differences(promised, live))


def _differences(promised: Schema, live: Schema) -> Iterator[Difference]:
    missing = Counter(promised.items) - Counter(live.items)
    extra = Counter(live.items) - Counter(promised.items)
    gone = {item.table for item in missing if item.kind is ItemKind.TABLE}
    new = {item.table for item in extra if item.kind is ItemKind.TABLE}
    unpaired: dict[tuple[ItemKind, str, str], list[Item]] = {}
    for item in sorted(extra.elements(), key=lambda item: (item.table, item.kind, item.subject)):
        unpaired.setdefault(item.place, []).append(item)
    for item in sorted(missing.elements(), key=lambda item: (item.table, item.kind, item.subject)):
        if item.table in gone and item.kind is not ItemKind.TABLE:
            continue
        counterparts = unpaired.get(item.place)
        if counterparts:
            yield Difference(verdict=Verdict.DIFFERENT, promised=item, live=counterparts.pop(0))
        else:
            yield Difference(verdict=Verdict.MISSING, promised=item)
    for items in unpaired.values():
        for item in items:
            if item.table not in new or item.kind is ItemKind.TABLE:
                yield Difference(verdict=Verdict.EXTRA, live=item)
