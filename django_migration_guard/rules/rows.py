"""Family 1xx, second part: what the explanation of single rows calls for."""

from __future__ import annotations

from collections.abc import Iterator

from ..explanations import Explanation, Kind, broken_squashes
from ..findings import Fix
from ..fixes import keep_first_row, look_at_sql, manage, record, recorder, rename_row, restore_file, unrecord
from ..snapshot import MigrationKey, dotted
from .registry import Case, Statement, rule


def _of(case: Case, *kinds: Kind) -> Iterator[Explanation]:
    return (row for row in case.rows if row.kind in kinds)


def _names(keys: tuple[MigrationKey, ...]) -> str:
    return ", ".join(dotted(key) for key in keys)


def _evidence(row: Explanation) -> dict[str, str]:
    evidence = {"explanation": row.kind.value}
    if row.evidence:
        evidence["because"] = row.evidence
    if row.recorded_at is not None:
        evidence["recorded at"] = row.recorded_at.isoformat()
    return evidence


@rule("W110", "orphaned-ahead")
def orphaned_ahead(case: Case) -> Iterator[Statement]:
    """A newer release has migrated this database, or the code was rolled back; this release may go on serving.

    The row was written after this release's own last migration of the app. In a rolling deploy every node
    of the old release sees this until it is replaced, so it never blocks traffic.
    """
    yield from _orphans(
        case, Kind.AHEAD, "is recorded after this release's last migration of the app, and has no file"
    )


@rule("W111", "orphaned")
def orphaned(case: Case) -> Iterator[Statement]:
    """The schema holds something that no file of this release explains, and no command can take back.

    The branch was switched after its migration was applied, the file was deleted, or the database came from
    somewhere else. Where git has the file, the evidence names the commit, its author and date, and the
    branches that still hold it.
    """
    yield from _orphans(case, Kind.ELSEWHERE, "is recorded, and its file is only elsewhere in git")
    yield from _orphans(case, Kind.LOST, "is recorded, and has no file here and none in git")
    yield from _orphans(case, Kind.ORPHANED, "is recorded, and has no file")


def _orphans(case: Case, kind: Kind, message: str) -> Iterator[Statement]:
    for row in _of(case, kind):
        if row.key[0] in case.snapshot.kept_off:
            continue
        trace = (case.snapshot.traces or {}).get(row.key)
        fixes: list[Fix] = []
        evidence = _evidence(row)
        place = ""
        if trace is not None:
            fixes.append(restore_file(trace, row.key))
            branches = ", ".join(trace.branches)
            holder = f"branch {branches}, commit" if branches else "deleted, last in commit"
            place = f" ({holder} {trace.commit[:12]} by {trace.author})"
            evidence |= {
                "commit": trace.commit,
                "author": trace.author,
                "date": trace.date,
                "path": trace.path,
            }
            evidence |= {"branches": branches} if branches else {}
        if kind is Kind.LOST and case.snapshot.graph is not None:
            fixes.append(_prune(case, row.key[0]) or _remove(case, row.key))
        yield Statement(
            message=f"{dotted(row.key)} {message}{place}.", key=row.key, fixes=tuple(fixes), evidence=evidence
        )


def _prune(case: Case, app_label: str) -> Fix | None:
    """Offer Django's own ``--prune`` where it removes nothing but rows that may go."""
    alias = case.snapshot.alias
    may_go = {Kind.LOST, Kind.LEFT_OVER}
    stays = {Kind.ACTIVE, Kind.DUPLICATE}
    rows = [row for row in case.rows if row.key[0] == app_label]
    if any(row.kind not in may_go | stays for row in rows) or case.snapshot.graph is None:
        return None
    if case.snapshot.graph.conflicts or case.snapshot.graph.inconsistent:
        return None
    going = tuple(row.key for row in rows if row.kind in may_go)
    return Fix(
        summary=f"Delete the rows of {app_label} that have no file ({_names(going)}); the schema stays as it is.",
        commands=(manage("migrate", app_label, "--prune", alias=alias),),
    )


def _remove(case: Case, key: MigrationKey) -> Fix:
    return Fix(
        summary=f"Remove the row of {dotted(key)}; the schema stays as it is.",
        commands=(recorder(case.snapshot.alias, unrecord(key)),),
    )


@rule("E112", "renamed", blocks_traffic=True)
def renamed(case: Case) -> Iterator[Statement]:
    """Django knows migrations by name alone: under its new name it would apply the same operations again.

    A file was renamed or renumbered after it had been applied. `migrate` then ends in "already exists"; on
    SQLite, where a table is remade for a new column, it can say OK and wipe the column's data.
    """
    for row in _of(case, Kind.RENAMED):
        if row.partner is not None:
            yield Statement(
                message=f"{dotted(row.key)} is recorded without a file, and {dotted(row.partner)} is pending: "
                f"{row.evidence}.",
                key=row.key,
                fixes=(
                    Fix(
                        summary=f"Where both are the same migration, give the row the new name {row.partner[1]}.",
                        commands=(recorder(case.snapshot.alias, rename_row(row.key, row.partner)),),
                    ),
                    *_apply_another(case, row.key, row.partner),
                ),
                evidence=_evidence(row) | {"pending": dotted(row.partner)},
            )


def _apply_another(case: Case, recorded: MigrationKey, pending: MigrationKey) -> Iterator[Fix]:
    """Name the other way where only a number or a name speaks for a rename: git was not asked, or has no file."""
    if recorded not in (case.snapshot.traces or {}):
        look = " ".join(look_at_sql(pending, alias=case.snapshot.alias))
        apply = " ".join(manage("migrate", alias=case.snapshot.alias))
        yield Fix(
            summary=f"Where {dotted(pending)} is another migration, of which the schema has nothing ({look} shows "
            f"what it does), apply it with {apply}; the row of {dotted(recorded)} is then orphaned."
        )


