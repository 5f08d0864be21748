"""The live schema beside the promised one."""

from __future__ import annotations

import fnmatch
import re

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections
from django.utils import timezone

from .. import conf
from ..schema import kept
from ..schema.catalogue import UnknownEngineError, read_schema
from ..schema.replay import Progress, Promise, replay, without_concurrently
from ..schema.scratch import ScratchKind, ScratchRefusedError, scratch
from ..schema.values import Difference, ItemKind, Schema, differences
from ..snapshot import MigrationKey, SchemaReading, Snapshot
from .migrations import Release
from .records import read_records

HISTORY_TABLE = "django_migrations"


def read_schema_drift(
    snapshot: Snapshot,
    release: Release,
    *,
    kind: ScratchKind | None = None,
    progress: Progress | None = None,
    timeout_seconds: float = 10.0,
) -> SchemaReading:
    """Compare the live schema with what the applied migrations promise: pending migrations are not drift.

    The promise comes from a replay in a scratch, or from one that was kept. Where the rows change while it
    looks, a migration is running and there is no answer. Writes nothing that stays; a refusal is an answer.
    """
    alias, rows = snapshot.alias, snapshot.records.rows
    if snapshot.records.trouble is not None:
        return _refused("the database gives no rows")
    if snapshot.graph is None:
        return _refused("the migration graph cannot be loaded")
    try:
        promise = promised(alias, release, rows or (), kind=kind, progress=progress)
        live = read_schema(connections[alias])
    except (ScratchRefusedError, UnknownEngineError, Error, ImproperlyConfigured) as error:
        return _refused(" ".join(str(error).split()))
    if read_records(alias, timeout_seconds=timeout_seconds, with_times=False).rows != rows:
        return _refused("a migration ran meanwhile, and the rows have changed")
    labels = _app_labels()
    tables = _tables_of(promise.schema) | frozenset(
        table for table in _tables_of(live) if _is_left_behind(table, labels, release)
    )
    found = differences(_compared(promise.schema, tables), _compared(live, tables))
    return SchemaReading(
        read_at=timezone.now(),
        differences=tuple(one for one in found if not _ignored(one)),
        not_replayed=promise.not_replayed,
        app_labels=labels,
    )


def _refused(reason: str) -> SchemaReading:
    return SchemaReading(read_at=timezone.now(), refused=reason)


def promised(
    alias: str,
    release: Release,
    rows: tuple[MigrationKey, ...],
    *,
    kind: ScratchKind | None = None,
    progress: Progress | None = None,
) -> Promise:
    """Return what the applied migrations promise on this database's engine."""
    applied, _ = release.in_order(rows)
    connection = connections[alias]
    name = kept.fingerprint(connection, applied)
    promise = kept.load(name) if name is not None else None
    if promise is None:
        with scratch(alias, kind=kind, tables=len(_app_labels())) as place, without_concurrently(place):
            promise = replay(place, applied, unmigrated=release.unmigrated, progress=progress)
        if name is not None:
            kept.keep(name, promise)
    return promise


def _app_labels() -> dict[str, str]:
    """Map the tables of all models, many-to-many tables included, to the labels of their apps."""
    return {
        model._meta.db_table: model._meta.app_label  # noqa: SLF001 - Model._meta is public
        for model in apps.get_models(include_auto_created=True, include_swapped=True)
    }


def _tables_of(schema: Schema) -> frozenset[str]:
    kinds = {ItemKind.TABLE, ItemKind.VIEW, ItemKind.MATERIALIZED_VIEW}
    return frozenset(item.table for item in schema.items if item.kind in kinds)


def _is_left_behind(table: str, labels: dict[str, str], release: Release) -> bool:
    """Tell whether a table that no migration promises looks like one of a migrated app's."""
    return table not in labels and any(table.startswith(f"{label}_") for label, _ in release.migrations)


def _compared(schema: Schema, tables: frozenset[str]) -> Schema:
    return schema.only(tables - {HISTORY_TABLE})


def _ignored(difference: Difference) -> bool:
    item = difference.item
    names = (item.table, f"{item.table}.{item.subject}", str(item))
    return any(
        re.match(fnmatch.translate(one), name) for one in conf.current().drift_ignore for name in names
    )
