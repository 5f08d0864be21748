"""The pages of the findings say what the rules say."""

from __future__ import annotations

from pathlib import Path

import pytest

from django_migration_guard.rules import RULES, Rule
from tests.findings_pages import head

PAGES = Path(__file__).parent.parent / "docs" / "findings"


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_page_begins_with_the_rule_and_goes_on_with_example_and_way_out(rule: Rule) -> None:
    page = (PAGES / f"{rule.code}.md").read_text(encoding="utf-8")
    assert page.startswith(head(rule))
    assert page.index("## Example") < page.index("## The way out")


def test_index_lists_every_rule_with_its_level() -> None:
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    for rule in RULES.values():
        blocks = "yes" if rule.blocks_traffic else "no"
        assert f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.level.word} | {blocks} |" in index


def test_no_page_without_a_rule() -> None:
    assert {page.stem for page in PAGES.glob("migration_guard.*.md")} == set(RULES)