@rule("I113", "app-not-installed")
def app_not_installed(case: Case) -> Iterator[Statement]:
    """Rows of an app that was taken out, or not yet put in, do no harm; its tables stay until somebody drops them."""
    yield from _by_app(case, Kind.APP_NOT_INSTALLED, "no installed app has this label")


@rule("I114", "switched-off")
def switched_off(case: Case) -> Iterator[Statement]:
    """Rows of an app whose migrations the settings switch off do no harm; Django neither reads nor prunes them."""
    yield from _by_app(case, Kind.SWITCHED_OFF, "MIGRATION_MODULES sets it to None")


@rule("I119", "app-without-migrations")
def app_without_migrations(case: Case) -> Iterator[Statement]:
    """Rows of an app that has no migrations any more do no harm; Django neither reads nor prunes them."""
    yield from _by_app(case, Kind.NO_MIGRATIONS, "the app has no migrations on disk")


def _by_app(case: Case, kind: Kind, because: str) -> Iterator[Statement]:
    rows: dict[str, list[MigrationKey]] = {}
    for row in _of(case, kind):
        rows.setdefault(row.key[0], []).append(row.key)
    for app_label, keys in sorted(rows.items()):
        count = f"{len(keys)} migration{'s' if len(keys) != 1 else ''}"
        yield Statement(
            message=f"{app_label} has {count} recorded, and {because}.",
            app_label=app_label,
            evidence={"rows": _names(tuple(keys))},
        )


@rule("I115", "left-over")
def left_over(case: Case) -> Iterator[Statement]:
    """The end of a squash leaves the rows of what it replaced; they do no harm and may be pruned."""
    by_app: dict[str, list[Explanation]] = {}
    for row in _of(case, Kind.LEFT_OVER):
        by_app.setdefault(row.key[0], []).append(row)
    for app_label, rows in sorted(by_app.items()):
        prune = _prune(case, app_label)
        for row in rows:
            fix = prune or _remove(case, row.key)
            yield Statement(
                message=f"{dotted(row.key)} is recorded, and its file went with the squash: {row.evidence}.",
                key=row.key,
                fixes=(fix,) if case.snapshot.graph is not None else (),
                evidence=_evidence(row),
            )


@rule("E116", "ghost-squash", blocks_traffic=True)
def ghost_squash(case: Case) -> Iterator[Statement]:
    """Django goes by the rows of what a squash replaces and not by its own: it takes this one for unapplied.

    Only the row of the squash is there, or some of the rows that it replaces are missing. `migrate` would
    run it from the start and die with "already exists"; with a later migration recorded it plans nothing and
    says nothing. The rows of what it replaces were pruned too early, or the database was made by hand.
    """
    broken = {one.squash for one in broken_squashes(case.snapshot)}
    squashes = case.snapshot.disk.squashes()
    recorded = frozenset(case.snapshot.records.rows or ())
    for row in _of(case, Kind.GHOST_SQUASH):
        if row.key not in broken and row.key[0] not in case.snapshot.kept_off:
            missing = tuple(sorted(squashes[row.key] - recorded))
            yield Statement(
                message=f"{dotted(row.key)} is recorded, and of what it replaces {_names(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} not: Django takes the squash for unapplied.",
                key=row.key,
                fixes=(
                    Fix(
                        summary="Where the schema has all of the squash, record what it replaces.",
                        commands=(recorder(case.snapshot.alias, *map(record, missing)),),
                    ),
                    Fix(summary="Where every database has the squash, take 'replaces' out of its file."),
                ),
                evidence=_evidence(row) | {"missing": _names(missing)},
            )


@rule("E117", "broken-squash", blocks_traffic=True)
def broken_squash(case: Case) -> Iterator[Statement]:
    """Django drops this squash and what it replaces from the graph, and skips that work in silence.

    Some of the migrations that it replaces are recorded and the files of the others are gone, so neither the
    squash nor the originals can run. `migrate --check` exits 0 on it.
    """
    squashes = case.snapshot.disk.squashes()
    rows = frozenset(case.snapshot.records.rows or ())
    for broken in broken_squashes(case.snapshot):
        if broken.squash[0] in case.snapshot.kept_off:
            continue
        missing = sorted(squashes[broken.squash] - rows)
        yield Statement(
            message=f"{dotted(broken.squash)} replaces {_names(broken.recorded)}, recorded, and {_names(broken.gone)}, "
            "neither recorded nor on disk: Django drops all of them.",
            key=broken.squash,
            fixes=(
                Fix(
                    summary=f"Bring the files of {_names(broken.gone)} back from version control, and migrate."
                ),
                Fix(
                    summary="Where the schema has all of the squash, record what is missing.",
                    commands=(recorder(case.snapshot.alias, *map(record, missing)),),
                ),
            ),
            evidence={"recorded": _names(broken.recorded), "gone": _names(broken.gone)},
        )


@rule("W118", "duplicate-row")
def duplicate_row(case: Case) -> Iterator[Statement]:
    """Two rows for one migration mean that two migrate runs raced, and both may have changed the schema."""
    for key in sorted({row.key for row in _of(case, Kind.DUPLICATE)}):
        times = sum(row.key == key for row in case.rows)
        yield Statement(
            message=f"{dotted(key)} is recorded {times} times on database '{case.snapshot.alias}'.",
            key=key,
            fixes=(
                Fix(
                    summary="Keep the oldest row and remove the others.",
                    commands=(recorder(case.snapshot.alias, keep_first_row(key)),),
                ),
            ),
            evidence={"rows": str(times)},
        )
