"""Why a graph cannot be loaded: from an exception to the file and line at fault."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from django.db.migrations import Migration
from django.db.migrations.exceptions import CircularDependencyError, NodeNotFoundError
from django.db.migrations.loader import MigrationLoader

from ..snapshot import AppState, Fault, FaultKind, MigrationKey
from .disk import apps_on_disk, source_path

_MERGE_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def faults_on_disk(first: Exception) -> tuple[Fault, ...]:
    """Find every file that does not load, after Django stopped with ``first`` at one of them."""
    found = [fault for label in apps_on_disk() for fault in _faults_of_app(label)]
    return tuple(found) or (_fault_of_file(first, key=None, app_label=None, path=None),)


def _faults_of_app(label: str) -> list[Fault]:
    app = apps_on_disk()[label]
    module, explicit = MigrationLoader.migrations_module(label)
    if module is None or (app.state is not AppState.MIGRATED and not explicit):
        return []
    path = None if app.directory is None else str(Path(app.directory) / "__init__.py")
    try:
        import_module(module)
    except Exception as error:  # noqa: BLE001 - the package is code: anything can come out of it
        return [_fault_of_file(error, key=None, app_label=label, path=path)]
    faults = []
    for name in sorted(app.names):
        path = str(Path(app.directory or "") / f"{name}.py")
        try:
            has_class = hasattr(import_module(f"{module}.{name}"), "Migration")
        except Exception as error:  # noqa: BLE001 - a migration file is code: anything can come out of it
            faults.append(_fault_of_file(error, key=(label, name), app_label=label, path=path))
        else:
            if not has_class:
                faults.append(
                    Fault(
                        kind=FaultKind.FILE,
                        reason="it has no Migration class",
                        key=(label, name),
                        app_label=label,
                        path=path,
                        line=1,
                    )
                )
    return faults


def _fault_of_file(
    error: Exception, *, key: MigrationKey | None, app_label: str | None, path: str | None
) -> Fault:
    line = None
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        path, line = error.filename or path, error.lineno
        reason = f"{type(error).__name__}: {error.msg}"
        if (error.text or "").startswith(_MERGE_MARKERS):
            reason = "it holds the markers of an unfinished merge"
    else:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        line = frames[-1].lineno if frames else None
    return Fault(kind=FaultKind.FILE, reason=reason, key=key, app_label=app_label, path=path, line=line)


def fault_of_graph(
    error: Exception, migrations: Mapping[MigrationKey, Migration], unmigrated: frozenset[str]
) -> Fault:
    """Translate what came out of Django's ``build_graph``, and find the line that names the dependency."""
    if isinstance(error, NodeNotFoundError):
        origin = error.origin or getattr(error.__cause__, "origin", None)
        key = (origin.app_label, origin.name) if isinstance(origin, Migration) else None
        return _fault_at(FaultKind.MISSING_DEPENDENCY, str(error), key, migrations, missing=error.node)
    if isinstance(error, CircularDependencyError):
        names = {f"{key[0]}.{key[1]}": key for key in sorted(migrations)}
        members = [names[name] for name in str(error).split(", ") if name in names]
        key = members[0] if members else None
        return _fault_at(
            FaultKind.CYCLE, str(error), key, migrations, missing=members[-1] if members else None
        )
    possible = unmigrated | {label for label, _ in migrations}
    for key, migration in sorted(migrations.items()):
        for dependency in [*migration.dependencies, *migration.run_before]:
            if not _is_pair(dependency):
                reason = f"the dependency {dependency!r} is not a pair of an app label and a name"
                return _fault_at(FaultKind.MISSING_DEPENDENCY, reason, key, migrations)
            if dependency[1] in {"__first__", "__latest__"} and dependency[0] not in possible:
                return _fault_at(
                    FaultKind.MISSING_DEPENDENCY,
                    str(error),
                    key,
                    migrations,
                    missing=(dependency[0], dependency[1]),
                )
    kind = FaultKind.CYCLE if "yclical" in str(error) else FaultKind.MISSING_DEPENDENCY
    return Fault(kind=kind, reason=f"{type(error).__name__}: {error}")


def _is_pair(dependency: object) -> bool:
    return (
        isinstance(dependency, tuple | list)
        and len(dependency) == 2
        and all(isinstance(part, str) for part in dependency)
    )


def _fault_at(
    kind: FaultKind,
    reason: str,
    key: MigrationKey | None,
    migrations: Mapping[MigrationKey, Migration],
    *,
    missing: MigrationKey | None = None,
) -> Fault:
    path = source_path(migrations[key]) if key is not None and key in migrations else None
    line = _line_naming(path, missing) if path is not None else None
    label = key[0] if key else None
    return Fault(kind=kind, reason=reason, key=key, app_label=label, path=path, line=line, missing=missing)


def _line_naming(path: str, key: MigrationKey | None) -> int | None:
    """Find the line that names a dependency; else the one that sets ``dependencies``."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    fallback = None
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and key is not None:
            values = tuple(part.value for part in node.elts if isinstance(part, ast.Constant))
            if values == key:
                return node.lineno
        if isinstance(node, ast.Name) and node.id == "dependencies" and isinstance(node.ctx, ast.Store):
            fallback = node.lineno
    return fallback
