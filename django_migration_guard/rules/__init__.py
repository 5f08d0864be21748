"""The rules: a case in, findings out; a family a module."""

from __future__ import annotations

from ..findings import Finding
from . import files, records, rows, settings  # noqa: F401 - each registers its rules
from .registry import RULES, Case, Rule, Statement

__all__ = ["RULES", "Case", "Rule", "Statement", "judge", "urgency"]

# What stops every `migrate` is solved first, whatever else is wrong.
_FIRST = ("E101", "E201", "E202", "E203", "E104", "E204")


def judge(case: Case) -> tuple[Finding, ...]:
    """Apply every rule; the worst findings come first, and first of all what stops every ``migrate``."""
    found = [finding for rule in RULES.values() for finding in rule.findings(case)]
    return tuple(sorted(found, key=urgency))


def urgency(finding: Finding) -> tuple[int, int, bool, str]:
    """Return what findings are sorted by, of one database or of several."""
    short = finding.code.rpartition(".")[2]
    first = _FIRST.index(short) if short in _FIRST else len(_FIRST)
    return first, -finding.level, not finding.blocks_traffic, finding.code
