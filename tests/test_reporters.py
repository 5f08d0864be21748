"""Reports as text and as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from django_migration_guard import guard
from django_migration_guard.explanations import Explanation, Kind
from django_migration_guard.findings import Counts, Finding, Fix, Level, Report, Status
from django_migration_guard.reporters import json as json_reporter
from django_migration_guard.reporters import text
from django_migration_guard.rules import RULES
from django_migration_guard.snapshot import Disk, FaultKind, Records, Snapshot, Trouble, TroubleKind

from .projects import Site
from .situations import SITUATIONS, Situation

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "docs" / "schemas" / "status-1.json").read_text(encoding="utf-8")
)


def report(
    alias: str = "default",
    *findings: Finding,
    counts: Counts | None = None,
    records: Records | None = None,
    rows: tuple[Explanation, ...] = (),
    silenced: tuple[str, ...] = (),
) -> Report:
    known = records or Records(rows=tuple(row.key for row in rows))
    return Report(
        snapshot=Snapshot(alias=alias, vendor="sqlite", disk=Disk(apps={}, migrations={}), records=known),
        rows=rows,
        findings=findings,
        counts=counts,
        checked_at=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
        silenced=silenced,
    )


COUNTS = Counts(total=3, applied=2, pending=1, orphaned=4)


def finding(code: str, message: str, alias: str = "default", *fixes: Fix, **evidence: str) -> Finding:
    return Finding(
        code=f"migration_guard.{code}",
        level=Level.of(code),
        blocks_traffic=RULES[f"migration_guard.{code}"].blocks_traffic,
        alias=alias,
        message=message,
        why=RULES[f"migration_guard.{code}"].why,
        fixes=fixes,
        evidence=evidence,
    )


# Text


@pytest.mark.parametrize(
    ("said", "line"),
    [
        pytest.param(
            report(counts=COUNTS),
            "default: healthy (3 total, 2 applied, 1 pending, 4 orphaned; drift: not checked)",
            id="counted",
        ),
        pytest.param(
            report("archive", finding("W118", "x."), counts=COUNTS),
            "archive: degraded (3 total, 2 applied, 1 pending, 4 orphaned; drift: not checked)",
            id="degraded",
        ),
        pytest.param(
            report(counts=COUNTS, silenced=("migration_guard.W105", "migration_guard.W110")),
            "default: healthy (3 total, 2 applied, 1 pending, 4 orphaned; drift: not checked; silenced: "
            "migration_guard.W105, migration_guard.W110)",
            id="silenced",
        ),
        pytest.param(
            report(
                "default",
                finding("E101", "x."),
                records=Records(trouble=Trouble(kind=TroubleKind.TIMEOUT, reason="late")),
            ),
            "default: unhealthy (nothing is known of its migrations; drift: not checked)",
            id="silent",
        ),
        pytest.param(
            report("default", finding("E201", "x."), records=Records(rows=(("shop", "0001"),))),
            "default: unhealthy (1 recorded, and the graph cannot be loaded; drift: not checked)",
            id="graph-broken",
        ),
        pytest.param(
            report("default", finding("E201", "x."), records=Records()),
            "default: unhealthy (nothing recorded, and the graph cannot be loaded; drift: not checked)",
            id="graph-broken-and-no-history-table",
        ),
    ],
)
def test_summary_is_one_line(said: Report, line: str) -> None:
    assert text.summary(said) == line
    assert text.render([said]).splitlines()[0] == line


def test_no_report_is_no_text() -> None:
    assert text.render([]) == ""


def test_worst_database_comes_first_and_a_silent_one_before_all() -> None:
    trouble = Records(trouble=Trouble(kind=TroubleKind.UNREACHABLE, reason="x"))
    reports = [
        report("healthy", counts=COUNTS),
        report("degraded", finding("W118", "w."), counts=COUNTS),
        report("unhealthy", finding("W105", "p."), counts=COUNTS),
        report("silent", finding("E101", "s."), records=trouble),
        report("unhealthy-too", finding("W105", "p."), counts=COUNTS),
    ]
    lines = text.render(reports).splitlines()
    aliases = [line.partition(":")[0] for line in lines[: len(reports)]]
    assert aliases == ["silent", "unhealthy", "unhealthy-too", "degraded", "healthy"]
    assert lines[len(reports)] == ""


MEND = Fix(summary="Mend it.")


def test_finding_of_two_databases_is_told_once_with_the_way_out_of_each() -> None:
    def way_out(alias: str) -> Fix:
        return Fix(summary="Do it.", commands=(("python", "manage.py", "do", alias),))

    reports = [
        report("one", finding("W118", "Twice.", "one", way_out("one"), MEND, rows="2"), counts=COUNTS),
        report("two", finding("W118", "Twice.", "two", way_out("two"), MEND, rows="3"), counts=COUNTS),
    ]
    assert (
        text.render(reports)
        == """\
