"""The package as a whole: its rules and settings are documented, and its documents name nothing that is not there."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class

import django_migration_guard
from django_migration_guard import conf
from django_migration_guard.rules import RULES, Rule

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "django_migration_guard"
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")],
    key=lambda path: path.relative_to(ROOT).as_posix(),
)


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


# Rules


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_rule_has_a_code_a_name_and_a_why_of_one_sentence(rule: Rule) -> None:
    assert re.fullmatch(r"migration_guard\.[EWI][0-9]{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert re.fullmatch(r"[A-Z][^.]+(\.py[^.]*)?\.", rule.why), rule.why
    assert " ".join(rule.text.split()).startswith(rule.why)
    assert max(map(len, rule.text.splitlines())) <= 120


def test_names_and_numbers_of_rules_are_given_once() -> None:
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    assert len({code[-3:] for code in RULES}) == len(RULES)


@pytest.mark.parametrize("code", RULES)
def test_code_has_its_page(code: str) -> None:
    page = ROOT / "docs" / "findings" / f"{code}.md"
    assert text_of(page).startswith(f"# {code}: {RULES[code].name}\n")


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_document_names_no_code_that_is_not_there(document: Path) -> None:
    assert set(re.findall(r"migration_guard\.[EWI][0-9]{3}", text_of(document))) <= set(RULES)


# What people read

FORBIDDEN = re.compile(r"\b(please|simply|just|obviously)\b|\w!(\s|$)", re.IGNORECASE)


@pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(rule.text, id=rule.code) for rule in RULES.values()),
        *(pytest.param(f"{one.accepts} {one.effect}", id=one.key) for one in conf.OPTIONS),
        *(pytest.param(text_of(document), id=name(document)) for document in DOCUMENTS),
    ],
)
def test_words_are_plain(text: str) -> None:
    assert [match.group() for match in FORBIDDEN.finditer(text)] == []


# Settings


@pytest.mark.parametrize("option", conf.OPTIONS, ids=lambda option: option.key)
def test_setting_is_documented_with_its_default(option: conf.Option) -> None:
    row = f"| `{option.key}` | `{option.default!r}` | {option.accepts} | {option.effect} |\n"
    assert row in text_of(ROOT / "docs" / "settings.md")


def test_settings_are_documented_in_their_order_and_no_others() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", text_of(ROOT / "docs" / "settings.md"), re.MULTILINE)
    assert rows == [option.key for option in conf.OPTIONS]


def fenced(document: Path, *languages: str) -> Iterator[str]:
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text_of(document), re.DOTALL | re.MULTILINE):
        if language in languages:
            yield block


def keys_in(block: str) -> Iterator[str]:
    """Name the keys of every dictionary that a block of Python assigns to MIGRATION_GUARD."""
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == conf.NAME:
            assert isinstance(node.value, ast.Dict), ast.unparse(node)
            yield from (str(ast.literal_eval(key)) for key in node.value.keys if key is not None)


MISSPELT_ON_PURPOSE = {"docs/findings/migration_guard.W001.md": {"PROBE_CACHE_SECOND"}}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_document_names_no_setting_that_is_not_there(document: Path) -> None:
    known = {option.key for option in conf.OPTIONS}
    told = {key for block in fenced(document, "python") for key in keys_in(block)}
    told |= set(re.findall(r"\bPROBE_[A-Z_]+\b", text_of(document)))
    assert told - MISSPELT_ON_PURPOSE.get(name(document), set()) <= known


# Commands


def commands_in(text: str) -> Iterator[list[str]]:
    """Give the arguments of every ``manage.py`` in a text; a comment, a pipe or another command ends them."""
    for line in re.findall(r"manage\.py +([a-z_][^`\n]*)", text):
        words = shlex.split(line.replace("\\|", "|"), comments=True)
        ends = [place for place, word in enumerate(words) if word in {"|", "&&", "||", ";", ">"}]
        yield words[: min(ends, default=len(words))]


ALL_COMMANDS = {
    f"{name(document)}-{number}": words
    for document in DOCUMENTS
    for number, words in enumerate(commands_in(text_of(document)))
}


def parse(words: list[str]) -> None:
    command, *arguments = [word.strip("[]()") for word in words]
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
    parser.parse_args(arguments)


def test_commands_are_found_in_the_documents() -> None:
    assert [words[0] for words in ALL_COMMANDS.values()].count("migration_guard") >= 5


@pytest.mark.parametrize("words", ALL_COMMANDS.values(), ids=list(ALL_COMMANDS))
def test_document_names_no_command_that_does_not_parse(words: list[str]) -> None:
    parse(words)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["migration_guard", "repair"], id="verb"),
        pytest.param(["migration_guard", "--databse", "default"], id="option"),
        pytest.param(["migration_guard", "status", "--format", "yaml"], id="choice"),
        pytest.param(["migrate_guard"], id="command"),
    ],
)
def test_command_that_is_not_there_does_not_parse(words: list[str]) -> None:
    with pytest.raises(Exception, match=r"Error|migrate_guard"):
        parse(words)


def test_options_of_the_command_are_documented_and_no_others() -> None:
    parser = load_command_class("django_migration_guard", "migration_guard").create_parser("manage.py", "x")
    own = {"--database", "--app", "--format", "--fail-level", "--verbosity"}
    possible = {one for action in parser._actions for one in action.option_strings}
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text_of(ROOT / "docs" / "commands.md")))
    assert own <= told <= possible


# The distribution


def test_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    assert project["version"] == django_migration_guard.__version__


def test_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").read_bytes() == b""


def test_app_has_no_models_and_no_migrations() -> None:
    config = apps.get_app_config("migration_guard")
    assert (config.name, config.label) == ("django_migration_guard", "migration_guard")
    assert list(config.get_models()) == []
    assert not (PACKAGE / "migrations").exists()
    assert not (PACKAGE / "models.py").exists()
