"""Family 1xx, first part: what is recorded in a database, beside what is on disk."""

from __future__ import annotations

from collections.abc import Iterator

from ..explanations import Kind
from ..findings import Fix
from ..fixes import look_at_sql, manage, record, recorder, run_out_of_turn, unrecord
from ..snapshot import MigrationKey, TroubleKind, dotted
from .registry import Case, Statement, rule


@rule("E101", "database-silent", blocks_traffic=True)
def database_silent(case: Case) -> Iterator[Statement]:
    """A database that gives no answer serves no requests, and nothing about its migrations is known."""
    trouble = case.snapshot.records.trouble
    if trouble is None or trouble.kind is TroubleKind.ROUTER:
        return
    is_file = case.snapshot.vendor == "sqlite"
    ways_out = {
        TroubleKind.UNREACHABLE: "Mend NAME in the DATABASES settings of this alias, or the rights to the file."
        if is_file
        else "Start the server, or mend the DATABASES settings of this alias.",
        TroubleKind.UNREADABLE: "Mend what the reason names.",
        TroubleKind.TIMEOUT: "Find the session that holds django_migrations locked, or the server that hangs.",
        TroubleKind.DENIED: "Grant this user SELECT on the table django_migrations.",
    }
    yield Statement(
        message=f"Database '{case.snapshot.alias}' {trouble.kind.value}: {trouble.reason}",
        fixes=(Fix(summary=ways_out[trouble.kind]),),
        evidence={"reason": trouble.reason},
    )


def _has_no_history(case: Case) -> bool:
    """Tell whether nothing is recorded where something should be: no history table, or an empty one beside tables."""
    records = case.snapshot.records
    nothing = records.rows is None or (not records.rows and bool(records.tables))
    return nothing and records.trouble is None and bool(case.snapshot.pending)


@rule("W102", "database-empty", blocks_traffic=True)
def database_empty(case: Case) -> Iterator[Statement]:
    """Nothing was ever migrated here, so every table that the code reads is absent."""
    if _has_no_history(case) and not case.snapshot.records.tables:
        number = len(case.snapshot.pending)
        count = "its one migration is" if number == 1 else f"all {number} migrations are"
        yield Statement(
            message=f"Database '{case.snapshot.alias}' has no table django_migrations and none of the project's "
            f"tables; {count} pending.",
            fixes=(_migrate(case, "Create the tables"),),
        )


@rule("E103", "history-lost", blocks_traffic=True)
def history_lost(case: Case) -> Iterator[Statement]:
    """The tables are there and the record of what made them is not: migrate would create them again and fail.

    A dump was restored without `django_migrations`, somebody dropped the table, or the tables were made by
    other means than migrations. A `migrate` that was tried since has failed and left the table empty. Recording
    everything unseen with `migrate --fake` would hide whatever differs; `--fake-initial` compares no more than
    names.
    """
    tables = case.snapshot.records.tables
    if _has_no_history(case) and tables:
        shown = ", ".join(tables[:5]) + (f" and {len(tables) - 5} more" if len(tables) > 5 else "")
        yield Statement(
            message=f"Database '{case.snapshot.alias}' has {len(tables)} of the project's tables ({shown}) "
            f"and {'no' if case.snapshot.records.rows is None else 'an empty'} table django_migrations.",
            fixes=(
                Fix(
                    summary="Restore django_migrations from the backup or dump that this database came from."
                ),
                Fix(summary="Where the data is worth nothing, drop the tables and migrate from empty."),
            ),
            evidence={"tables": ", ".join(tables)},
        )


@rule("E104", "inconsistent-history")
def inconsistent_history(case: Case) -> Iterator[Statement]:
    """Django refuses every migrate here until this is solved: solve this first.

    A migration is recorded and one that it depends on is not. `migrate`, `--fake`, `--prune` and `--check`
    all stop; Django's recorder still works. It comes from rows edited by hand, from a dependency that was
    added to a migration already applied, or from a dump of a part of the tables.
    """
    alias = case.snapshot.alias
    graph = case.snapshot.graph
    for applied, missing in graph.inconsistent if graph else ():
        yield Statement(
            message=f"{dotted(applied)} is applied before its dependency {dotted(missing)} on database '{alias}'.",
            key=applied,
            fixes=(
                *_take_in(case, missing),
                Fix(
                    summary=f"Where {dotted(applied)} was never run here, remove its row.",
                    commands=(recorder(alias, unrecord(applied)),),
                ),
            ),
            evidence={"missing": dotted(missing)},
        )


