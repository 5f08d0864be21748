"""What a situation is: a way into a state, and what a report has to say of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeAlias

from django_migration_guard.findings import Report
from tests.projects import Site

Numbers: TypeAlias = tuple[int, int, int, int]
"""Total, applied, pending, orphaned."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a report says. ``findings`` are codes and messages in order, ``rows`` the kinds of the rows in order."""

    status: str
    counts: Numbers | None
    findings: tuple[tuple[str, str], ...]
    rows: str | None
    alias: str | None
    """The database to look at, where it is not the site's own."""
    thorough: bool

    def seen_in(self, report: Report) -> Expected:
        """Put what a report says in place of what it should say; ``rows`` only where they are told."""
        counts = report.counts
        numbers = None if counts is None else (counts.total, counts.applied, counts.pending, counts.orphaned)
        return dataclasses.replace(
            self,
            status=report.status.value,
            counts=numbers,
            findings=tuple(
                (finding.code.removeprefix("migration_guard."), finding.message)
                for finding in report.findings
            ),
            rows=None if self.rows is None else ", ".join(row.kind.value for row in report.rows),
        )


def says(
    status: str,
    counts: Numbers | None,
    *findings: tuple[str, str],
    rows: str | None = None,
    alias: str | None = None,
    thorough: bool = True,
) -> Expected:
    """Write down what a report should say."""
    return Expected(
        status=status, counts=counts, findings=findings, rows=rows, alias=alias, thorough=thorough
    )


BringAbout: TypeAlias = Callable[[Site], Expected]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A way into a state. ``code`` is the finding that it shows, or the one that its healthy neighbour has not."""

    code: str
    sick: bool
    bring_about: BringAbout

    def __str__(self) -> str:
        return f"{self.code}-{'' if self.sick else 'not-'}{self.bring_about.__name__.replace('_', '-')}"


SITUATIONS: list[Situation] = []


def sick(code: str) -> Callable[[BringAbout], BringAbout]:
    """Register a way into the state that a code is for."""
    return _registered(code, sick=True)


def healthy(code: str) -> Callable[[BringAbout], BringAbout]:
    """Register a way into a state near to that of a code, which has no such finding."""
    return _registered(code, sick=False)


def _registered(code: str, *, sick: bool) -> Callable[[BringAbout], BringAbout]:
    def register(bring_about: BringAbout) -> BringAbout:
        SITUATIONS.append(Situation(code=code, sick=sick, bring_about=bring_about))
        return bring_about

    return register
