"""A face: a check for django-health-check, for our own URL and for anybody's ``HealthCheckView``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from django.utils.connection import ConnectionDoesNotExist
from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable, ServiceWarning

from .findings import Level, Report, Status, worst
from .guard import aliases_to_inspect
from .reporters.text import summary
from .verdicts import Verdict, verdicts


@dataclasses.dataclass
class Migrations(HealthCheck):
    """Check that every database has the migrations that this release's code expects.

    Fails only where a finding blocks traffic. A degraded database, with orphaned migrations of a newer release
    for example, passes, because ``HealthCheckView`` answers 500 to any exception and would take every old node
    out of a rolling deploy. What is raised holds counts and codes, never names or a driver's text.

    Args:
        databases: Aliases to look at; default: the setting ``DATABASES`` of the guard, or all.
        warn_when_degraded: Raise ``ServiceWarning`` for a degraded database. Not for load balancers.

    """

    databases: Sequence[str] | None = None
    warn_when_degraded: bool = dataclasses.field(default=False, repr=False)

    def run(self) -> None:
        """Raise ``ServiceUnavailable`` when unhealthy, and ``ServiceWarning`` when degraded and asked for."""
        try:
            reports = [verdict.report for verdict in self.verdicts()]
        except ConnectionDoesNotExist as error:
            raise ServiceUnavailable(f"{error} Known: {', '.join(aliases_to_inspect())}.") from error
        status = worst([report.status for report in reports])
        told = "; ".join(_told(report) for report in reports if report.status is status)
        if status is Status.UNHEALTHY:
            raise ServiceUnavailable(told)
        if status is Status.DEGRADED and self.warn_when_degraded:
            raise ServiceWarning(told)

    def aliases(self) -> tuple[str, ...]:
        """Return the aliases that this check looks at."""
        return aliases_to_inspect() if self.databases is None else tuple(self.databases)

    def verdicts(self) -> list[Verdict]:
        """Return a verdict an alias, waiting for the databases where none is kept."""
        return verdicts.current(self.aliases())


def _told(report: Report) -> str:
    codes = sorted({finding.code for finding in report.findings if finding.level > Level.INFO})
    return f"{summary(report)} {', '.join(codes)}"
