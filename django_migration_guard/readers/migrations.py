"""The migrations that this process runs, and Django's answers about them for any set of rows."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import django
from django.apps import apps
from django.core.signals import setting_changed
from django.db import router
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from ..snapshot import App, Disk, Fault, Graph, MigrationFile, MigrationKey
from .disk import apps_on_disk, files_of, is_pair, source_path
from .faults import fault_of_graph, faults_on_disk, malformed, squash_of_itself


class _ReleaseLoader(MigrationLoader):
    """Django's loader with the file loading and the applied rows put in; every rule of it stays Django's."""

    def __init__(
        self,
        migrations: Mapping[MigrationKey, Migration],
        migrated: frozenset[str],
        unmigrated: frozenset[str],
        rows: frozenset[MigrationKey],
    ) -> None:
        self._parts = (migrations, migrated, unmigrated)
        self._applied: dict[MigrationKey, Any] = dict.fromkeys(rows)
        super().__init__(connection=None)

    def load_disk(self) -> None:
        migrations, migrated, unmigrated = self._parts
        self.disk_migrations = dict(migrations)
        self.migrated_apps = set(migrated)
        self.unmigrated_apps = set(unmigrated)

    @property
    def applied_migrations(self) -> dict[MigrationKey, Any]:
        return self._applied

    @applied_migrations.setter
    def applied_migrations(self, value: object) -> None:
        """Without a connection Django takes nothing for applied; the rows that were put in stand instead."""


class _PlanOnly(MigrationExecutor):
    """Django's executor, as far as its plan goes: it has no connection and can run nothing."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader


class Release:
    """The migrations of this process, loaded once: files do not change under a running process.

    A new file or an edited one is seen by the next process, as the code itself is. ``INSTALLED_APPS``
    and ``MIGRATION_MODULES`` changed in tests make :func:`current_release` load again.
    """

    def __init__(
        self, loader: MigrationLoader, installed: Mapping[str, App], faults: tuple[Fault, ...] = ()
    ) -> None:
        """Take over what ``loader`` has loaded; its graph, if it has one, is not looked at."""
        self.migrations: dict[MigrationKey, Migration] = loader.disk_migrations or {}
        self._migrated = frozenset(loader.migrated_apps)
        self._unmigrated = frozenset(loader.unmigrated_apps)
        files = {
            key: MigrationFile(
                key=key, path=source_path(migration), replaces=tuple(filter(is_pair, migration.replaces))
            )
            for key, migration in self.migrations.items()
        }
        if faults:
            files = {file.key: file for app in installed.values() for file in files_of(app)} | files
        self.disk = Disk(apps=installed, migrations=files, faults=faults)
        replacing = {key: file.replaces for key, file in files.items() if file.replaces}
        self._decisive = frozenset(replacing) | frozenset(key for keys in replacing.values() for key in keys)
        self._loader = lru_cache(maxsize=8)(self._build)
        self.graph = lru_cache(maxsize=8)(self._answer)
        self.kept_off = lru_cache(maxsize=None)(self._kept_off)

    @classmethod
    def on_disk(cls) -> Release:
        """Load the files of all installed apps; those that do not load become faults."""
        loader = MigrationLoader(None, load=False)
        faults: tuple[Fault, ...] = ()
        try:
            loader.load_disk()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a migration file is code: anything can come out
            faults = faults_on_disk(error)
        else:
            faults = malformed(loader.disk_migrations)
        return cls(loader, apps_on_disk(), faults)

    def _build(self, decisive_rows: frozenset[MigrationKey]) -> _ReleaseLoader | Fault:
        """Let Django build the graph, which depends on the rows only through squashes and what they replace."""
        try:
            loader = _ReleaseLoader(self.migrations, self._migrated, self._unmigrated, decisive_rows)
        except Exception as error:  # noqa: BLE001 - dependencies are a project's data: see fault_of_graph
            return fault_of_graph(error, self.migrations, self._unmigrated)
        return squash_of_itself(self.migrations) or loader

    def _answer(self, rows: tuple[MigrationKey, ...]) -> Graph | Fault:
        """Ask Django what these rows mean: applied, plan, conflicts and history. Remembered for the last few."""
        recorded = frozenset(rows)
        loader = self._loader(recorded & self._decisive)
        if isinstance(loader, Fault):
            return loader
        applied = (recorded - self._decisive) | frozenset(loader.applied_migrations)
        nodes = frozenset(loader.graph.nodes)
        plan = _plan(loader, applied)
        unapplied = nodes - applied
        leaves: dict[str, tuple[str, ...]] = {}
        for app_label, name in loader.graph.leaf_nodes():
            leaves[app_label] = (*leaves.get(app_label, ()), name)
        return Graph(
            nodes=nodes,
            applied=applied,
            plan=plan,
            skipped=tuple(sorted(unapplied.difference(plan))),
            leaves=leaves,
            inconsistent=tuple(_inconsistent(loader, recorded)),
        )

    def _kept_off(self, alias: str) -> frozenset[str]:
        """Name the apps of which the router lets nothing onto a database, historical hints included.

        Raises whatever the project's router raises.
        """
        if not router.routers:
            return frozenset()
        return frozenset(label for label in sorted(self._migrated) if not self._may_touch(alias, label))

    def _may_touch(self, alias: str, label: str) -> bool:
        if router.allow_migrate(alias, label):
            return True
        models = apps.get_app_config(label).get_models(include_auto_created=True)
        if any(router.allow_migrate_model(alias, model) for model in models):
            return True
        hints = (
            getattr(operation, "hints", None)
            for key, migration in self.migrations.items()
            if key[0] == label
            for operation in migration.operations
        )
        return any(router.allow_migrate(alias, label, **given) for given in hints if given)


