"""The measured numbers as tables: ratios beside their targets, and the medians that they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Numbers = Mapping[str, float]
"""What was measured in one project: medians in seconds, and numbers of queries, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a table: what it shows, how it follows from the numbers, and between what it should lie."""

    label: str
    value: Callable[[Numbers], float]
    form: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        """What is to be reached, in signs; empty where the line is for information."""
        if self.at_least is not None:
            return f"≥ {self.at_least:,g}"
        return "" if self.at_most is None else f"≤ {self.at_most:,g}"

    def cell(self, numbers: Numbers) -> str:
        """Write the number of this line, with a sign where its target is missed."""
        value = self.value(numbers)
        missed = (self.at_least is not None and value < self.at_least) or (
            self.at_most is not None and value > self.at_most
        )
        return self.form.format(value) + " ✗" * missed


def _ratio(over: str, under: str) -> Callable[[Numbers], float]:
    return lambda numbers: numbers[over] / numbers[under]


def _per_second(name: str) -> Callable[[Numbers], float]:
    return lambda numbers: 1 / numbers[name]


def _milliseconds(name: str) -> Line:
    return Line(label=name, value=lambda numbers: numbers[name] * 1000, form="{:,.2f}")


def _queries(kind: str, at_most: float) -> Line:
    return Line(
        label=f"queries of {kind}",
        value=lambda numbers: numbers[f"queries of {kind}"],
        form="{:g}",
        at_most=at_most,
    )


RATIOS = (
    Line(
        label="warm probe ÷ bare SELECT", value=_ratio("warm probe", "bare SELECT"), form="{:.2f}", at_most=3
    ),
    Line(
        label="Django's plan ÷ warm probe",
        value=_ratio("Django's plan", "warm probe"),
        form="{:.0f}",
        at_least=50,
    ),
    Line(
        label="`migration_guard` ÷ `migrate --check`, processes",
        value=_ratio("`migration_guard`", "`migrate --check`"),
        form="{:.2f}",
        at_most=1,
    ),
    _queries("a probe that asks", 1),
    _queries("a probe with the verdict kept", 0),
    Line(
        label="kept verdicts a second, WSGI",
        value=_per_second("WSGI, kept verdict"),
        form="{:,.0f}",
        at_least=1000,
    ),
    Line(
        label="kept verdicts a second, ASGI",
        value=_per_second("ASGI, kept verdict"),
        form="{:,.0f}",
        at_least=1000,
    ),
    *(
        Line(
            label=f"kept verdict ÷ empty view, {stack}",
            value=_ratio(f"{stack}, kept verdict", f"{stack}, empty view"),
            form="{:.2f}",
        )
        for stack in ("WSGI", "ASGI", "WSGI with middleware", "ASGI with middleware")
    ),
)

MEDIANS = tuple(
    map(
        _milliseconds,
        (
            "bare SELECT",
            "warm probe",
            "Django's plan",
            "`migration_guard`",
            "`migrate --check`",
            *(
                f"{stack}, {view}"
                for stack in ("WSGI", "ASGI", "WSGI with middleware", "ASGI with middleware")
                for view in ("kept verdict", "empty view")
            ),
        ),
    )
)


def table(lines: Sequence[Line], projects: Mapping[str, Numbers], *, corner: str, markdown: bool) -> str:
    """Write one table, a column a project."""
    rows = [[corner, "target", *projects]]
    rows += [[line.label, line.target, *(line.cell(one) for one in projects.values())] for line in lines]
    if all(row[1] == "" for row in rows[1:]):
        rows = [[row[0], *row[2:]] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = [
        [
            cell.ljust(width) if not index else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    ]
    if not markdown:
        return "".join("  ".join(row).rstrip() + "\n" for row in padded)
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "".join(f"| {' | '.join(row)} |\n" for row in [padded[0], rule, *padded[1:]])
