"""The one verb that every face calls: ``inspect`` a database and get its report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from django.conf import settings
from django.db import connections
from django.utils import timezone

from . import conf
from .explanations import Kind, explain
from .findings import Counts, Report
from .flights import Flight
from .readers.git import read_traces
from .readers.migrations import Release, current_release
from .readers.records import read_records
from .rules import Case, judge
from .snapshot import Disk, Fault, Graph, MigrationKey, Records, Snapshot, Trouble, TroubleKind

_GRACE_SECONDS = 0.5
"""How much later than the server's own limit a caller gives up, so that the better reason wins."""


def inspect(
    alias: str = "default",
    *,
    thorough: bool = True,
    timeout_seconds: float | None = None,
    previous: Report | None = None,
) -> Report:
    """Report on one database. Reads only: it writes nothing and creates no table.

    Runs in the calling thread and on its connection, which is left as it was: open or closed, within a
    transaction or without. ``thorough`` also asks git for files that are gone, and the database when each row
    was written; probes leave it out. ``timeout_seconds`` (default: the setting ``TIMEOUT_SECONDS``) ends the
    SELECT on the server. ``previous`` is an earlier report: where nothing has changed since, its judgement is
    used again. A broken project is an answer, not an exception; an alias that ``DATABASES`` does not have
    raises ``django.utils.connection.ConnectionDoesNotExist``.
    """
    limit = conf.current().timeout_seconds if timeout_seconds is None else timeout_seconds
    question = _Question(_known(alias), limit, with_times=thorough)
    snapshot = _read(question, thorough=thorough, before=previous.snapshot if previous else None)
    if previous is not None and previous.snapshot == snapshot:
        return dataclasses.replace(previous, checked_at=timezone.now())
    return _judged(snapshot)


def inspect_all(
    aliases: Iterable[str] | None = None, *, timeout_seconds: float | None = None
) -> tuple[Report, ...]:
    """Report on several databases at the same time (default: the setting ``DATABASES``, or all).

    A database whose connection this thread has not open yet is asked in a thread of its own, so one that hangs
    while connecting costs ``timeout_seconds`` and not for ever. Loading files and asking git is not on that time.
    """
    limit = conf.current().timeout_seconds if timeout_seconds is None else timeout_seconds
    current_release()
    chosen = aliases_to_inspect() if aliases is None else aliases
    questions = [_Question(_known(alias), limit, with_times=True) for alias in chosen]
    flights = [
        None if _answers_here(question.alias) else Flight(question, name=f"migration-guard-{question.alias}")
        for question in questions
    ]
    return tuple(
        _judged(_read(question, flight, thorough=True))
        for question, flight in zip(questions, flights, strict=True)
    )


def aliases_to_inspect() -> tuple[str, ...]:
    """Return the aliases that the setting names; all of ``DATABASES`` where it names none."""
    return conf.current().databases or tuple(connections.settings)


def silent(alias: str, *, within_seconds: float) -> Report:
    """Report that a database did not answer in time, without asking it."""
    disk = Disk(apps={}, migrations={})
    records = _no_answer(within_seconds)
    vendor, silenced = _vendor(alias), _silenced()
    return _judged(Snapshot(alias=alias, vendor=vendor, disk=disk, records=records, silenced=silenced))


def _no_answer(within_seconds: float) -> Records:
    reason = f"no answer within {within_seconds:g} seconds"
    return Records(trouble=Trouble(kind=TroubleKind.TIMEOUT, reason=reason))


def _known(alias: str) -> str:
    if alias not in connections.settings:
        raise connections.exception_class(f"The connection '{alias}' doesn't exist.")
    return alias


def _judged(snapshot: Snapshot) -> Report:
    rows = explain(snapshot)
    findings = judge(Case(snapshot=snapshot, rows=rows))
    return Report(
        snapshot=snapshot,
        rows=rows,
        findings=tuple(finding for finding in findings if finding.code not in snapshot.silenced),
        counts=Counts.of(snapshot, rows),
        checked_at=timezone.now(),
        silenced=tuple(sorted({finding.code for finding in findings} & snapshot.silenced)),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Question:
    """Asks one database for its rows, wherever it is called."""

    alias: str
    timeout_seconds: float
    with_times: bool

    def __call__(self) -> Records:
        return read_records(self.alias, timeout_seconds=self.timeout_seconds, with_times=self.with_times)

    def answer(self, flight: Flight[Records] | None) -> Records:
        """Wait for the answer under way, or ask here."""
        if flight is None:
            return self()
        try:
            return flight.result(within_seconds=self.timeout_seconds + _GRACE_SECONDS)
        except TimeoutError:
            return _no_answer(self.timeout_seconds)


def _answers_here(alias: str) -> bool:
    """Tell whether this thread asks itself: its connection is open, or it is SQLite, perhaps one in memory."""
    return _vendor(alias) in {"", "sqlite"} or connections[alias].connection is not None


def _vendor(alias: str) -> str:
    """Return Django's name of the engine; empty where the backend cannot be loaded."""
    try:
        return connections[alias].vendor
    except Exception:  # noqa: BLE001 - an engine is a package: anything can come out of its import
        return ""


def _silenced() -> frozenset[str]:
    return frozenset(settings.SILENCED_SYSTEM_CHECKS)


def _read(
    question: _Question,
    flight: Flight[Records] | None = None,
    *,
    thorough: bool,
    before: Snapshot | None = None,
) -> Snapshot:
    """Read everything about one database; Django is asked about rows and files only where ``before`` has others."""
    release, alias = current_release(), question.alias
    kept_off: frozenset[str] = frozenset()
    try:
        kept_off = release.kept_off(alias)
    except Exception as error:  # noqa: BLE001 - a router is a project's code: anything can come out of it
        records = Records(trouble=Trouble(kind=TroubleKind.ROUTER, reason=f"{type(error).__name__}: {error}"))
    else:
        records = question.answer(flight)
    if before is not None and before.disk is release.disk and before.records == records:
        records, graph, faults = before.records, before.graph, before.faults
    else:
        graph, faults = _graph(release, records)
    snapshot = Snapshot(
        alias=alias,
        vendor=_vendor(alias),
        disk=release.disk,
        records=records,
        graph=graph,
        faults=faults,
        kept_off=kept_off,
        setting_problems=conf.problems(),
        silenced=_silenced(),
    )
    if thorough:
        return dataclasses.replace(snapshot, traces=read_traces(release.disk, _open_questions(snapshot)))
    return snapshot


def _open_questions(snapshot: Snapshot) -> list[MigrationKey]:
    """Name the rows for which git may have a better explanation than the one without it."""
    if all(key in snapshot.disk.migrations for key in snapshot.records.rows or ()):
        return []
    kinds = Kind.orphaned() | {Kind.RENAMED}
    return [row.key for row in explain(snapshot) if row.kind in kinds]


def _graph(release: Release, records: Records) -> tuple[Graph | None, tuple[Fault, ...]]:
    if release.disk.faults:
        return None, release.disk.faults
    answer = release.graph(records.rows or ())
    if isinstance(answer, Fault):
        return None, (answer,)
    return (None if records.trouble else answer), ()
