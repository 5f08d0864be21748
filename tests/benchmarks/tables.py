"""The measured numbers as tables: ratios against their targets, and the medians that they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Numbers = Mapping[str, float]
"""Medians in seconds, and numbers of queries, by the name of what was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a table: what it shows, how it comes from the numbers, and what is to be reached."""

    label: str
    number: Callable[[Numbers], float]
    form: str
    target: str = ""
    is_met: Callable[[float], bool] | None = None


def _ratio(over: str, under: str) -> Callable[[Numbers], float]:
    return lambda numbers: numbers[over] / numbers[under]


def _per_second(name: str) -> Callable[[Numbers], float]:
    return lambda numbers: 1 / numbers[name]


def _milliseconds(name: str) -> Callable[[Numbers], float]:
    return lambda numbers: numbers[name] * 1000


def _number(name: str) -> Callable[[Numbers], float]:
    return lambda numbers: numbers[name]


RATIOS = (
    Line(
        label="warm probe ÷ bare SELECT",
        number=_ratio("probe", "select"),
        form="{:.2f}",
        target="≤ 3",
        is_met=lambda ratio: ratio <= 3,
    ),
    Line(
        label="Django's plan ÷ warm probe",
        number=_ratio("plan", "probe"),
        form="{:.0f}",
        target="≥ 50",
        is_met=lambda ratio: ratio >= 50,
    ),
    Line(
        label="`migration_guard status` ÷ `migrate --check`, as processes",
        number=_ratio("status", "migrate --check"),
        form="{:.2f}",
        target="≤ 1",
        is_met=lambda ratio: ratio <= 1,
    ),
    Line(label="queries a probe, verdict not kept", number=_number("queries asked"), form="{:g}", target="1", is_met=lambda n: n == 1),
)
