"""Why a graph cannot be loaded: from an exception to the file and line at fault."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

from django.core.management.base import CommandError
from django.db.migrations import Migration
from django.db.migrations.exceptions import CircularDependencyError, NodeNotFoundError
from django.db.migrations.loader import MigrationLoader

from ..snapshot import App, AppState, Fault, FaultKind, MigrationKey, dotted
from .disk import apps_on_disk, is_pair, migration_names, source_path

_MERGE_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


def faults_on_disk(first: BaseException) -> tuple[Fault, ...]:
    """Find every file that does not load, after Django stopped with ``first`` at one of them."""
    found = [fault for app in apps_on_disk().values() for fault in _faults_of_app(app)]
    return tuple(found) or (_fault_of_file(first, key=None, app_label=None, path=None),)


def _faults_of_app(app: App) -> list[Fault]:
    module, explicit = MigrationLoader.migrations_module(app.label)
    if module is None or (app.state is not AppState.MIGRATED and not explicit):
        return []
    path = None if app.directory is None else str(Path(app.directory) / "__init__.py")
    try:
        import_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the package is code: anything can come out of it
        return [_fault_of_file(error, key=None, app_label=app.label, path=path)]
    if app.directory is None:
        return []
    faults = []
    for name in sorted(migration_names(Path(app.directory))):
        path = str(Path(app.directory) / f"{name}.py")
        try:
            loaded = import_module(f"{module}.{name}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a migration file is code: anything can come out
            faults.append(_fault_of_file(error, key=(app.label, name), app_label=app.label, path=path))
        else:
            faults += _faults_of_class(loaded, (app.label, name), path)
    return faults


def _faults_of_class(module: ModuleType, key: MigrationKey, path: str) -> list[Fault]:
    reason, line = "it has no Migration class", 1
    if hasattr(module, "Migration"):
        try:
            module.Migration(key[1], key[0])
        except Exception as error:  # noqa: BLE001 - Django makes lists of what a project wrote
            reason = f"its Migration class cannot be used: {type(error).__name__}: {error}"
            line = _line_naming(path, None, "Migration") or 1
        else:
            return []
    return [Fault(kind=FaultKind.FILE, reason=reason, key=key, app_label=key[0], path=path, line=line)]


def malformed(migrations: Mapping[MigrationKey, Migration]) -> tuple[Fault, ...]:
    """Find what names another migration and is no pair; Django fails on it late, or drops a squash in silence."""
    return tuple(
        _fault_at(
            FaultKind.FILE,
            f"{named!r} in its {part} is no tuple of an app label and a name",
            key,
            migrations,
            part=part,
        )
        for key, migration in sorted(migrations.items())
        for part in ("dependencies", "run_before", "replaces")
        for named in getattr(migration, part)
        if not is_pair(named)
    )


def _fault_of_file(
    error: BaseException, *, key: MigrationKey | None, app_label: str | None, path: str | None
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
    if isinstance(error, NodeNotFoundError) and error.node not in migrations:
        origin = error.origin or getattr(error.__cause__, "origin", None)
        key = (origin.app_label, origin.name) if isinstance(origin, Migration) else None
        return _fault_at(FaultKind.MISSING_DEPENDENCY, str(error), key, migrations, missing=error.node)
    if isinstance(error, CircularDependencyError):
        names = {f"{key[0]}.{key[1]}": key for key in sorted(migrations)}
        members = [names[name] for name in str(error).split(", ") if name in names]
        # Where Django enters the cycle depends on the order of a set; each member depends on the one before it.
        first = members.index(min(members)) if members else 0
        cycle = members[first:] + members[:first]
        reason = ", ".join(map(dotted, cycle)) or str(error)
        key, last = (cycle[0], cycle[-1]) if cycle else (None, None)
        return _fault_at(FaultKind.CYCLE, reason, key, migrations, missing=last)
    squash = _squash_at_fault(error, migrations)
    if squash is not None:
        return squash
    possible = unmigrated | {label for label, _ in migrations}
    for key, migration in sorted(migrations.items()):
        for dependency in [*migration.dependencies, *migration.run_before]:
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


def squash_of_itself(migrations: Mapping[MigrationKey, Migration], said: str = "") -> Fault | None:
    """Find a squash that replaces itself, at once or by way of others.

    Django stops at it from 6.0 on. Before, it loads a graph that may have an edge to nowhere, on which making
    a plan raises KeyError, or never ends.
    """
    for key in sorted(migrations):
        if _replaces_itself(key, migrations):
            reason = f"what it replaces leads back to itself{said}"
            return _fault_at(FaultKind.CYCLE, reason, key, migrations, missing=key, part="replaces")
    return None


def _squash_at_fault(error: Exception, migrations: Mapping[MigrationKey, Migration]) -> Fault | None:
    """Explain what comes out of the replacing itself, which Django begins when all dependencies are drawn."""
    if not isinstance(error, CommandError | NodeNotFoundError):
        return None
    circular = squash_of_itself(migrations, f" ({type(error).__name__}: {error})")
    if circular is not None or not isinstance(error, NodeNotFoundError):
        return circular
    reason = (
        f"another squash replaces it, and before 6.0 Django does not load every squash of a squash ({error})"
    )
    path = source_path(migrations[error.node])
    return Fault(kind=FaultKind.FILE, reason=reason, key=error.node, app_label=error.node[0], path=path)


def _replaces_itself(key: MigrationKey, migrations: Mapping[MigrationKey, Migration]) -> bool:
    found: set[MigrationKey] = set()
    todo = [key]
    while todo:
        migration = migrations.get(todo.pop())
        new = {(label, name) for label, name in migration.replaces} - found if migration else set()
        found |= new
        todo += new
    return key in found


def _fault_at(
    kind: FaultKind,
    reason: str,
    key: MigrationKey | None,
    migrations: Mapping[MigrationKey, Migration],
    *,
    missing: MigrationKey | None = None,
    part: str = "dependencies",
) -> Fault:
    path = source_path(migrations[key]) if key is not None and key in migrations else None
    line = _line_naming(path, missing, part) if path is not None else None
    label = key[0] if key else None
    return Fault(kind=kind, reason=reason, key=key, app_label=label, path=path, line=line, missing=missing)


def _line_naming(path: str, key: MigrationKey | None, name: str) -> int | None:
    """Find the line that names a migration; else the one that sets or defines ``name``."""
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
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            fallback = node.lineno
        if isinstance(node, ast.ClassDef) and node.name == name:
            fallback = node.lineno
    return fallback
