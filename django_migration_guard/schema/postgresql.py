"""PostgreSQL's catalogue as items, in five queries however many tables there are.

Source: chapter "System Catalogs" of PostgreSQL's manual. Definitions come from the ``pg_get_*`` functions,
which print the parsed form: what was written differently and means the same compares equal. They leave out the
schema of what the search path finds, so a schema must be read while it is the first in the search path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .values import Item, ItemKind

_NOT_OF_AN_EXTENSION = """NOT EXISTS (
    SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"""

# Tables, views and sequences of the first schema in the search path; partitions belong to their parent.
_RELATIONS = f"""
SELECT c.oid, c.relname, c.relkind::text, coalesce(obj_description(c.oid, 'pg_class'), ''),
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid, true) ELSE '' END,
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) ELSE '' END
FROM pg_class c
WHERE c.relnamespace = %s::oid AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
  AND {_NOT_OF_AN_EXTENSION}
"""  # noqa: S608 - a constant

_COLUMNS = """
SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       coalesce(pg_get_expr(def.adbin, def.adrelid), ''), a.attidentity::text, a.attgenerated::text,
       CASE WHEN a.attcollation <> t.typcollation THEN coll.collname ELSE '' END,
       coalesce(col_description(a.attrelid, a.attnum), ''),
       EXISTS (SELECT 1 FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
               WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                 AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'a')
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation coll ON coll.oid = a.attcollation
LEFT JOIN pg_attrdef def ON def.adrelid = a.attrelid AND def.adnum = a.attnum
WHERE a.attrelid = ANY(%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
"""

_CONSTRAINTS = """
SELECT k.conrelid, k.conname, k.contype::text, pg_get_constraintdef(k.oid, true),
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i),
       f.relname, fn.oid = k.connamespace, fn.nspname,
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, i)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i),
       k.confupdtype::text, k.confdeltype::text, k.confmatchtype::text,
       k.condeferrable, k.condeferred, k.convalidated, k.conindid
