"""The text of a ``CREATE TABLE`` as SQLite keeps it, taken apart as far as no PRAGMA tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LEXEME = re.compile(
    r"""\s+|--[^\n]*|/\*.*?\*/|"(?:[^"]|"")*"|'(?:[^']|'')*'|`(?:[^`]|``)*`|\[[^\]]*\]|\w+|[^\w\s]""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What the text says of one column."""

    collation: str = ""
    generated: str = ""
    autoincrement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What the text says of a table: columns, check expressions, and the columns of deferred foreign keys."""

    columns: dict[str, Column] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    deferred: frozenset[str] = frozenset()


def squeezed(text: str) -> str:
    """Return a text with one space between words and no comments, quoted parts as they are."""
    return " ".join(_joined(_lexemes(text)).split(" ")).strip()


def parse_table(sql: str) -> Definition:
    """Take a ``CREATE TABLE`` apart. A virtual table, and one made ``AS SELECT``, has no parts."""
    lexemes = list(_lexemes(sql))
    opening = next((position for position, lexeme in enumerate(lexemes) if lexeme == "("), None)
    if opening is None or "VIRTUAL" in (lexeme.upper() for lexeme in lexemes[:3]):
        return Definition()
    columns: dict[str, Column] = {}
    checks: list[str] = []
    deferred: set[str] = set()
    for part in _parts(lexemes[opening:]):
        words = [lexeme.upper() for lexeme in part]
        checks += [_joined(expression) for expression in _after(part, words, "CHECK")]
        is_deferred = "DEFERRED" in words
        if words[0] in {"CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "FOREIGN"}:
            if "FOREIGN" in words and is_deferred:
                keys = next(iter(_after(part, words, "KEY")), [])
                deferred.add(", ".join(unquoted(lexeme) for lexeme in keys[1:-1] if lexeme != ","))
            continue
        name = unquoted(part[0])
        if "REFERENCES" in words and is_deferred:
            deferred.add(name)
        columns[name] = Column(
            collation=unquoted(part[words.index("COLLATE") + 1]) if "COLLATE" in words else "",
            generated=_generated(part, words),
            autoincrement="AUTOINCREMENT" in words,
        )
    return Definition(columns=columns, checks=tuple(checks), deferred=frozenset(deferred))


def unquoted(lexeme: str) -> str:
    """Return a name without its quotes."""
    if lexeme[0] in '"`' and lexeme[-1] == lexeme[0]:
        return lexeme[1:-1].replace(lexeme[0] * 2, lexeme[0])
    return lexeme[1:-1] if lexeme[0] == "[" else lexeme


def _generated(part: list[str], words: list[str]) -> str:
    if "GENERATED" not in words and not ("AS" in words and "(" in part[words.index("AS") :]):
        return ""
    expression = next(iter(_after(part, words, "AS")), [])
    return f"{'stored' if 'STORED' in words else 'virtual'}: {_joined(expression)}"


def _lexemes(text: str) -> Iterator[str]:
    for found in _LEXEME.finditer(text):
        lexeme = found.group()
        if not lexeme.isspace() and not lexeme.startswith(("--", "/*")):
            yield lexeme


def _joined(lexemes: Iterator[str] | list[str]) -> str:
    return " ".join(lexemes)


def _parts(lexemes: list[str]) -> Iterator[list[str]]:
    """Split what stands between the first parentheses at the commas of its own level."""
    depth = 0
    part: list[str] = []
    for lexeme in lexemes:
        depth += (lexeme == "(") - (lexeme == ")")
        if depth == 0 or (depth == 1 and lexeme == ","):
            if part:
                yield part
            part = []
            if depth == 0:
                return
        elif not (depth == 1 and lexeme == "(" and not part):
            part.append(lexeme)


def _after(part: list[str], words: list[str], word: str) -> Iterator[list[str]]:
    """Find the parenthesised expression that follows each occurrence of a word."""
    for position, found in enumerate(words):
        if found == word and position + 1 < len(part) and part[position + 1] == "(":
            depth = 0
            for end in range(position + 1, len(part)):
                depth += (part[end] == "(") - (part[end] == ")")
                if depth == 0:
                    yield part[position + 1 : end + 1]
                    break