one: degraded (3 total, 2 applied, 1 pending, 4 orphaned; drift: not checked)
two: degraded (3 total, 2 applied, 1 pending, 4 orphaned; drift: not checked)

warning migration_guard.W118 duplicate-row
  Twice. [one, two]
  Why: Two rows for one migration mean that two migrate runs raced, and both may have changed the schema.
  Fix: Do it.
    python manage.py do one
  Fix: Mend it.
  Fix: Do it.
    python manage.py do two
"""
    )


def test_findings_of_several_databases_are_told_worst_first() -> None:
    reports = [
        report("one", finding("W105", "p.", "one"), finding("I113", "i.", "one"), counts=COUNTS),
        report("two", finding("E104", "first of all.", "two"), finding("W105", "q.", "two"), counts=COUNTS),
        report("three", finding("E117", "e.", "three"), counts=COUNTS),
    ]
    said = text.render(reports).splitlines()
    heads = [line for line in said if "migration_guard." in line]
    assert heads == [
        "error migration_guard.E104 inconsistent-history",
        "error migration_guard.E117 broken-squash",
        "warning migration_guard.W105 pending",
        "info migration_guard.I113 app-not-installed",
    ]


def test_same_finding_twice_on_one_database_names_it_once() -> None:
    said = text.render(
        [report("one", finding("E201", "x.", "one"), finding("E201", "x.", "one")), report("two")]
    )
    assert "\n  x. [one]\n" in said


def test_findings_of_a_code_stand_together_and_share_their_way_out() -> None:
    findings = [finding("W105", "a.", "default", MEND), finding("W105", "b.", "default", MEND)]
    assert text.render([report("default", *findings, counts=COUNTS)]).splitlines()[2:] == [
        "warning migration_guard.W105 pending",
        "  a.",
        "  b.",
        "  Why: The code of this release expects a schema that is not there yet.",
        "  Fix: Mend it.",
    ]


def test_ways_out_of_what_is_not_shown_are_not_shown() -> None:
    findings = [finding("W111", f"{number}.", "default", Fix(summary=f"F{number}.")) for number in range(7)]
    said = text.render([report("default", *findings, counts=COUNTS)])
    assert [line for line in said.splitlines() if "Fix" in line] == [
        f"  Fix: F{number}." for number in range(5)
    ]
    assert "  … and 2 more; --verbosity 2 shows all.\n" in said


@pytest.mark.parametrize(
    ("verbosity", "shown"),
    [
        pytest.param(0, ["W105"], id="0"),
        pytest.param(1, ["W105", "I113"], id="1"),
        pytest.param(2, ["W105", "I113"], id="2"),
    ],
)
def test_information_is_left_out_at_verbosity_0(verbosity: int, shown: list[str]) -> None:
    one = report("default", finding("W105", "a."), finding("I113", "b."), counts=COUNTS)
    said = text.render([one], verbosity=verbosity)
    assert [code for code in ("W105", "I113") if code in said] == shown


def test_rows_are_counted_by_explanation_and_then_told() -> None:
    rows = (
        Explanation(key=("shop", "0001"), kind=Kind.ACTIVE),
        Explanation(key=("shop", "0002"), kind=Kind.LOST, evidence="no file"),
        Explanation(key=("shop", "0003"), kind=Kind.ACTIVE, evidence="0003.py"),
    )
    one = report(rows=rows, counts=COUNTS)
    head = "default: healthy (3 total, 2 applied, 1 pending, 4 orphaned; drift: not checked)\n"
    assert text.render([one], verbosity=1) == head
    assert text.render([one], verbosity=2) == f"{head}\ndefault: 2 active, 1 orphaned, lost\n"
    assert text.render([one], verbosity=3) == (
        f"{head}\ndefault: 2 active, 1 orphaned, lost\n"
        "  shop.0001 active\n  shop.0002 orphaned, lost: no file\n  shop.0003 active: 0003.py\n"
    )


def test_database_without_rows_says_so() -> None:
    assert text.render([report(counts=COUNTS)], verbosity=2).endswith("\n\ndefault: no rows\n")


@pytest.mark.parametrize(
    ("findings", "roles"),
    [
        pytest.param((), ["healthy"], id="healthy"),
        pytest.param((finding("W118", "x."),), ["degraded", "warning"], id="degraded"),
        pytest.param(
            (finding("E104", "x."), finding("I113", "x.")), ["degraded", "error", "info"], id="error"
        ),
        pytest.param((finding("W105", "x."),), ["unhealthy", "warning"], id="unhealthy"),
    ],
)
def test_verdict_and_heads_are_painted_by_role(findings: tuple[Finding, ...], roles: list[str]) -> None:
    painted = []

    def paint(role: str, part: str) -> str:
        painted.append(role)
        return f"<{part}>"

    said = text.render([report("default", *findings, counts=COUNTS)], paint=paint)
    assert painted == roles
    assert said.startswith(f"default: <{roles[0]}> (")
    assert said.count("<") == len(roles)


@pytest.mark.parametrize(
    ("platform", "line"),
    [
        pytest.param("linux", """git -C '/a place/$x' show 'it'"'"'s'""", id="linux"),
        pytest.param("win32", """git -C "/a place/$x" show it's""", id="windows"),
    ],
)
def test_command_is_quoted_for_the_shell(monkeypatch: pytest.MonkeyPatch, platform: str, line: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert text.command_line(("git", "-C", "/a place/$x", "show", "it's")) == line


# JSON


def closed(schema: Any) -> Any:
    """Forbid every field that the schema does not name: an output that has one is not documented."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    within = {key: closed(value) for key, value in schema.items()}
    return {"additionalProperties": False, **within} if "properties" in schema else within


VALIDATOR = Draft202012Validator(closed(SCHEMA))


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_schema_lets_new_fields_come() -> None:
    document = json_reporter.document([report(counts=COUNTS)])
    document["databases"][0]["new"] = document["new"] = 1
    assert list(Draft202012Validator(SCHEMA).iter_errors(document)) == []
    assert len(list(VALIDATOR.iter_errors(document))) == 2


def definition(name: str) -> Any:
    return SCHEMA["$defs"][name]


def test_schema_knows_the_words_of_the_code() -> None:
    assert SCHEMA["properties"]["version"]["const"] == json_reporter.VERSION
    explanations = definition("row")["properties"]["explanation"]["enum"]
    assert explanations == [kind.value for kind in Kind]
    assert definition("status")["enum"] == [status.value for status in Status]
    assert definition("finding")["properties"]["level"]["enum"] == [level.word for level in Level]
    assert definition("fault")["properties"]["kind"]["enum"] == [kind.value for kind in FaultKind]


def test_no_database_is_healthy() -> None:
    assert json.loads(json_reporter.render([])) == {"version": 1, "status": "healthy", "databases": []}


def test_status_is_the_worst_and_databases_keep_their_order() -> None:
    reports = [
        report("one", counts=COUNTS),
        report("two", finding("W105", "x."), counts=COUNTS),
        report("three", finding("W118", "x."), counts=COUNTS),
    ]
    document = json_reporter.document(reports)
    assert document["status"] == "unhealthy"
    assert [(one["alias"], one["status"]) for one in document["databases"]] == [
        ("one", "healthy"),
        ("two", "unhealthy"),
        ("three", "degraded"),
    ]


def test_whole_document() -> None:
    fix = Fix(summary="Mend it.", commands=(("python", "manage.py", "migrate"),))
    told = dataclasses.replace(
        finding("W118", "Twice.", "default", fix, rows="2"), app_label="shop", migration="0001"
    )
    row = Explanation(
        key=("shop", "0001"),
        kind=Kind.DUPLICATE,
        evidence="again",
        partner=("shop", "0002"),
        recorded_at=datetime(2024, 1, 2, tzinfo=UTC),
    )
    one = report("default", told, counts=COUNTS, rows=(row,), silenced=("migration_guard.W105",))
    said = json_reporter.render([one])
    assert said.endswith("}\n")
    assert json.loads(said) == {
        "version": 1,
        "status": "degraded",
        "databases": [
            {
                "alias": "default",
                "vendor": "sqlite",
                "status": "degraded",
                "total": 3,
                "applied": 2,
                "pending": 1,
                "orphaned": 4,
                "drift": "not checked",
                "checked_at": "2024-05-06T07:08:09+00:00",
                "recorded": 1,
                "pending_migrations": [],
                "record_only_migrations": [],
                "conflicts": {},
                "inconsistencies": [],
                "faults": [],
                "kept_off_apps": [],
                "silenced": ["migration_guard.W105"],
                "findings": [
                    {
                        "code": "migration_guard.W118",
                        "level": "warning",
                        "blocks_traffic": False,
                        "alias": "default",
                        "app_label": "shop",
                        "migration": "0001",
                        "message": "Twice.",
                        "why": "Two rows for one migration mean that two migrate runs raced, and both may have "
                        "changed the schema.",
                        "fixes": [{"summary": "Mend it.", "commands": [["python", "manage.py", "migrate"]]}],
                        "evidence": {"rows": "2"},
                    }
                ],
                "rows": [
                    {
                        "app_label": "shop",
                        "name": "0001",
                        "explanation": "duplicate",
                        "because": "again",
                        "partner": "shop.0002",
                        "recorded_at": "2024-01-02T00:00:00+00:00",
                    }
                ],
            }
        ],
    }
    assert list(VALIDATOR.iter_errors(json.loads(said))) == []


def test_unknown_is_null_and_never_zero() -> None:
    trouble = Trouble(kind=TroubleKind.UNREACHABLE, reason="x")
    (database,) = json_reporter.document([report(records=Records(trouble=trouble))])["databases"]
    numbers = ("total", "applied", "pending", "orphaned", "recorded")
    assert {name: database[name] for name in numbers} == dict.fromkeys(numbers)


@pytest.fixture
def site(engine: str, tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path / "project", engine) as site:
        yield site


FIRST = {situation.code: situation for situation in reversed(SITUATIONS) if situation.sick}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("situation", FIRST.values(), ids=str)
def test_real_output_has_no_field_that_the_schema_has_not(situation: Situation, site: Site) -> None:
    expected = situation.bring_about(site)
    said = json_reporter.render([guard.inspect(expected.alias or site.alias)])
    assert [(error.json_path, error.message) for error in VALIDATOR.iter_errors(json.loads(said))] == []
    assert f"migration_guard.{situation.code}" in said


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_field_that_is_missing_is_no_document(engine: str, site: Site) -> None:
    expected = FIRST["E201"].bring_about(site)
    document = json_reporter.document([guard.inspect(expected.alias or site.alias)])
    (database,) = document["databases"]
    removed = 0
    for part in (document, database, database["findings"][0], database["faults"][0], database["rows"][0]):
        for field in list(part):
            value = part.pop(field)
            assert list(VALIDATOR.iter_errors(document)), field
            part[field] = value
            removed += 1
    assert removed == 3 + 19 + 10 + 7 + 6
    assert list(VALIDATOR.iter_errors(document)) == []
