"""A face: Django's check framework. Translates findings and decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage

from . import conf, guard
from .findings import Finding, Level
from .reporters.text import command_line
from .rules import RULES


def check_settings(**_: Any) -> list[CheckMessage]:
    """Report wrong keys and values of ``MIGRATION_GUARD``, as warnings: they stop no command."""
    return [
        CheckMessage(
            Level.WARNING,
            f"{problem.reason}.",
            hint=problem.hint,
            id=f"migration_guard.{'W001' if problem.unknown_key else 'W002'}",
        )
        for problem in conf.problems()
    ]


def check_databases(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Report the findings on the databases that ``check --deploy --database ALIAS`` names.

    Registered for deployment only: an error under the tag ``database`` would stop ``migrate``, which is the cure.
    """
    reports = guard.inspect_all(databases or ())
    return [
        _message(finding)
        for report in reports
        for finding in report.findings
        if not finding.code.endswith(_SETTINGS)
    ]


_SETTINGS = ("W001", "W002")
"""Told by :func:`check_settings` already."""


def _message(finding: Finding) -> CheckMessage:
    commands = [command_line(command) for fix in finding.fixes[:1] for command in fix.commands]
    hint = " ".join(
        [fix.summary for fix in finding.fixes[:1]] + [f"Run: {'; '.join(commands)}"] * bool(commands)
    )
    return CheckMessage(
        finding.level,
        f"{finding.message} {RULES[finding.code].why}",
        hint=hint or None,
        obj=finding.alias,
        id=finding.code,
    )
