"""The oracle is Django: on random histories the guard says what Django's own loader and executor say.

``TEST_ORACLE_CASES`` makes it more histories than by default, ``TEST_ORACLE_FIRST`` begins with another one. A
failure names the number of its history: ``TEST_ORACLE_FIRST=<number> TEST_ORACLE_CASES=1`` asks about it alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from django_migration_guard import guard
from django_migration_guard.explanations import Explanation, Kind
from django_migration_guard.findings import Report, Status
from django_migration_guard.readers import migrations
from django_migration_guard.readers.migrations import Release
from django_migration_guard.snapshot import App, AppState, MigrationKey, dotted
from tests import oracle
from tests.histories import History, history
from tests.oracle import CASES, blocks, differ, kinds_of_fault, named, of_reason, prove


@pytest.fixture(autouse=True)
def _database() -> Iterator[None]:
    with oracle.database():
        yield
    migrations.forget_release()


def release(case: History) -> Release:
    """Make the code of a history the guard's own: the same loader as Django's, and the same migrations."""
    loader = oracle.Loader(None, case, load=False)
    loader.load_disk()
    names = {"ignored": frozenset(case.ignored)}
    installed = {
        label: App(label=label, state=state, names=names.get(label, frozenset()))
        for label, state in case.apps.items()
    }
    return Release(loader, installed)


def inspected(
    case: History, *, thorough: bool = False, previous: Report | None = None, code: Release | None = None
) -> Report:
    """Report on a database with the rows of a history, as its code sees it, or as other code does."""
    oracle.record(case.rows)
    migrations._current = code or release(case)
    return guard.inspect(oracle.ALIAS, thorough=thorough, previous=previous)


@pytest.mark.parametrize("block", blocks(CASES, 250), ids=named)
def test_guard_says_what_django_says(block: range) -> None:
    prove(block, from_django)


def from_django(case: History) -> list[str]:
    """Compare one report with Django's answers."""
    report = inspected(case)
    answer = oracle.ask(case)
    if isinstance(answer, Exception):
        return [*every_row(case, report), *of_fault(case, answer, report)]
    return [
        *every_row(case, report),
        *of_graph(answer, report),
        *of_verdict(case, answer, report),
        *of_kinds(case, answer, report),
    ]


def every_row(case: History, report: Report) -> Iterator[str]:
    """Every row has exactly one explanation, in the order of the rows; the same row again is a duplicate."""
    rows = case.rows or ()
    yield from differ("rows", tuple(row.key for row in report.rows), rows)
    again = [key in rows[:place] for place, key in enumerate(rows)]
    yield from differ("duplicates", [row.kind is Kind.DUPLICATE for row in report.rows], again)


def of_fault(case: History, error: Exception, report: Report) -> Iterator[str]:
    """Django cannot load the graph: the guard neither, for the same reason, and it still says what is recorded."""
    faults = report.snapshot.faults
    yield from differ("graph", report.snapshot.graph, None)
    if len(faults) != 1 or faults[0].kind not in kinds_of_fault(case, error):
        yield f"kind of fault: the guard says {faults!r}, Django raises {error!r}"
    else:
        yield from of_reason(error, faults[0].reason)
        if faults[0].key not in case.files and not isinstance(error, ValueError):
            yield f"migration at fault: the guard says {faults[0]!r}, Django raises {error!r}"
    yield from differ("counts", report.counts, None)
    yield from differ("verdict", report.status, Status.UNHEALTHY)
    for row in report.rows:
        known = row.key in case.files or any(row.key in one.replaces for one in case.files.values())
        if row.kind in {Kind.AHEAD, Kind.RENAMED} or (known and row.kind is Kind.ORPHANED):
            yield f"explained beside a broken graph as {row.kind}: {dotted(row.key)}"


def of_graph(answer: oracle.Answer, report: Report) -> Iterator[str]:
    """Compare the graph, what is applied, the plan with its order, conflicts and inconsistencies."""
    graph = report.snapshot.graph
    if graph is None:
        yield f"graph: Django can load it, and the guard cannot: {report.snapshot.faults!r}"
        return
    yield from differ("nodes", graph.nodes, answer.nodes)
    yield from differ("applied", graph.applied, answer.applied)
    yield from differ("plan", graph.plan, answer.plan)
    leaves = {(label, name) for label, names in graph.leaves.items() for name in names}
    yield from differ("leaf nodes", leaves, answer.leaves)
    yield from differ("conflicts", report.conflicts, answer.conflicts)
    yield from differ("inconsistencies", frozenset(report.inconsistencies), answer.inconsistent)
    refusals: list[str | None] = [f"Migration {message}" for message in messages(report, "E104")]
    if answer.refusal not in (refusals or [None]):
        yield f"refusal: the guard says {refusals!r}, Django says {answer.refusal!r}"


