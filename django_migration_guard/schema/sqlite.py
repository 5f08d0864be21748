"""SQLite's catalogue as items, in four queries however many tables there are.

Source: "PRAGMA functions" and "The Schema Table" of SQLite's documentation. What no PRAGMA tells (check
constraints, collations, deferrable foreign keys) is read from the text of ``CREATE TABLE``, which SQLite keeps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .ddl import Definition, parse_table, squeezed
from .values import Item, ItemKind

_OBJECTS = """
SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
"""
_COLUMNS = """
SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid
"""
_FOREIGN_KEYS = """
SELECT m.name, f.id, f."table", f."from", f."to", f.on_update, f.on_delete
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq
"""
_INDEXES = """
SELECT m.name, i.name, i."unique", i.origin, i.partial, x.name, x."desc", x.coll, x.key
FROM sqlite_master m JOIN pragma_index_list(m.name) i JOIN pragma_index_xinfo(i.name) x
WHERE m.type = 'table' AND x.key ORDER BY m.name, i.name, x.seqno
"""


def read_items(cursor: Any) -> Iterator[Item]:
    """Read the main database. Holds no lock after the last row."""
    cursor.execute(_OBJECTS)
    objects = cursor.fetchall()
    parsed = {name: parse_table(sql) for kind, name, _, sql in objects if kind == "table"}
    index_sql = {name: sql for kind, name, _, sql in objects if kind == "index"}
    for kind, name, table, sql in objects:
        if kind == "table":
            yield Item(kind=ItemKind.TABLE, table=name, name=name)
            yield from _checks(name, parsed[name])
        elif kind == "view":
            text = re.sub(r"(?is)^.*?\bAS\b", "", sql, count=1)
            yield Item(
                kind=ItemKind.VIEW, table=name, attributes=(("definition", squeezed(text)),), name=name
            )
        elif kind == "trigger":
            text = re.sub(r"(?is)^CREATE\s+TRIGGER\s+(\"[^\"]+\"|\S+)\s*", "", sql)
            yield Item(
                kind=ItemKind.TRIGGER,
                table=table,
                subject=name,
                attributes=(("definition", squeezed(text)),),
                name=name,
            )
    cursor.execute(_COLUMNS)
    yield from _columns([row for row in cursor.fetchall() if row[0] in parsed], parsed)
    cursor.execute(_FOREIGN_KEYS)
    yield from _foreign_keys([row for row in cursor.fetchall() if row[0] in parsed], parsed)
    cursor.execute(_INDEXES)
    yield from _indexes([row for row in cursor.fetchall() if row[0] in parsed], index_sql)


def _filled(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs if value)


def _checks(table: str, definition: Definition) -> Iterator[Item]:
    for expression in definition.checks:
        columns = [
            column for column in definition.columns if re.search(rf"\"{re.escape(column)}\"", expression)
        ]
        yield Item(
            kind=ItemKind.CHECK,
            table=table,
            subject=", ".join(columns),
            attributes=(("definition", expression),),
        )


def _columns(rows: list[Any], parsed: dict[str, Definition]) -> Iterator[Item]:
    keys: dict[str, list[tuple[int, str]]] = {}
    for table, name, written_type, not_null, default, key, hidden in rows:
        written = parsed[table].columns.get(name)
        if hidden == 1:
            continue
        if key:
            keys.setdefault(table, []).append((key, name))
        pairs = (
            ("type", re.sub(r"(?i)\s*GENERATED ALWAYS$", "", written_type)),
            ("null", "no" if not_null else "yes"),
            ("default", "" if default is None else str(default)),
            ("generated", written.generated if written else ""),
            ("identity", "autoincrement" if written and written.autoincrement else ""),
            ("collation", written.collation if written else ""),
        )
        yield Item(kind=ItemKind.COLUMN, table=table, subject=name, attributes=_filled(pairs), name=name)
    for table, columns in keys.items():
        yield Item(
            kind=ItemKind.PRIMARY_KEY, table=table, subject=", ".join(name for _, name in sorted(columns))
        )


def _foreign_keys(rows: list[Any], parsed: dict[str, Definition]) -> Iterator[Item]:
    keys: dict[tuple[str, int], list[Any]] = {}
    for row in rows:
        keys.setdefault((row[0], row[1]), []).append(row)
    for (table, _), parts in keys.items():
        _, _, target, _, _, updated, deleted = parts[0]
        columns = ", ".join(part[3] for part in parts)
        targets = ", ".join(part[4] or "" for part in parts)
        pairs = (
            ("references", f"{target} ({targets})"),
            ("on update", updated),
            ("on delete", deleted),
            ("deferrable", "initially deferred" if columns in parsed[table].deferred else ""),
        )
        yield Item(kind=ItemKind.FOREIGN_KEY, table=table, subject=columns, attributes=_filled(pairs))


def _indexes(rows: list[Any], texts: dict[str, str]) -> Iterator[Item]:
    indexes: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        indexes.setdefault((row[0], row[1]), []).append(row)
    for (table, name), parts in indexes.items():
        _, _, unique, origin, partial, *_ = parts[0]
        if origin == "pk":
            continue
        text = squeezed(texts.get(name, ""))
        written = re.search(r"(?is)\bON\s+(\"[^\"]+\"|\S+)\s*(\(.*)$", text)
        columns = [f"{part[5]}{' DESC' if part[6] else ''}" for part in parts if part[5] is not None]
        if written and (len(columns) < len(parts) or partial or any(part[7] != "BINARY" for part in parts)):
            definition = written[2]
        else:
            definition = f"({', '.join(columns)})"
        subject = ", ".join(part[5] for part in parts if part[5] is not None) or definition
        yield Item(
            kind=ItemKind.UNIQUE if unique else ItemKind.INDEX,
            table=table,
            subject=subject,
            attributes=(("definition", definition),),
            name=name,
        )
