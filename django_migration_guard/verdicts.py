"""Reports for probes: kept for a short time, computed once at a time however many probes wait."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from . import conf, guard
from .findings import Report, Status
from .flights import Flight, Flights, after_fork

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
        self._logged: dict[str, Status] = {}
        self._flights: Flights[Verdict] = Flights()

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
        departed = {alias: self._fresh_or_flight(alias, limit) for alias in aliases}
        return [self._landed(alias, one, limit) for alias, one in departed.items()]

    def _fresh_or_flight(self, alias: str, limit: float) -> Verdict | Flight[Verdict]:
        return self.fresh(alias) or self._flights.join(
            alias,
            lambda: self._ask(alias, limit),
            name=f"migration-guard-probe-{alias}",
            within_seconds=limit,
        )

    def _landed(self, alias: str, one: Verdict | Flight[Verdict], limit: float) -> Verdict:
        """Give the verdict. That a database is silent is not kept: the next probe hears it as soon as it speaks."""
        if isinstance(one, Verdict):
            return one
        try:
            return one.result(within_seconds=limit)
        except TimeoutError:
            report = guard.silent(alias, within_seconds=limit)
            self._log(report)
            return Verdict(report=report, landed=time.monotonic())

    def _ask(self, alias: str, limit: float) -> Verdict:
        """Run in the flight's thread, whose connection is closed again by :func:`guard.inspect`."""
        fresh = self.fresh(alias)
        if fresh is not None:  # from a flight that landed while this one was being started
            return fresh
        previous = self._kept.get(alias)
        report = guard.inspect(
            alias,
            thorough=False,
            timeout_seconds=limit * _SERVER_SHARE,
            previous=previous.report if previous else None,
        )
        verdict = self._kept[alias] = Verdict(report=report, landed=time.monotonic())
        self._log(report)
        return verdict

    def _log(self, report: Report) -> None:
        """Log a status where it is another one than before."""
        with self._lock:
            before = self._logged.get(report.alias)
            self._logged[report.alias] = report.status
        if before is not report.status:
            codes = ", ".join(sorted({finding.code for finding in report.findings})) or "no findings"
            level = logging.INFO if report.status is Status.HEALTHY else logging.WARNING
            logger.log(
                level, "migrations of database '%s' are %s: %s", report.alias, report.status.value, codes
            )


_SERVER_SHARE = 0.8
"""The part of the time limit that the server gets, so that its reason arrives before callers give up."""

verdicts = Verdicts()
"""The verdicts of this process."""


def _start_afresh() -> None:
    verdicts.__init__()  # type: ignore[misc]


after_fork(_start_afresh)
