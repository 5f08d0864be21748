"""Reports as JSON with a version; its schema is ``docs/schemas/status-1.json``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..explanations import Explanation
from ..findings import Finding, Report, worst
from ..snapshot import Fault, MigrationKey, dotted

VERSION = 1
"""Raised where a field goes away or changes its meaning; new fields do not raise it."""


def render(reports: Iterable[Report]) -> str:
    """Write reports as one JSON document in ASCII, safe on any terminal, that ends with a line break."""
    return json.dumps(document(reports), indent=2) + "\n"


def document(reports: Iterable[Report]) -> dict[str, Any]:
    """Build the document from the reports, in their order."""
    listed = list(reports)
    return {
        "version": VERSION,
        "status": worst([report.status for report in listed]).value,
        "databases": [_database(report) for report in listed],
    }


def counts(report: Report) -> dict[str, int | None]:
    """Return the four numbers; None stands for unknown."""
    names = ("total", "applied", "pending", "orphaned")
    return {name: None if report.counts is None else getattr(report.counts, name) for name in names}


def _database(report: Report) -> dict[str, Any]:
    return {
        "alias": report.alias,
        "vendor": report.vendor,
        "status": report.status.value,
        **counts(report),
        "drift": "not checked",
        "checked_at": report.checked_at.isoformat(),
        "recorded": None if report.snapshot.records.rows is None else len(report.snapshot.records.rows),
        "pending_migrations": _names(report.pending),
        "record_only_migrations": _names(report.record_only),
        "conflicts": {label: list(names) for label, names in sorted(report.conflicts.items())},
        "inconsistencies": [
            {"applied": dotted(applied), "missing": dotted(missing)}
            for applied, missing in report.inconsistencies
        ],
        "faults": [_fault(fault) for fault in report.snapshot.faults],
        "kept_off_apps": sorted(report.snapshot.kept_off),
        "silenced": list(report.silenced),
        "findings": [finding(one) for one in report.findings],
        "rows": [_row(row) for row in report.rows],
    }


def finding(one: Finding) -> dict[str, Any]:
    """Build one finding."""
    return {
        "code": one.code,
        "level": one.level.word,
        "blocks_traffic": one.blocks_traffic,
        "alias": one.alias,
        "app_label": one.app_label,
        "migration": one.migration,
        "message": one.message,
        "why": one.why,
        "fixes": [
            {"summary": fix.summary, "commands": [list(command) for command in fix.commands]}
            for fix in one.fixes
        ],
        "evidence": dict(one.evidence),
    }


def _names(keys: Iterable[MigrationKey]) -> list[str]:
    return [dotted(key) for key in keys]


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "kind": fault.kind.value,
        "reason": fault.reason,
        "migration": dotted(fault.key) if fault.key else None,
        "app_label": fault.app_label,
        "path": fault.path,
        "line": fault.line,
        "missing": dotted(fault.missing) if fault.missing else None,
    }


def _row(row: Explanation) -> dict[str, Any]:
    return {
        "app_label": row.key[0],
        "name": row.key[1],
        "explanation": row.kind.value,
        "because": row.evidence,
        "partner": dotted(row.partner) if row.partner else None,
        "recorded_at": row.recorded_at.isoformat() if row.recorded_at else None,
    }