FROM pg_constraint k
LEFT JOIN pg_class f ON f.oid = k.confrelid
LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
WHERE k.conrelid = ANY(%s::oid[]) AND k.contype IN ('p', 'u', 'c', 'f', 'x') AND k.conparentid = 0
"""

_INDEXES = """
SELECT i.indrelid, i.indexrelid, x.relname, i.indisunique, i.indisprimary, i.indisvalid AND i.indisready,
       pg_get_indexdef(i.indexrelid, 0, true),
       ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, true) FROM generate_series(1, i.indnkeyatts) n ORDER BY n)
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indrelid = ANY(%s::oid[])
"""

_TRIGGERS = """
SELECT g.tgrelid, g.tgname, pg_get_triggerdef(g.oid, true)
FROM pg_trigger g
WHERE g.tgrelid = ANY(%s::oid[]) AND NOT g.tgisinternal
"""

_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_MATCHES = {"s": "SIMPLE", "f": "FULL", "p": "PARTIAL"}
_GENERATED = {"s": "stored", "v": "virtual"}
_IDENTITIES = {"a": "always", "d": "by default"}
_RELATIONS_BY_KIND = {
    "r": ItemKind.TABLE,
    "p": ItemKind.TABLE,
    "v": ItemKind.VIEW,
    "m": ItemKind.MATERIALIZED_VIEW,
}


def read_items(cursor: Any) -> Iterator[Item]:
    """Read the first schema of the search path. Takes no lock beyond ACCESS SHARE on catalogues."""
    cursor.execute(
        "SELECT coalesce(to_regnamespace(quote_ident(current_schema()))::oid, pg_my_temp_schema())"
    )
    cursor.execute(_RELATIONS, cursor.fetchone())
    relations = cursor.fetchall()
    names = {oid: name for oid, name, *_ in relations}
    oids = [list(names)]
    yield from (_relation(row) for row in relations)
    cursor.execute(_COLUMNS, oids)
    tables = {oid for oid, _, kind, *_ in relations if kind in "rp"}
    yield from (_column(names[row[0]], row[1:]) for row in cursor.fetchall() if row[0] in tables)
    cursor.execute(_CONSTRAINTS, oids)
    constraints = cursor.fetchall()
    yield from _constraints(names, constraints)
    cursor.execute(_INDEXES, oids)
    yield from _indexes(names, cursor.fetchall(), {row[-1]: row for row in constraints if row[2] in "pux"})
    cursor.execute(_TRIGGERS, oids)
    yield from (_trigger(names[oid], name, text) for oid, name, text in cursor.fetchall())


def _filled(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs if value)


def _relation(row: Any) -> Item:
    _, name, kind, comment, view, partition = row
    pairs = (("definition", view.strip()), ("partitioned by", partition), ("comment", comment))
    return Item(kind=_RELATIONS_BY_KIND[kind], table=name, attributes=_filled(pairs), name=name)


def _column(table: str, row: Any) -> Item:
    name, written_type, not_null, default, identity, generated, collation, comment, owns_sequence = row
    if owns_sequence and default.startswith("nextval("):
        default = "nextval(its own sequence)"
    pairs = (
        ("type", written_type),
        ("null", "no" if not_null else "yes"),
        ("default", "" if generated else default),
        ("generated", f"{_GENERATED[generated]}: {default}" if generated else ""),
        ("identity", _IDENTITIES.get(identity, "")),
        ("collation", collation),
        ("comment", comment),
    )
    return Item(kind=ItemKind.COLUMN, table=table, subject=name, attributes=_filled(pairs), name=name)


def _constraints(names: dict[int, str], rows: Iterable[Any]) -> Iterator[Item]:
    pairs: tuple[tuple[str, str], ...]
    for oid, name, kind, definition, columns, target, same_schema, schema, target_columns, *rest in rows:
        updated, deleted, match, deferrable, deferred, validated, _ = rest
        state = (("deferrable", _deferrable(deferrable, deferred)), ("validated", "" if validated else "no"))
        subject = ", ".join(columns)
        if kind == "c":
            pairs = (("definition", definition.removesuffix(" NOT VALID")), *state)
            yield Item(
                kind=ItemKind.CHECK, table=names[oid], subject=subject, attributes=_filled(pairs), name=name
            )
        elif kind == "x":
            pairs = (("definition", definition), *state)
            yield Item(
                kind=ItemKind.EXCLUSION,
                table=names[oid],
                subject=subject,
                attributes=_filled(pairs),
                name=name,
            )
        elif kind == "f":
            place = target if same_schema else f"{schema}.{target}"
            pairs = (
                ("references", f"{place} ({', '.join(target_columns)})"),
                ("on update", _ACTIONS[updated]),
                ("on delete", _ACTIONS[deleted]),
                ("match", _MATCHES[match]),
                *state,
            )
            yield Item(
                kind=ItemKind.FOREIGN_KEY,
                table=names[oid],
                subject=subject,
                attributes=_filled(pairs),
                name=name,
            )


def _deferrable(deferrable: bool, deferred: bool) -> str:
    return "initially deferred" if deferred else "initially immediate" if deferrable else ""


def _indexes(names: dict[int, str], rows: Iterable[Any], constraints: dict[int, Any]) -> Iterator[Item]:
    """Read indexes; a unique index and a unique constraint keep out the same rows and are one kind."""
    for table, oid, name, unique, primary, valid, definition, keys in rows:
        constraint = constraints.get(oid)
        if constraint is not None and constraint[2] == "x":
            continue
        kind = ItemKind.PRIMARY_KEY if primary else ItemKind.UNIQUE if unique else ItemKind.INDEX
        pairs = (
            ("definition", re.sub(r"^.*? USING ", "", definition, count=1, flags=re.DOTALL)),
            ("deferrable", _deferrable(constraint[-4], constraint[-3]) if constraint else ""),
            ("valid", "" if valid else "no"),
        )
        yield Item(
            kind=kind, table=names[table], subject=", ".join(keys), attributes=_filled(pairs), name=name
        )


def _trigger(table: str, name: str, text: str) -> Item:
    """Keep a trigger's name, which is its own, and what stands after its table's."""
    definition = re.sub(r"^CREATE (CONSTRAINT )?TRIGGER \S+ ", "", text)
    return Item(
        kind=ItemKind.TRIGGER, table=table, subject=name, attributes=(("definition", definition),), name=name
    )
