"""Making the records agree with a schema that already holds the effects: propose, then carry out exactly that."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from .. import guard
from ..plans import Change, ResolvePlan, RowChange, digest, resolve_plan
from ..readers.migrations import current_release
from ..schema.catalogue import read_schema
from ..schema.matching import match
from ..schema.replay import Progress, replay_trail, without_concurrently
from ..schema.scratch import ScratchKind, scratch
from ..snapshot import MigrationKey
from .locks import migration_lock


class WorldChangedError(Exception):
    """The database or the files are not as they were when the plan was made; nothing was written."""


def propose(
    alias: str,
    *,
    assume: frozenset[MigrationKey] = frozenset(),
    complete: bool = False,
    kind: ScratchKind | None = None,
    progress: Progress | None = None,
) -> ResolvePlan:
    """Find out where the live schema stands in the pending migrations, and plan what may be recorded.

    Replays every migration in a scratch: as long as ``migrate`` from empty takes. Writes nothing. Raises what
    scratch and catalogue raise, and ValueError where the graph cannot be loaded.
    """
    release = current_release()
    report = guard.inspect(alias)
    rows = report.snapshot.records.rows or ()
    applied, pending = release.in_order(rows)
    with scratch(alias, kind=kind, tables=len(applied) + len(pending)) as place, without_concurrently(place):
        trail = replay_trail(place, applied, pending, unmigrated=release.unmigrated, progress=progress)
    live = read_schema(connections[alias])
    return resolve_plan(
        report.snapshot,
        report.rows,
        match(trail, live),
        parents={key: release.parents(rows, key) for key in ((one.app_label, one.name) for one in pending)},
        world=digest(rows, live, report.pending),
        assume=assume,
        complete=complete,
    )


def world(alias: str) -> str:
    """Return the name of the state that the world is in now; see :func:`plans.digest`."""
    report = guard.inspect(alias, thorough=False)
    rows = report.snapshot.records.rows or ()
    return digest(rows, read_schema(connections[alias]), report.pending)


def carry_out(
    plan: ResolvePlan,
    *,
    backup_directory: Path,
    lock_timeout_seconds: float = 0.0,
    told: Callable[[str], None] = lambda _: None,
) -> Path | None:
    """Do what a plan says, under the migration lock, and return the backup of the rows that it changes.

    Looks first whether the world is as the plan saw it, and raises :class:`WorldChangedError` where it is not.
    The backup is on disk before the first row changes. Statements run before any row is written; on an engine
    without transactional DDL one that fails leaves a state that the next ``resolve`` recognises. A plan that was
    carried out finds another world and is refused.
    """
    if plan.is_empty:
        return None
    with migration_lock(plan.alias, timeout_seconds=lock_timeout_seconds):
        if world(plan.alias) != plan.world:
            raise WorldChangedError(
                "rows, schema or migration files are not as they were when the plan was made"
            )
        connection = connections[plan.alias]
        recorder = MigrationRecorder(connection)
        backup = _back_up(plan, recorder, backup_directory)
        told(f"Backup of the rows: {backup}")
        for statement in plan.statements:
            told(statement)
            with connection.cursor() as cursor:
                cursor.execute(statement)
        recorder.ensure_schema()
        with transaction.atomic(using=plan.alias):
            for change in plan.changes:
                told(str(change))
                _change(recorder, change)
        return backup


def _change(recorder: MigrationRecorder, change: RowChange) -> None:
    rows = recorder.migration_qs.filter(app=change.key[0], name=change.key[1])
    if change.change is Change.RECORD:
        recorder.record_applied(*change.key)
    elif change.change is Change.RENAME and change.old is not None:
        recorder.migration_qs.filter(app=change.old[0], name=change.old[1]).update(name=change.key[1])
    elif change.change is Change.KEEP_FIRST:
        first = rows.order_by("pk").values_list("pk", flat=True).first()
        rows.exclude(pk=first).delete()


def _back_up(plan: ResolvePlan, recorder: MigrationRecorder, directory: Path) -> Path:
    """Write all rows of the history table to a new file, and see it safely on disk."""
    rows: list[dict[str, Any]] = []
    if recorder.has_table():
        rows = [
            {"id": row.pk, "app": row.app, "name": row.name, "applied": row.applied.isoformat()}
            for row in recorder.migration_qs.order_by("pk")
        ]
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    path = directory / f"django_migrations-{plan.alias}-{now}.json"
    directory.mkdir(parents=True, exist_ok=True)
    document = {"version": 1, "alias": plan.alias, "had_table": recorder.has_table(), "rows": rows}
    with path.open("x", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return path
