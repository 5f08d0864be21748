"""The measured numbers as tables: ratios beside their targets, and the medians that they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


def _ratio(over: str, under: str, *, stack: str = "", **rest: Any) -> Line:
    where = f", {stack}" if stack else ""
    return Line(
        label=f"{over} ÷ {under}{where}",
        value=lambda numbers: numbers[over + where] / numbers[under + where],
        **rest,
    )


def _number(name: str, **rest: Any) -> Line:
    return Line(label=name, value=lambda numbers: numbers[name], form="{:g}", **rest)


def _per_second(name: str, **rest: Any) -> Line:
    return Line(label=f"{name}, a second", value=lambda numbers: 1 / numbers[name], form="{:,.0f}", **rest)


def _milliseconds(name: str) -> Line:
    return Line(label=name, value=lambda numbers: numbers[name] * 1000, form="{:,.2f}")


_STACKS = ("WSGI", "WSGI with middleware", "ASGI", "ASGI with middleware")

RATIOS = (
    _ratio("warm probe", "bare SELECT", form="{:.2f}", at_most=3),
    _ratio("Django's plan", "warm probe", form="{:.0f}", at_least=50),
    _ratio("`migration_guard`", "`migrate --check`", form="{:.2f}", at_most=1),
    _number("queries, verdict asked for", at_most=1),
    _number("queries, verdict kept", at_most=0),
    _per_second("verdict kept, WSGI", at_least=1000),
    _per_second("verdict kept, ASGI"),
    *(_ratio("verdict kept", "empty view", stack=stack, form="{:.2f}") for stack in _STACKS),
)

MEDIANS = tuple(
    _milliseconds(name)
    for name in (
        "bare SELECT",
        "warm probe",
        "Django's plan",
        "`migration_guard`",
        "`migrate --check`",
        "verdict asked for, WSGI",
        *(f"{view}, {stack}" for stack in _STACKS for view in ("verdict kept", "empty view")),
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
