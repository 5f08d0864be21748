"""Verdicts for probes: JSON with the status first, plain text, and OpenMetrics."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..findings import Report, Status, worst
from .json import counts, finding
from .text import summary

_NAMES = ("total", "applied", "pending", "orphaned")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherCheck:
    """What a further check of django-health-check said."""

    name: str
    status: Status
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a probe is told. ``details`` shows names and reasons as well as counts."""

    reports: Sequence[Report]
    ages: Sequence[float]
    """Seconds since each report's database was asked."""
    others: Sequence[OtherCheck] = ()
    details: bool = False

    @property
    def migrations_status(self) -> Status:
        """The verdict on the migrations of all databases."""
        return worst([report.status for report in self.reports])

    @property
    def status(self) -> Status:
        """The verdict on everything that was checked."""
        return worst([self.migrations_status, *(other.status for other in self.others)])


def render_json(answer: Answer) -> str:
    """Write JSON in the manner of the draft ``draft-inadarei-api-health-check``, with this project's words."""
    migrations: dict[str, Any] = {
        "name": "migrations",
        "status": answer.migrations_status.value,
        "data": _data(answer),
    }
    if answer.details:
        migrations["findings"] = [finding(one) for report in answer.reports for one in report.findings]
    others = [
        {"name": other.name, "status": other.status.value}
        | ({"output": other.output} if answer.details else {})
        for other in answer.others
    ]
    return json.dumps({"status": answer.status.value, "checks": [migrations, *others]}, ensure_ascii=False)


def _data(answer: Answer) -> dict[str, Any]:
    databases = {
        report.alias: {"status": report.status.value, **counts(report), "age_seconds": round(age, 3)}
        for report, age in zip(answer.reports, answer.ages, strict=True)
    }
    sums = {name: _sum([counts(report)[name] for report in answer.reports]) for name in _NAMES}
    return {**sums, "age_seconds": round(max(answer.ages, default=0.0), 3), "databases": databases}


def _sum(numbers: list[int | None]) -> int | None:
    """Add up; a sum with an unknown part is unknown."""
    return None if None in numbers else sum(number for number in numbers if number is not None)


def render_text(answer: Answer) -> str:
    """Write the verdict on the first line, then a line a database and a line a further check."""
    lines = [answer.status.value, *(summary(report) for report in answer.reports)]
    if answer.details:
        lines += [f"{one.code}: {one.message}" for report in answer.reports for one in report.findings]
    lines += [
        f"{other.name}: {other.status.value}"
        + (f" ({other.output})" if answer.details and other.output else "")
        for other in answer.others
    ]
    return "".join(f"{line}\n" for line in lines)


_HELP = {
    "total": "Migrations that this release has for a database.",
    "applied": "Migrations that are applied.",
    "pending": "Migrations that are not applied.",
    "orphaned": "Migrations that are recorded and not on disk.",
}


def render_openmetrics(answer: Answer) -> str:
    """Write OpenMetrics 1.0 text. A count that is unknown has no sample."""
    lines: list[str] = []
    for name in _NAMES:
        family = "migration_guard_migrations" + ("" if name == "total" else f"_{name}")
        lines += [f"# TYPE {family} gauge", f"# HELP {family} {_HELP[name]}"]
        lines += [
            _sample(family, {"database": report.alias}, number)
            for report in answer.reports
            if (number := counts(report)[name]) is not None
        ]
    family = "migration_guard_verdict_age_seconds"
    lines += [
        f"# TYPE {family} gauge",
        f"# UNIT {family} seconds",
        f"# HELP {family} Since the database was asked.",
    ]
    lines += [
        _sample(family, {"database": report.alias}, round(age, 3))
        for report, age in zip(answer.reports, answer.ages, strict=True)
    ]
    family = "migration_guard_status"
    lines += [
        f"# TYPE {family} gauge",
        f"# HELP {family} 1 for the status that a database has, 0 for the others.",
    ]
    lines += [
        _sample(family, {"database": report.alias, "status": status.value}, int(report.status is status))
        for report in answer.reports
        for status in Status
    ]
    family = "migration_guard_check_status"
    if answer.others:
        lines += [
            f"# TYPE {family} gauge",
            f"# HELP {family} 1 for the status that a further check has, 0 for others.",
        ]
    lines += [
        _sample(family, {"check": other.name, "status": status.value}, int(other.status is status))
        for other in answer.others
        for status in Status
    ]
    return "".join(f"{line}\n" for line in [*lines, "# EOF"])


def _sample(family: str, labels: Mapping[str, str], value: float) -> str:
    pairs = ",".join(f'{name}="{_escaped(label)}"' for name, label in labels.items())
    return f"{family}{{{pairs}}} {value}"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
