"""The head of a finding's page, made from the rule itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_migration_guard.rules import Rule


def head(rule: Rule) -> str:
    """Write title, table and the whole docstring of a rule as Markdown."""
    blocks = "yes" if rule.blocks_traffic else "no"
    return (
        f"# {rule.code}: {rule.name}\n\n"
        f"| level | blocks traffic |\n| --- | --- |\n| {rule.level.word} | {blocks} |\n\n"
        f"{rule.text}\n"
    )