def _ghosts(case: Case) -> set[MigrationKey]:
    return {row.key for row in case.rows if row.kind is Kind.GHOST_SQUASH}


def _take_in(case: Case, key: MigrationKey) -> tuple[Fix, ...]:
    """Offer both ways to have a migration applied of which Django's commands will have nothing."""
    alias = case.snapshot.alias
    due = _unrecorded(case, key)
    return (
        Fix(
            summary=f"Read what {dotted(key)} does; where the schema has all of it, record it.",
            commands=(look_at_sql(key, alias=alias), recorder(alias, *map(record, due))),
        ),
        Fix(
            summary=f"Where the schema has none of {dotted(key)}, run it out of turn.",
            commands=(run_out_of_turn(key, alias=alias),),
        ),
    )


def _unrecorded(case: Case, key: MigrationKey) -> tuple[MigrationKey, ...]:
    """Return what must be recorded for a migration to be applied: of a squash, all that it replaces and itself."""
    targets = case.snapshot.disk.squashes().get(key, frozenset()) | {key}
    return tuple(sorted(targets - frozenset(case.snapshot.records.rows or ())))


def _told_otherwise(case: Case) -> set[MigrationKey]:
    """Pending migrations that another finding explains better than 'not applied'."""
    ghosts = _ghosts(case)
    skipped = set(case.snapshot.graph.skipped) if case.snapshot.graph else set()
    renamed = {row.partner for row in case.rows if row.kind is Kind.RENAMED and row.partner}
    return ghosts | skipped | renamed


@rule("W105", "pending", blocks_traffic=True)
def pending(case: Case) -> Iterator[Statement]:
    """The code of this release expects a schema that is not there yet."""
    if case.snapshot.records.rows is None or _has_no_history(case):
        return
    otherwise = _told_otherwise(case)
    fix = _migrate(case, "Apply what is pending")
    for key in case.snapshot.pending:
        if key not in otherwise:
            yield Statement(
                message=f"{dotted(key)} is not applied to database '{case.snapshot.alias}'.",
                key=key,
                fixes=(fix,),
            )


def _migrate(case: Case, summary: str) -> Fix:
    """Offer ``migrate``, and say so where it would refuse, or apply what the schema already has."""
    graph = case.snapshot.graph
    in_the_way = {Kind.RENAMED, Kind.GHOST_SQUASH, Kind.BROKEN_SQUASH}
    later = bool(graph and (graph.conflicts or graph.inconsistent)) or any(
        row.kind in in_the_way for row in case.rows
    )
    return Fix(
        summary=f"{summary}, after the errors are solved." if later else f"{summary}.",
        commands=(manage("migrate", alias=case.snapshot.alias),),
    )


@rule("I106", "record-only")
def record_only(case: Case) -> Iterator[Statement]:
    """Django takes a squash for applied when all that it replaces is; the next migrate writes its row, no more."""
    for key in case.snapshot.record_only:
        yield Statement(
            message=f"{dotted(key)} is applied by what it replaces and not recorded itself.",
            key=key,
            fixes=(_migrate(case, "Let migrate record it"),),
        )


@rule("E107", "skipped", blocks_traffic=True)
def skipped(case: Case) -> Iterator[Statement]:
    """Django will never run a migration when one that depends on it is recorded: migrate plans nothing before that.

    `migrate --check` and `migrate --plan` say that there is nothing to do, while the code expects what this
    migration makes.
    """
    alias = case.snapshot.alias
    ghosts = _ghosts(case)
    for key in case.snapshot.graph.skipped if case.snapshot.graph else ():
        if key not in ghosts and key[0] not in case.snapshot.kept_off:
            yield Statement(
                message=f"{dotted(key)} is not applied to database '{alias}', and migrate will skip it.",
                key=key,
                fixes=_take_in(case, key),
            )
