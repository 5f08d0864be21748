"""What a rule is: a generator with a code, a name and a level, whose docstring is the why that users read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..explanations import Explanation
from ..findings import Finding, Fix, Level
from ..snapshot import MigrationKey, Snapshot

PREFIX = "migration_guard."


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What rules judge: the snapshot, and the explanation of each of its rows."""

    snapshot: Snapshot
    rows: tuple[Explanation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a rule says of one thing; the rule itself adds its code, level and why."""

    message: str
    key: MigrationKey | None = None
    app_label: str | None = None
    fixes: tuple[Fix, ...] = ()
    evidence: Mapping[str, str] = field(default_factory=dict)


Judge = Callable[[Case], Iterator[Statement]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A code with its judgement. ``why`` is the first sentence of the docstring, ``text`` all of it."""

    code: str
    name: str
    blocks_traffic: bool
    judge: Judge
    why: str
    text: str

    @property
    def level(self) -> Level:
        """The level that the code's letter says."""
        return Level.of(self.code)

    def findings(self, case: Case) -> Iterator[Finding]:
        """Judge one case."""
        for said in self.judge(case):
            yield Finding(
                code=self.code,
                level=self.level,
                blocks_traffic=self.blocks_traffic,
                alias=case.snapshot.alias,
                message=said.message,
                why=self.why,
                app_label=said.key[0] if said.key else said.app_label,
                migration=said.key[1] if said.key else None,
                fixes=said.fixes,
                evidence=said.evidence,
            )


RULES: dict[str, Rule] = {}


def rule(code: str, name: str, *, blocks_traffic: bool = False) -> Callable[[Judge], Judge]:
    """Register a judgement under a code, ``E104`` for short; a code is given once and never again."""

    def register(judge: Judge) -> Judge:
        text = inspect.getdoc(judge) or ""
        why = " ".join(text.partition("\n\n")[0].split())
        full_code = PREFIX + code
        if full_code in RULES or not why:
            raise ValueError(f"{full_code} is taken, or says no why")
        RULES[full_code] = Rule(
            code=full_code, name=name, blocks_traffic=blocks_traffic, judge=judge, why=why, text=text
        )
        return judge

    return register