def of_verdict(case: History, answer: oracle.Answer, report: Report) -> Iterator[str]:
    """Compare pending, counts and status with what follows from Django's answers, and from them alone."""
    unapplied = answer.nodes - answer.applied
    yield from differ("pending", sorted(report.pending), sorted(unapplied))
    yield from differ("order of pending", report.pending[: len(answer.plan)], answer.plan)
    yield from differ(
        "record only", set(report.record_only), answer.nodes & answer.applied - set(case.rows or ())
    )
    counts = report.counts
    numbers = counts and (counts.total, counts.applied, counts.pending)
    yield from differ("counts", numbers, (len(answer.nodes), len(answer.nodes - unapplied), len(unapplied)))
    if unapplied and report.status is not Status.UNHEALTHY:
        yield f"verdict: {report.status}, and not applied are {sorted(unapplied)}"
    if (answer.conflicts or answer.refusal) and report.status is Status.HEALTHY:
        yield f"verdict: healthy, and Django refuses every migrate: {answer.conflicts} {answer.refusal}"
    if case.rows is not None:
        told = {(one.app_label, one.migration) for one in report.findings if one.blocks_traffic}
        told |= {row.partner for row in report.rows if row.kind is Kind.RENAMED and row.partner}
        yield from differ("not applied and named by no finding", told & unapplied, unapplied)
    yield from differ("broken squashes", set(named_by(report, "E117")), lost_squashes(case, answer))


def lost_squashes(case: History, answer: oracle.Answer) -> set[MigrationKey]:
    """Find squashes that Django drops while work of theirs is neither recorded nor left to a file or another squash.

    Of that work a part is recorded. Before 6.0 the row of a ghost squash alone can drop the squash that replaces
    the ghost; then the ghost is what has to be mended, and a finding of its own.
    """
    squashes = {key for key, written in case.files.items() if written.replaces}
    in_graph = {one for key in squashes if key in answer.nodes for one in case.replaced(key)}
    recorded = set(case.rows or ())
    safe = {*recorded, *case.files, *in_graph}
    dropped = squashes - answer.nodes - in_graph
    return {
        key
        for key in dropped
        if not case.replaced(key) <= safe and (case.replaced(key) - squashes) & recorded
    }


def messages(report: Report, code: str) -> list[str]:
    """Give the messages of all findings of one code."""
    return [finding.message for finding in report.findings if finding.code.endswith(code)]


def named_by(report: Report, code: str) -> list[tuple[str | None, str | None]]:
    """Give the migrations that findings of one code are about."""
    return [(one.app_label, one.migration) for one in report.findings if one.code.endswith(code)]


def of_kinds(case: History, answer: oracle.Answer, report: Report) -> Iterator[str]:
    """Hold each explanation against what Django says of the same migration."""
    before: set[MigrationKey] = set()
    for row in report.rows:
        if row.kind is not Kind.DUPLICATE:
            kind = expected(case, answer, row, before)
            yield from differ(f"explained as {row.kind}: {dotted(row.key)} by {row.partner}", row.kind, kind)
        before.add(row.key)


def expected(
    case: History, answer: oracle.Answer, row: Explanation, before: set[MigrationKey]
) -> Kind | None:
    """Name the kind of a row's explanation from Django's answers and the rows before it."""
    key, partner = row.key, row.partner
    squashes = {one for one, written in case.files.items() if written.replaces}
    replaced = any(key in written.replaces for written in case.files.values())
    if key in case.files:
        if key in squashes and key not in answer.applied:
            return Kind.GHOST_SQUASH
        return Kind.ACTIVE if key in answer.nodes or not replaced else Kind.REPLACED
    if replaced:
        broken = [one for one in lost_squashes(case, answer) if key in case.replaced(one)]
        return Kind.BROKEN_SQUASH if broken else Kind.REPLACED
    match case.apps.get(key[0]):
        case None:
            return Kind.APP_NOT_INSTALLED
        case AppState.SWITCHED_OFF:
            return Kind.SWITCHED_OFF
        case AppState.IGNORED_PACKAGE if key[1] in case.ignored:
            return Kind.IGNORED_PACKAGE
        case AppState.UNMIGRATED | AppState.IGNORED_PACKAGE:
            return Kind.NO_MIGRATIONS
    if partner is not None:
        unapplied = partner in answer.nodes - answer.applied
        return Kind.RENAMED if unapplied else Kind.LEFT_OVER if partner in answer.applied else None
    leaves = [leaf for leaf in answer.leaves if leaf[0] == key[0]]
    ahead = leaves and all(
        leaf in answer.applied
        and (leaf in before or (leaf in squashes and case.replaced(leaf) - squashes <= before))
        for leaf in leaves
    )
    return Kind.AHEAD if ahead else Kind.ORPHANED


