"""Family 3xx: the live schema beside what the applied migrations promise."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Fix
from ..schema.values import Difference, Item, Verdict
from ..snapshot import dotted
from .registry import Case, Statement, rule


def _of(case: Case, verdict: Verdict) -> Iterator[Difference]:
    reading = case.snapshot.schema
    return (one for one in (reading.differences if reading else ()) if one.verdict is verdict)


def _said(case: Case, one: Difference, message: str) -> Statement:
    reading = case.snapshot.schema
    evidence = {
        name: f"promised {was or 'nothing'}, is {now or 'nothing'}"
        for name, (was, now) in one.attributes().items()
    }
    pattern = str(one.item)
    return Statement(
        message=message,
        app_label=reading.app_labels.get(one.item.table) if reading else None,
        fixes=(Fix(summary=f'Where this is meant, add "{pattern}" to MIGRATION_GUARD["DRIFT_IGNORE"].'),),
        evidence=evidence | {"object": pattern, "name": one.item.name},
    )


def _definition(item: Item) -> str:
    shown = ", ".join(f"{name} {value}" for name, value in item.attributes)
    return f" ({shown})" if shown else ""


@rule("E301", "schema-missing")
def schema_missing(case: Case) -> Iterator[Statement]:
    """The code counts on an object that the applied migrations promise and the database has not.

    Somebody changed the schema by hand, a migration was recorded without being run, or one died half-way
    where the engine has no transactions for DDL.
    """
    for one in _of(case, Verdict.MISSING):
        yield _said(
            case, one, f"{one.item} is missing from database '{case.snapshot.alias}'{_definition(one.item)}."
        )
    for one in _of(case, Verdict.EXTRA):
        if one.item.refuses_rows_without_it:
            yield _said(
                case,
                one,
                f"{one.item} of database '{case.snapshot.alias}' is in no migration, refuses NULL and has no default: "
                "no row can be added by this code.",
            )


@rule("W302", "schema-different")
def schema_different(case: Case) -> Iterator[Statement]:
    """An object is defined otherwise than the applied migrations say, so what holds elsewhere may not hold here."""
    for one in _of(case, Verdict.DIFFERENT):
        differing = "; ".join(
            f"{name}: promised {was or 'nothing'}, is {now or 'nothing'}"
            for name, (was, now) in one.attributes().items()
        )
        yield _said(case, one, f"{one.item} differs on database '{case.snapshot.alias}': {differing}.")


@rule("I303", "schema-extra")
def schema_extra(case: Case) -> Iterator[Statement]:
    """The database holds an object that no applied migration makes; a database may hold more than Django knows."""
    for one in _of(case, Verdict.EXTRA):
        if not one.item.refuses_rows_without_it:
            yield _said(
                case, one, f"{one.item} of database '{case.snapshot.alias}' is in no applied migration."
            )


@rule("W304", "promise-unknown")
def promise_unknown(case: Case) -> Iterator[Statement]:
    """What a migration promises is not known where it could not be replayed; its part of the schema is unchecked."""
    reading = case.snapshot.schema
    for key, reason in sorted((reading.not_replayed if reading else {}).items()):
        yield Statement(
            message=f"{dotted(key)} could not be replayed: {reason}", key=key, evidence={"reason": reason}
        )


@rule("W305", "drift-not-checked")
def drift_not_checked(case: Case) -> Iterator[Statement]:
    """Nothing is known of the schema: it was to be compared and could not be, which is not the same as no drift."""
    reading = case.snapshot.schema
    if reading is not None and reading.refused:
        yield Statement(
            message=f"The schema of database '{case.snapshot.alias}' was not compared: {reading.refused}.",
            evidence={"reason": reading.refused},
        )
