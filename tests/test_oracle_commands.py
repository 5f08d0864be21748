"""The oracle once more, from end to end: files on disk, and Django's own commands as a person runs them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import django
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.migrations.exceptions import InconsistentMigrationHistory

from django_migration_guard import guard
from django_migration_guard.findings import Report
from django_migration_guard.snapshot import AppState, FaultKind, Graph, MigrationKey, dotted
from tests import oracle
from tests.histories import History, Written, source
from tests.oracle import CASES, blocks, differ, kinds_of_fault, named, of_reason, prove
from tests.projects import Site


@pytest.mark.parametrize("block", blocks(CASES // 20, 50), ids=named)
def test_commands_of_django_say_what_the_guard_says(block: range, tmp_path: Path) -> None:
    with oracle.database(), Site(tmp_path, oracle.ALIAS) as site:
        prove(block, lambda case: from_commands(case, site))


def from_commands(case: History, site: Site) -> list[str]:
    """Compare the report with what Django's commands print, and with how they end."""
    deploy(case, site)
    oracle.record(case.rows)
    report = guard.inspect(oracle.ALIAS)
    graph = report.snapshot.graph
    if graph is None:
        endless = case.leads_back and django.VERSION < (6, 0)
        check = [] if endless else of_fault(case, said("migrate", "--check"), report)
        return [*check, *of_place(case, report)]
    return [
        *of_migrate(graph, report),
        *of_showmigrations(case, graph, report),
        *differ("rows", tuple(row.key for row in report.rows), case.rows or ()),
    ]


def deploy(case: History, site: Site) -> None:
    """Write the files of a history, and install its apps."""
    packages: dict[str, dict[str, str]] = {label: {} for label in case.apps}
    for (label, name), written in case.files.items():
        packages[label][name] = source(written)
    states = case.apps.items()
    files = {f"{label}/migrations/__init__.py": "" for label, state in states if state is AppState.MIGRATED}
    files |= {f"ignored/migrations/{name}.py": source(Written()) for name in case.ignored}
    off = [label for label, state in states if state is AppState.SWITCHED_OFF]
    site.deploy(files=files, settings={"MIGRATION_MODULES": dict.fromkeys(off)}, **packages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command printed, and how it ended: its exit status, or what it raised."""

    lines: list[str]
    ending: int | Exception


def said(*command: str) -> Said:
    """Run one of Django's commands on the history's database."""
    out = io.StringIO()
    ending: int | Exception = 0
    try:
        call_command(*command, database=oracle.ALIAS, no_color=True, stdout=out)
    except SystemExit as stop:
        ending = int(stop.code or 0)
    except Exception as error:  # noqa: BLE001 - whatever Django raises is its answer
        ending = error
    return Said(lines=out.getvalue().splitlines(), ending=ending)


def of_fault(case: History, check: Said, report: Report) -> Iterator[str]:
    """``migrate`` stops with an exception, and the guard gives it as the reason."""
    (fault,) = report.snapshot.faults
    if not isinstance(check.ending, Exception) or fault.kind not in kinds_of_fault(case, check.ending):
        yield f"fault: the guard says {fault!r}, migrate --check ends with {check.ending!r}"
    else:
        yield from of_reason(check.ending, fault.reason)


def of_place(case: History, report: Report) -> Iterator[str]:
    """The file at fault is one of the history, and the line at fault names what is missing."""
    (fault,) = report.snapshot.faults
    if fault.kind is FaultKind.MISSING_DEPENDENCY and fault.key is not None:
        yield from differ("file at fault", fault.key in case.files, True)
        text = Path(fault.path or "").read_text(encoding="utf-8").splitlines()[(fault.line or 0) - 1]
        if repr(fault.missing) not in text:
            yield f"line at fault: {fault.place} is {text!r}, missing is {fault.missing}"


def of_migrate(graph: Graph, report: Report) -> Iterator[str]:
    """``migrate --check`` exits 1 where something is planned, and ``--plan`` prints the plan in its order."""
    check, plan = said("migrate", "--check"), said("migrate", "--plan")
    yield from differ("end of --check and --plan", repr(plan.ending or check.ending), repr(check.ending))
    if graph.inconsistent:
        refusals = [f"Migration {one.message}" for one in report.findings if one.code.endswith("E104")]
        if not isinstance(check.ending, InconsistentMigrationHistory) or str(check.ending) not in refusals:
            yield f"inconsistent: the guard says {refusals}, migrate ends with {check.ending!r}"
    elif graph.conflicts:
        parts = [f"{', '.join(names)} in {label}" for label, names in graph.conflicts.items()]
        listed = re.search(r"\((.*)\)", str(check.ending))
        theirs = listed[1].split("; ") if listed and isinstance(check.ending, CommandError) else []
        yield from differ("conflicts", sorted(parts), sorted(theirs))
    else:
        yield from differ("exit status of --check", 1 if graph.plan else 0, check.ending)
        planned = [line for line in plan.lines[1:] if not line.startswith(" ")]
        yield from differ("--plan", [dotted(key) for key in graph.plan], planned)


def of_showmigrations(case: History, graph: Graph, report: Report) -> Iterator[str]:
    """``showmigrations`` marks as applied, as to be recorded, and as unapplied what the guard does."""
    marks = dict.fromkeys(sorted(graph.nodes), "X")
    marks |= dict.fromkeys(report.record_only, "-") | dict.fromkeys(report.pending, " ")
    listed: dict[MigrationKey, str] = {}
    label = ""
    for line in said("showmigrations").lines:
        if entry := re.match(r" \[([X -])\] (\S+)", line):
            listed[label, entry[2]] = entry[1]
        elif not line.startswith(" "):
            label = line
    yield from differ("showmigrations", marks, dict(sorted(listed.items())))
    in_order = [line.partition("  ") for line in said("showmigrations", "--plan").lines]
    unapplied = {name for mark, _, name in in_order if mark == "[ ]"}
    yield from differ("showmigrations --plan", {dotted(key) for key in report.pending}, unapplied)
