"""Reports as text for a person: the verdict first, then what is wrong, worst first, with the way out."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ..findings import Finding, Fix, Report, Status
from ..rules import RULES, urgency

Paint = Callable[[str, str], str]
"""Colours a text for a role: ``error``, ``warning``, ``info``, ``healthy``, ``degraded`` or ``unhealthy``."""

SHORTENED_TO = 5


def plain(role: str, text: str) -> str:  # noqa: ARG001 - a Paint that leaves text as it is
    """Leave a text without colour."""
    return text


def render(reports: Iterable[Report], *, verbosity: int = 1, paint: Paint = plain) -> str:
    """Write reports as text that ends with a line break, or nothing at all.

    Verbosity 0 writes databases and findings that need attention only, 2 shows long lists whole together
    with the evidence, and 3 explains every row.
    """
    ordered = sorted(reports, key=lambda report: (-report.status.rank, report.answered))
    if verbosity == 0:
        ordered = [report for report in ordered if report.status is not Status.HEALTHY]
    lines = [summary(report, paint=paint) for report in ordered]
    lines += _findings(ordered, verbosity, paint)
    if verbosity >= 2:
        lines += _rows(ordered, verbosity)
    return "".join(f"{line}\n" for line in lines)


def summary(report: Report, *, paint: Paint = plain) -> str:
    """Write the one line that says how a database is."""
    verdict = paint(report.status.value, report.status.value)
    counts = report.counts
    if counts is not None:
        known = f"{counts.total} total, {counts.applied} applied, {counts.pending} pending, {counts.orphaned} orphaned"
    elif report.snapshot.records.trouble is not None:
        known = "nothing is known of its migrations"
    elif report.snapshot.records.rows is None:
        known = "nothing recorded, and the graph cannot be loaded"
    else:
        known = f"{len(report.snapshot.records.rows)} recorded, and the graph cannot be loaded"
    silenced = f"; silenced: {', '.join(report.silenced)}" if report.silenced else ""
    return f"{report.alias}: {verdict} ({known}; drift: not checked{silenced})"


def _findings(reports: list[Report], verbosity: int, paint: Paint) -> Iterator[str]:
    groups: dict[str, dict[str, list[Finding]]] = {}
    for report in reports:
        for finding in report.findings:
            groups.setdefault(finding.code, {}).setdefault(finding.message, []).append(finding)
    several = len(reports) > 1
    ordered = sorted(groups.values(), key=lambda group: urgency(next(iter(group.values()))[0]))
    for group in ordered:
        members = list(group.values())
        code = members[0][0].code
        if verbosity > 0 or RULES[code].level.word != "info":
            yield ""
            yield from _group(code, members, verbosity, paint, several=several)


def _group(
    code: str, members: list[list[Finding]], verbosity: int, paint: Paint, *, several: bool
) -> Iterator[str]:
    rule = RULES[code]
    yield paint(rule.level.word, f"{rule.level.word} {code} {rule.name}")
    shown = members if verbosity >= 2 else members[:SHORTENED_TO]
    for same in shown:
        aliases = dict.fromkeys(finding.alias for finding in same)
        yield f"  {same[0].message}" + (f" [{', '.join(aliases)}]" if several else "")
        if verbosity >= 2:
            yield from (f"    {key}: {value}" for key, value in same[0].evidence.items())
    if len(members) > len(shown):
        yield f"  … and {len(members) - len(shown)} more; --verbosity 2 shows all."
    yield f"  Why: {rule.why}"
    fixes: dict[Fix, None] = {fix: None for same in shown for finding in same for fix in finding.fixes}
    for fix in fixes:
        yield f"  Fix: {fix.summary}"
        yield from (f"    {command_line(command)}" for command in fix.commands)


def _rows(reports: list[Report], verbosity: int) -> Iterator[str]:
    for report in reports:
        kinds = Counter(row.kind.value for row in report.rows)
        yield ""
        yield f"{report.alias}: " + (
            ", ".join(f"{number} {kind}" for kind, number in kinds.most_common()) or "no rows"
        )
        if verbosity >= 3:
            for row in report.rows:
                because = f": {row.evidence}" if row.evidence else ""
                yield f"  {row.key[0]}.{row.key[1]} {row.kind.value}{because}"


def command_line(command: tuple[str, ...]) -> str:
    """Quote an argv for this system's shell, ready to paste."""
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)
