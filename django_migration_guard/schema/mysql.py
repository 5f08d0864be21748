"""The catalogue of MariaDB and MySQL as items, in seven queries however many tables there are.

Source: "Information Schema Tables" of both manuals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .values import Item, ItemKind

_TABLES = """
SELECT t.table_name, t.table_type, t.table_collation, t.table_comment, t.engine, coalesce(v.view_definition, '')
FROM information_schema.tables t
LEFT JOIN information_schema.views v ON v.table_schema = t.table_schema AND v.table_name = t.table_name
WHERE t.table_schema = DATABASE()
"""
_COLUMNS = """
SELECT table_name, column_name, column_type, is_nullable, column_default, extra, collation_name,
       coalesce(generation_expression, ''), column_comment
FROM information_schema.columns WHERE table_schema = DATABASE()
"""
_INDEXES = """
SELECT table_name, index_name, non_unique, seq_in_index, column_name, collation, sub_part, index_type, {expression}
FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index
"""
_FOREIGN_KEYS = """
SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_schema = DATABASE(),
       k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule
FROM information_schema.key_column_usage k
JOIN information_schema.referential_constraints r
  ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
 AND r.table_name = k.table_name
WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL
ORDER BY k.table_name, k.constraint_name, k.ordinal_position
"""
_CHECKS_MARIADB = """
SELECT table_name, constraint_name, check_clause FROM information_schema.check_constraints
WHERE constraint_schema = DATABASE()
"""
_CHECKS_MYSQL = """
SELECT t.table_name, c.constraint_name, c.check_clause FROM information_schema.check_constraints c
JOIN information_schema.table_constraints t
  ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name
 AND t.constraint_type = 'CHECK'
WHERE c.constraint_schema = DATABASE()
"""
_TRIGGERS = """
SELECT event_object_table, trigger_name, action_timing, event_manipulation, action_statement
FROM information_schema.triggers WHERE trigger_schema = DATABASE()
"""


def read_items(cursor: Any, *, mariadb: bool) -> Iterator[Item]:
    """Read the current database. Takes no lock."""
    pairs: tuple[tuple[str, Any], ...]
    cursor.execute("SELECT DATABASE()")
    own_name = f"`{cursor.fetchone()[0]}`."
    cursor.execute(_TABLES)
    relations = cursor.fetchall()
    collations = {name: collation for name, kind, collation, *_ in relations if kind == "BASE TABLE"}
    for name, kind, _, comment, engine, view in relations:
        if kind == "BASE TABLE":
            pairs = (("engine", engine), ("comment", comment))
            yield Item(kind=ItemKind.TABLE, table=name, attributes=_filled(pairs), name=name)
        elif kind == "VIEW":
            pairs = (("definition", view.replace(own_name, "")), ("comment", comment.removeprefix("VIEW")))
            yield Item(kind=ItemKind.VIEW, table=name, attributes=_filled(pairs), name=name)
    cursor.execute(_COLUMNS)
    yield from (_column(row, collations) for row in cursor.fetchall() if row[0] in collations)
    cursor.execute(_INDEXES.format(expression="NULL" if mariadb else "expression"))
    yield from _indexes(row for row in cursor.fetchall() if row[0] in collations)
    cursor.execute(_FOREIGN_KEYS)
    yield from _foreign_keys(cursor.fetchall())
    cursor.execute(_CHECKS_MARIADB if mariadb else _CHECKS_MYSQL)
    for table, name, clause in cursor.fetchall():
        pairs = (("definition", clause.replace(own_name, "")),)
        yield Item(kind=ItemKind.CHECK, table=table, subject=clause, attributes=pairs, name=name)
    cursor.execute(_TRIGGERS)
    for table, name, timing, event, statement in cursor.fetchall():
        pairs = (("definition", f"{timing} {event} {statement}".replace(own_name, "")),)
        yield Item(kind=ItemKind.TRIGGER, table=table, subject=name, attributes=pairs, name=name)


def _filled(pairs: Iterable[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in pairs if value not in (None, ""))


def _column(row: Any, collations: dict[str, str]) -> Item:
    table, name, written_type, nullable, default, extra, collation, generated, comment = row
    kind = "stored" if "STORED" in extra.upper() or "PERSISTENT" in extra.upper() else "virtual"
    words = " ".join(word for word in extra.split() if word.upper() not in {"STORED", "VIRTUAL", "GENERATED"})
    pairs = (
        ("type", written_type),
        ("null", "yes" if nullable == "YES" else "no"),
        ("default", "" if generated or default == "NULL" else default),
        ("generated", f"{kind}: {generated}" if generated else ""),
        ("extra", words.replace("DEFAULT_GENERATED", "").strip()),
        ("collation", "" if collation == collations[table] else collation),
        ("comment", comment),
    )
    return Item(kind=ItemKind.COLUMN, table=table, subject=name, attributes=_filled(pairs), name=name)


def _indexes(rows: Iterable[Any]) -> Iterator[Item]:
    indexes: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        indexes.setdefault((row[0], row[1]), []).append(row)
    for (table, name), parts in indexes.items():
        subject = ", ".join(part[4] or f"({part[8]})" for part in parts)
        columns = ", ".join(
            (part[4] or f"({part[8]})")
            + (f"({part[6]})" if part[6] else "")
            + (" DESC" if part[5] == "D" else "")
            for part in parts
        )
        kind = (
            ItemKind.PRIMARY_KEY if name == "PRIMARY" else ItemKind.INDEX if parts[0][2] else ItemKind.UNIQUE
        )
        pairs = (("definition", f"{parts[0][7].lower()} ({columns})"),)
        yield Item(kind=kind, table=table, subject=subject, attributes=pairs, name=name)


def _foreign_keys(rows: Iterable[Any]) -> Iterator[Item]:
    keys: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        keys.setdefault((row[0], row[1]), []).append(row)
    for (table, name), parts in keys.items():
        _, _, _, same, schema, target, _, updated, deleted = parts[0]
        place = target if same else f"{schema}.{target}"
        pairs = (
            ("references", f"{place} ({', '.join(part[6] for part in parts)})"),
            ("on update", updated),
            ("on delete", deleted),
        )
        subject = ", ".join(part[2] for part in parts)
        yield Item(
            kind=ItemKind.FOREIGN_KEY, table=table, subject=subject, attributes=_filled(pairs), name=name
        )