def _plan(loader: _ReleaseLoader, applied: frozenset[MigrationKey]) -> tuple[MigrationKey, ...]:
    """Return what ``migrate`` would run for all leaf nodes, by Django's own executor."""
    view = SimpleNamespace(
        graph=loader.graph,
        replace_migrations=True,
        applied_migrations=dict.fromkeys(applied),
    )
    plan = _PlanOnly(view).migration_plan(loader.graph.leaf_nodes())
    return tuple((migration.app_label, migration.name) for migration, _ in plan)


def _inconsistent(
    loader: _ReleaseLoader, recorded: frozenset[MigrationKey]
) -> list[tuple[MigrationKey, MigrationKey]]:
    """Ask what ``check_consistent_history`` asks; it stops at its first hit, here are all of them."""
    rows: dict[MigrationKey, Any] = dict.fromkeys(recorded)
    return sorted(
        (key, parent.key)
        for key in recorded
        if key in loader.graph.nodes
        for parent in loader.graph.node_map[key].parents
        if parent.key not in recorded and not _stands_for_recorded(loader, parent.key, rows)
    )


def _stands_for_recorded(loader: _ReleaseLoader, key: MigrationKey, rows: dict[MigrationKey, Any]) -> bool:
    """Tell whether the history check passes over a dependency without a row: a squash of what is recorded.

    Django follows squashes of squashes since 6.0; before, a squash among the replaced needs a row of its own.
    """
    if django.VERSION >= (6, 0):
        return loader.all_replaced_applied(key, rows)
    squash = loader.replacements.get(key)
    return squash is not None and all(one in rows for one in squash.replaces)


_lock = threading.Lock()
_current: Release | None = None


def current_release() -> Release:
    """Return the migrations of this process, loaded at the first call, once for all threads."""
    global _current  # noqa: PLW0603 - one release a process is what the word means
    with _lock:
        if _current is None:
            _current = Release.on_disk()
        return _current


def forget_release(*, setting: str = "MIGRATION_MODULES", **_: object) -> None:
    """Let the next call of :func:`current_release` load again; a receiver of ``setting_changed``."""
    global _current  # noqa: PLW0603 - see current_release
    if setting in {"INSTALLED_APPS", "MIGRATION_MODULES", "DATABASE_ROUTERS"}:
        with _lock:
            _current = None


def _unlock() -> None:
    """In a forked process: a thread of the parent may have held the lock, and is not there to let it go."""
    global _lock  # noqa: PLW0603 - see current_release
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_unlock)
setting_changed.connect(forget_release, dispatch_uid="migration_guard.forget_release")
