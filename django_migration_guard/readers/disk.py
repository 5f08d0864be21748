"""Installed apps and the files in their migration packages, listed without running them."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from django.apps import AppConfig, apps
from django.db.migrations.loader import MIGRATIONS_MODULE_NAME, MigrationLoader

from ..snapshot import App, AppState, MigrationFile

if TYPE_CHECKING:
    from django.db.migrations import Migration

_HAS_MIGRATION_CLASS = re.compile(r"^class Migration\b", re.MULTILINE)


def source_path(migration: Migration) -> str | None:
    """Return the file that a loaded migration came from."""
    return getattr(sys.modules.get(type(migration).__module__), "__file__", None)


def apps_on_disk() -> dict[str, App]:
    """List the installed apps by label, with what Django's loader makes of their migrations."""
    return {config.label: _app(config) for config in apps.get_app_configs()}


def files_of(app: App) -> Iterator[MigrationFile]:
    """Name the migrations that Django would load from an app; what they replace is known where they are imported."""
    module, _ = MigrationLoader.migrations_module(app.label)
    if app.state is AppState.MIGRATED and app.directory is not None:
        for name in sorted(migration_names(Path(app.directory))):
            migration = getattr(sys.modules.get(f"{module}.{name}"), "Migration", None)
            replaces = getattr(migration, "replaces", ())
            yield MigrationFile(
                key=(app.label, name),
                path=str(Path(app.directory) / f"{name}.py"),
                replaces=tuple(filter(is_pair, replaces)) if isinstance(replaces, list | tuple) else (),
            )


def is_pair(named: object) -> bool:
    """Tell whether something that a migration names is a key: a tuple of an app label and a name."""
    return isinstance(named, tuple) and len(named) == 2 and all(isinstance(part, str) for part in named)


def _app(config: AppConfig) -> App:
    module, explicit = MigrationLoader.migrations_module(config.label)
    if module is None:
        return App(label=config.label, state=AppState.SWITCHED_OFF)
    for directory in _directories(config, module, explicit=explicit):
        if (directory / "__init__.py").exists() or (directory / "__init__.pyc").exists():
            return App(label=config.label, state=AppState.MIGRATED, directory=str(directory))
        names = migration_names(directory)
        if any(_looks_like_a_migration(directory / f"{name}.py") for name in names):
            return App(
                label=config.label, state=AppState.IGNORED_PACKAGE, directory=str(directory), names=names
            )
    return App(label=config.label, state=AppState.UNMIGRATED)


def _directories(config: AppConfig, module: str, *, explicit: bool) -> list[Path]:
    """Where a migrations package lies; the parents of ``module`` are imported, itself it is not."""
    if not explicit:
        return [directory] if (directory := Path(config.path) / MIGRATIONS_MODULE_NAME).is_dir() else []
    try:
        spec = importlib.util.find_spec(module)
    except (Exception, SystemExit):  # noqa: BLE001 - the parent is code: anything can come out of it
        return []
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []


def migration_names(directory: Path) -> frozenset[str]:
    """Name the modules of a directory that Django takes for migrations: no packages, no ``_`` or ``~`` in front."""
    return frozenset(
        name
        for _, name, is_package in pkgutil.iter_modules([str(directory)])
        if not is_package and name[0] not in "_~"
    )


def _looks_like_a_migration(path: Path) -> bool:
    try:
        return bool(_HAS_MIGRATION_CLASS.search(path.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return False