@pytest.mark.parametrize("block", blocks(CASES // 4, 250), ids=named)
def test_order_of_rows_decides_no_more_than_what_is_ahead(block: range) -> None:
    prove(block, by_order_of_rows)


def by_order_of_rows(case: History) -> list[str]:
    """Compare reports on the same rows in another order."""
    rows = list(case.rows or ())
    random.Random(0).shuffle(rows)
    report, shuffled = inspected(case), inspected(replace(case, rows=tuple(rows)))
    return [
        *differ("graph, in another order", shuffled.snapshot.graph, report.snapshot.graph),
        *differ("counts, in another order", shuffled.counts, report.counts),
        *differ("verdict, in another order", shuffled.status, report.status),
        *differ("kinds, in another order", kinds_without_order(shuffled), kinds_without_order(report)),
    ]


def kinds_without_order(report: Report) -> list[tuple[MigrationKey, str]]:
    """Give each row's kind; an orphan is an orphan, ahead or not."""
    return sorted(
        (row.key, "orphaned" if row.kind in Kind.orphaned() else row.kind.value) for row in report.rows
    )


@pytest.mark.parametrize("block", blocks(CASES // 4, 250), ids=named)
def test_probe_says_what_the_whole_report_says(block: range) -> None:
    prove(block, by_probing)


def by_probing(case: History) -> list[str]:
    """Compare a probe, after other probes of the same process, with the thorough report of a new process."""
    rows = case.rows or ()
    code = release(case)
    thorough = inspected(case, thorough=True)
    first = probe = inspected(case, code=code)
    for earlier in (rows[::2], rows[::-1], rows + rows[:1]):
        probe = inspected(replace(case, rows=earlier), code=code, previous=probe)
    probe = inspected(case, code=code, previous=probe)
    again = inspected(case, code=code, previous=probe)
    differences = [
        *differ("judgement of what has not changed", again.findings is probe.findings, True),
        *differ("verdict of a thorough report", thorough.status, first.status),
        *differ("counts of a thorough report", thorough.counts, first.counts),
        *differ("kinds of a thorough report", kinds_without_order(thorough), kinds_without_order(first)),
    ]
    for name, report in (("after a change", probe), ("without a change", again)):
        differences += differ(f"probe {name}", replace(report, checked_at=first.checked_at), first)
    return differences


def test_histories_reach_every_state() -> None:
    reached = {state for number in range(300) for state in states(history(number))}
    assert reached >= {
        *(kind.value for kind in Kind if kind not in {Kind.ELSEWHERE, Kind.ORPHANED}),
        *(status.value for status in Status),
        "cycle",
        "missing dependency",
        "conflicts",
        "inconsistent history",
        "pending",
        "skipped",
        "record only",
        "squash of a squash in the graph",
        "no history table",
        "nothing to do",
    }


def states(case: History) -> Iterator[str]:
    """Name what a history is an example of; git knows none of them."""
    report = inspected(case, thorough=True)
    graph = report.snapshot.graph
    yield report.status.value
    yield from (row.kind.value for row in report.rows)
    yield from (fault.kind.value for fault in report.snapshot.faults)
    if report.snapshot.records.rows is None:
        yield "no history table"
    if graph is not None:
        nested = {key for key, written in case.files.items() if written.replaces and key in graph.nodes}
        examples = {
            "conflicts": graph.conflicts,
            "inconsistent history": graph.inconsistent,
            "pending": graph.plan,
            "skipped": graph.skipped,
            "record only": report.record_only,
            "squash of a squash in the graph": [
                one for key in nested for one in case.files[key].replaces if "_squashed_" in one[1]
            ],
            "nothing to do": not report.findings,
        }
        yield from (name for name, found in examples.items() if found)
