"""Reports for probes: kept for a short time, computed once at a time however many probes wait."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from . import conf, guard
from .findings import Report
from .flights import Flight

logger = logging.getLogger("django_migration_guard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A report as a probe gets it, and since when it stands."""

    report: Report
    landed: float
    """On the clock of ``time.monotonic``, in seconds."""

    @property
    def age_seconds(self) -> float:
        """How long ago the database was asked."""
        return time.monotonic() - self.landed


class Verdicts:
    """The verdicts of this process, by alias. Safe for threads; one computation at a time an alias."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Verdict] = {}
        self._flights: dict[str, Flight[Verdict]] = {}

    def fresh(self, alias: str) -> Verdict | None:
        """Return the verdict that is kept, unless it is older than ``PROBE_CACHE_SECONDS``. Never waits."""
        kept = self._kept.get(alias)
        if kept is None or kept.age_seconds >= conf.current().probe_cache_seconds:
            return None
        return kept

    def current(self, aliases: Sequence[str]) -> list[Verdict]:
        """Return a fresh verdict an alias, asking all databases without one at the same time.

        Waits until ``PROBE_TIMEOUT_SECONDS`` after a database was asked, no matter by whom; then the verdict
        is that it did not answer in time. Raises what :func:`guard.inspect` raises for an unknown alias.
        """
        limit = conf.current().probe_timeout_seconds
        departed = [self._fresh_or_flight(alias, limit) for alias in aliases]
        return [
            self._landed(alias, one, limit) if isinstance(one, Flight) else one
            for alias, one in zip(aliases, departed, strict=True)
        ]

    def _fresh_or_flight(self, alias: str, limit: float) -> Verdict | Flight[Verdict]:
        with self._lock:
            fresh = self.fresh(alias)
            if fresh is not None:
                return fresh
            flight = self._flights.get(alias)
            if flight is None:
                flight = Flight(lambda: self._ask(alias, limit), name=f"migration-guard-probe-{alias}")
                self._flights[alias] = flight
            return flight

    def _landed(self, alias: str, flight: Flight[Verdict], limit: float) -> Verdict:
        try:
            return flight.result(within_seconds=limit)
        except TimeoutError:
            report = guard.silent(alias, within_seconds=limit)
            return self._tell(alias, Verdict(report=report, landed=time.monotonic()))

    def _ask(self, alias: str, limit: float) -> Verdict:
        """Run in the flight's thread, whose connection is closed again by :func:`guard.inspect`."""
        previous = self._kept.get(alias)
        try:
            report = guard.inspect(
                alias,
                thorough=False,
                timeout_seconds=limit * _SERVER_SHARE,
                previous=previous.report if previous else None,
            )
            return self._tell(alias, Verdict(report=report, landed=time.monotonic()))
        finally:
            with self._lock:
                self._flights.pop(alias, None)

    def _tell(self, alias: str, verdict: Verdict) -> Verdict:
        """Keep a verdict, and log it where it is another one than before."""
        with self._lock:
            before = self._kept.get(alias)
            self._kept[alias] = verdict
        report = verdict.report
        if before is None or before.report.status is not report.status:
            codes = ", ".join(sorted({finding.code for finding in report.findings})) or "no findings"
            level = logging.INFO if report.status.rank == 0 else logging.WARNING
            logger.log(level, "migrations of database '%s' are %s: %s", alias, report.status.value, codes)
        return verdict


_SERVER_SHARE = 0.8
"""The part of the time limit that the server gets, so that its reason arrives before callers give up."""

verdicts = Verdicts()
"""The verdicts of this process."""


def _start_afresh() -> None:
    """Forget everything after a fork: threads and locks of the parent are not there."""
    verdicts.__init__()  # type: ignore[misc]


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_start_afresh)
