"""Family 2xx: migration files and the graph they make."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Fix
from ..fixes import manage
from ..snapshot import AppState, Fault, FaultKind, dotted
from .registry import Case, Statement, rule


def _faults(case: Case, kind: FaultKind) -> Iterator[Fault]:
    return (fault for fault in case.snapshot.faults if fault.kind is kind)


def _evidence(fault: Fault) -> dict[str, str]:
    return {key: value for key, value in (("place", fault.place), ("reason", fault.reason)) if value}


def _name(fault: Fault) -> str:
    return dotted(fault.key) if fault.key else (fault.app_label or "The migration graph")


@rule("E201", "unloadable-file", blocks_traffic=True)
def unloadable_file(case: Case) -> Iterator[Statement]:
    """One file that cannot be loaded stops every command that needs migrations, in every app.

    Django imports all migration files before it does anything with one of them. A syntax error, the markers
    of an unfinished merge, a failing import or a file without a class `Migration` ends `migrate`,
    `makemigrations` and `showmigrations` alike. What is recorded in the database can still be read.
    """
    for fault in _faults(case, FaultKind.FILE):
        place = f" ({fault.place})" if fault.place else ""
        yield Statement(
            message=f"{_name(fault)} cannot be loaded: {fault.reason}{place}.",
            key=fault.key,
            app_label=fault.app_label,
            fixes=(Fix(summary=f"Mend {fault.place or 'what the reason names'}."),),
            evidence=_evidence(fault),
        )


_ENDS = frozenset({"__first__", "__latest__"})
"""The names by which a dependency means the first or the last migration of an app."""


@rule("E202", "missing-dependency", blocks_traffic=True)
def missing_dependency(case: Case) -> Iterator[Statement]:
    """A dependency that is not on disk leaves no order in which migrations could run, so none runs.

    The usual ways there: a file was deleted that others depend on, a branch came without one of its files,
    a package was downgraded, or an app was taken out of `INSTALLED_APPS`.
    """
    for fault in _faults(case, FaultKind.MISSING_DEPENDENCY):
        place = f" ({fault.place})" if fault.place else ""
        mend = f"mend the dependency in {fault.place or 'the file'}"
        if fault.missing is None:
            message, summary = f"{_name(fault)} misses a dependency{place}: {fault.reason}.", f"M{mend[1:]}."
        elif fault.missing[0] in case.snapshot.disk.apps and fault.missing[1] in _ENDS:
            label = fault.missing[0]
            message = (
                f"{_name(fault)} depends on {dotted(fault.missing)}, and {label} has no migrations{place}."
            )
            summary = f"Give {label} a migration, or {mend}."
        elif fault.missing[0] in case.snapshot.disk.apps:
            missing = dotted(fault.missing)
            message = f"{_name(fault)} depends on {missing}, which is not on disk{place}."
            summary = f"Bring {missing} back, or {mend}."
        else:
            label = fault.missing[0]
            absent = f"{dotted(fault.missing)}, and no installed app has the label '{label}'"
            message = f"{_name(fault)} depends on {absent}{place}."
            summary = f"Put the app '{label}' into INSTALLED_APPS, or {mend}."
        yield Statement(
            message=message,
            key=fault.key,
            app_label=fault.app_label,
            fixes=(Fix(summary=summary),),
            evidence=_evidence(fault),
        )


@rule("E203", "cycle", blocks_traffic=True)
def cycle(case: Case) -> Iterator[Statement]:
    """Migrations that wait for one another can never run, so none runs.

    Cycles come from dependencies written by hand, from `run_before`, and from squashes of two apps that
    depend on each other.
    """
    for fault in _faults(case, FaultKind.CYCLE):
        place = f" ({fault.place})" if fault.place else ""
        yield Statement(
            message=f"{_name(fault)} is part of a cycle{place}: {fault.reason}.",
            key=fault.key,
            app_label=fault.app_label,
            fixes=(
                Fix(summary=f"Take one dependency of the cycle out{place}; split a squash that caused it."),
            ),
            evidence=_evidence(fault),
        )


@rule("E204", "conflicting-leaf-nodes")
def conflicting_leaf_nodes(case: Case) -> Iterator[Statement]:
    """Django refuses every migrate while one app ends in two migrations: it cannot know which comes last.

    Two branches each added a migration after the same one, and both were merged. The database is as it was;
    the next deploy is what fails.
    """
    conflicts = case.snapshot.graph.conflicts if case.snapshot.graph else {}
    for app_label, names in sorted(conflicts.items()):
        yield Statement(
            message=f"{app_label} has {len(names)} leaf nodes: {', '.join(names)}.",
            app_label=app_label,
            fixes=(
                Fix(
                    summary=f"Join them by a merge migration, after reading what each of them does to {app_label}.",
                    commands=(manage("makemigrations", "--merge", app_label),),
                ),
                Fix(
                    summary="Or renumber the later one and make it depend on the other, where no database has it yet."
                ),
            ),
            evidence={"leaves": ", ".join(names)},
        )


@rule("E205", "ignored-package", blocks_traffic=True)
def ignored_package(case: Case) -> Iterator[Statement]:
    """Django takes an app for unmigrated when its migrations directory has no __init__.py, and says nothing.

    `migrate` then skips every migration in it and creates the app's tables straight from the models, as it
    does for apps without migrations, or not at all.
    """
    for app in sorted(case.snapshot.disk.apps.values(), key=lambda app: app.label):
        if app.state is AppState.IGNORED_PACKAGE and app.directory is not None:
            script = f'import pathlib; (pathlib.Path(r"{app.directory}") / "__init__.py").touch()'
            files = "1 migration file" if len(app.names) == 1 else f"{len(app.names)} migration files"
            yield Statement(
                message=f"{app.label} has {files} that Django ignores: {app.directory} has no __init__.py.",
                app_label=app.label,
                fixes=(Fix(summary="Create the missing __init__.py.", commands=(("python", "-c", script),)),),
                evidence={"directory": app.directory, "names": ", ".join(sorted(app.names))},
            )
