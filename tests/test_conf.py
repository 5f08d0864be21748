"""The dictionary ``MIGRATION_GUARD``: what is in force, and what is said of wrong keys and values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.test import override_settings
from health_check.checks import Cache

from django_migration_guard import conf, guard
from django_migration_guard.snapshot import SettingProblem

DEFAULTS = {
    "databases": None,
    "timeout_seconds": 10.0,
    "probe_cache_seconds": 5.0,
    "probe_timeout_seconds": 3.0,
    "probe_details": False,
    "probe_token": None,
    "probe_checks": (),
}
KEYS = (
    "DATABASES, TIMEOUT_SECONDS, PROBE_CACHE_SECONDS, PROBE_TIMEOUT_SECONDS, PROBE_DETAILS, PROBE_TOKEN, "
    "PROBE_CHECKS"
)


def in_force() -> dict[str, Any]:
    current = conf.current()
    return {name: getattr(current, name) for name in DEFAULTS}


@pytest.mark.parametrize("option", conf.OPTIONS, ids=lambda option: option.key)
def test_default_is_what_the_option_accepts(option: conf.Option) -> None:
    assert option.is_valid(option.default)


@pytest.mark.parametrize(
    "configured",
    [
        pytest.param({}, id="not-set"),
        pytest.param({"MIGRATION_GUARD": {}}, id="empty"),
        pytest.param(
            {"MIGRATION_GUARD": dict(zip(KEYS.split(", "), DEFAULTS.values(), strict=True))}, id="spelt-out"
        ),
    ],
)
def test_defaults_are_in_force(configured: Mapping[str, Any]) -> None:
    with override_settings(**configured):
        assert (in_force(), conf.problems()) == (DEFAULTS, ())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("DATABASES", ["default"], id="databases-list"),
        pytest.param("DATABASES", ("default",), id="databases-tuple"),
        pytest.param("TIMEOUT_SECONDS", 1, id="timeout-whole"),
        pytest.param("TIMEOUT_SECONDS", 0.001, id="timeout-small"),
        pytest.param("TIMEOUT_SECONDS", 86_400, id="timeout-a-day"),
        pytest.param("PROBE_CACHE_SECONDS", 0, id="cache-off"),
        pytest.param("PROBE_TIMEOUT_SECONDS", 2.5, id="probe-timeout"),
        pytest.param("PROBE_DETAILS", True, id="details"),
        pytest.param("PROBE_TOKEN", "0123456789abcdef", id="token-of-16"),
        pytest.param("PROBE_TOKEN", None, id="token-none"),
        pytest.param("PROBE_CHECKS", [], id="checks-empty"),
        pytest.param("PROBE_CHECKS", ["health_check.checks.Cache"], id="checks-path"),
        pytest.param("PROBE_CHECKS", [Cache], id="checks-class"),
        pytest.param("PROBE_CHECKS", [("health_check.checks.Cache", {"alias": "x"})], id="checks-pair"),
        pytest.param("PROBE_CHECKS", ([Cache, {}],), id="checks-pair-as-list"),
    ],
)
def test_right_value_is_in_force(key: str, value: Any) -> None:
    with override_settings(MIGRATION_GUARD={key: value}):
        expected = tuple(value) if isinstance(value, list) else value
        assert (in_force(), conf.problems()) == ({**DEFAULTS, key.lower(): expected}, ())


SECONDS = "It accepts seconds above 0, at most 86400."
CHECKS = (
    "It accepts a list of django-health-check checks: classes, dotted paths, or pairs of one and its options."
)
ALIASES = "It accepts None for all, or a list of aliases from the setting DATABASES."
TOKEN = "It accepts None, or a text of 16 characters or more."


@pytest.mark.parametrize(
    ("key", "value", "shown", "default", "hint"),
    [
        pytest.param("DATABASES", "default", "'default'", "None", ALIASES, id="databases-text"),
        pytest.param("DATABASES", [], "[]", "None", ALIASES, id="databases-none-at-all"),
        pytest.param("DATABASES", ["elsewhere"], "['elsewhere']", "None", ALIASES, id="databases-unknown"),
        pytest.param("DATABASES", [["default"]], "[['default']]", "None", ALIASES, id="databases-nested"),
        pytest.param("DATABASES", {"default": 1}, "{'default': 1}", "None", ALIASES, id="databases-dict"),
        pytest.param("TIMEOUT_SECONDS", 0, "0", "10.0", SECONDS, id="timeout-zero"),
        pytest.param("TIMEOUT_SECONDS", -1, "-1", "10.0", SECONDS, id="timeout-negative"),
        pytest.param("TIMEOUT_SECONDS", True, "True", "10.0", SECONDS, id="timeout-bool"),
        pytest.param("TIMEOUT_SECONDS", "3", "'3'", "10.0", SECONDS, id="timeout-text"),
        pytest.param("TIMEOUT_SECONDS", None, "None", "10.0", SECONDS, id="timeout-none"),
        pytest.param("TIMEOUT_SECONDS", float("inf"), "inf", "10.0", SECONDS, id="timeout-for-ever"),
        pytest.param("TIMEOUT_SECONDS", float("nan"), "nan", "10.0", SECONDS, id="timeout-nan"),
        pytest.param("TIMEOUT_SECONDS", 86_401, "86401", "10.0", SECONDS, id="timeout-above-a-day"),
        pytest.param("PROBE_TIMEOUT_SECONDS", 0, "0", "3.0", SECONDS, id="probe-timeout-zero"),
        pytest.param(
            "PROBE_CACHE_SECONDS",
            -0.1,
            "-0.1",
            "5.0",
            "It accepts seconds up to 86400, 0 to ask the database at every probe.",
            id="cache-negative",
        ),
        pytest.param("PROBE_DETAILS", 1, "1", "False", "It accepts True or False.", id="details-number"),
        pytest.param("PROBE_DETAILS", "yes", "'yes'", "False", "It accepts True or False.", id="details-text"),
        pytest.param("PROBE_TOKEN", "short", "a value that is not shown", "None", TOKEN, id="token-of-5"),
        pytest.param("PROBE_TOKEN", b"0123456789abcdef", "a value that is not shown", "None", TOKEN, id="bytes"),
        pytest.param("PROBE_CHECKS", "a.Check", "'a.Check'", "()", CHECKS, id="checks-text"),
        pytest.param("PROBE_CHECKS", None, "None", "()", CHECKS, id="checks-none"),
        pytest.param("PROBE_CHECKS", [3], "[3]", "()", CHECKS, id="checks-number"),
        pytest.param("PROBE_CHECKS", [("a", 3)], "[('a', 3)]", "()", CHECKS, id="checks-pair-without-options"),
        pytest.param("PROBE_CHECKS", [("a",)], "[('a',)]", "()", CHECKS, id="checks-not-a-pair"),
        pytest.param("PROBE_CHECKS", [(3, {})], "[(3, {})]", "()", CHECKS, id="checks-pair-of-a-number"),
    ],
)  # fmt: skip
def test_wrong_value_is_named_and_the_default_is_in_force(
    key: str, value: Any, shown: str, default: str, hint: str
) -> None:
    with override_settings(MIGRATION_GUARD={key: value}):
        reason = f"MIGRATION_GUARD[{key!r}] is {shown}; the default {default} is in force"
        problem = SettingProblem(key=key, reason=reason, hint=hint, unknown_key=False)
        assert (in_force(), conf.problems()) == (DEFAULTS, (problem,))


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        pytest.param("PROBE_TOKN", "Rename the key to 'PROBE_TOKEN'.", id="misspelt"),
        pytest.param("probe_token", "Rename the key to 'PROBE_TOKEN'.", id="lower-case"),
        pytest.param("DATABASE", "Rename the key to 'DATABASES'.", id="singular"),
        pytest.param("TIMEOUT", "Rename the key to 'TIMEOUT_SECONDS'.", id="without-its-unit"),
        pytest.param("LANGUAGE", f"Remove it. The keys are {KEYS}.", id="nothing-like-it"),
        pytest.param(3, f"Remove it. The keys are {KEYS}.", id="no-text"),
    ],
)
def test_unknown_key_has_no_effect_and_a_hint(key: object, hint: str) -> None:
    with override_settings(MIGRATION_GUARD={key: "0123456789abcdef"}):
        reason = f"MIGRATION_GUARD[{key!r}] is no setting of django-migration-guard and has no effect"
        problem = SettingProblem(key=str(key), reason=reason, hint=hint, unknown_key=True)
        assert (in_force(), conf.problems()) == (DEFAULTS, (problem,))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        pytest.param(["DATABASES"], "list", id="list"),
        pytest.param("PROBE_DETAILS", "str", id="text"),
        pytest.param(None, "NoneType", id="none"),
        pytest.param(True, "bool", id="bool"),
    ],
)
def test_no_dictionary_is_one_problem(value: object, kind: str) -> None:
    with override_settings(MIGRATION_GUARD=value):
        problem = SettingProblem(
            key="MIGRATION_GUARD",
            reason=f"MIGRATION_GUARD is a {kind}, not a dictionary; the defaults are in force",
            hint=f"Set MIGRATION_GUARD to a dictionary with keys from {KEYS}.",
            unknown_key=False,
        )
        assert (in_force(), conf.problems()) == (DEFAULTS, (problem,))


def test_every_problem_is_named_and_the_right_values_are_in_force() -> None:
    configured = {"PROBE_DETAILS": True, "PROBE_CACHE": 3, "TIMEOUT_SECONDS": "3"}
    with override_settings(MIGRATION_GUARD=configured):
        assert [problem.key for problem in conf.problems()] == ["PROBE_CACHE", "TIMEOUT_SECONDS"]
        assert in_force() == {**DEFAULTS, "probe_details": True}


def test_settings_are_read_late() -> None:
    with override_settings(MIGRATION_GUARD={"TIMEOUT_SECONDS": 1}):
        before = conf.current().timeout_seconds
        with override_settings(MIGRATION_GUARD={"TIMEOUT_SECONDS": 2}):
            assert (before, conf.current().timeout_seconds) == (1, 2)


@pytest.mark.parametrize(
    ("configured", "aliases"),
    [
        pytest.param({"DATABASES": ["default"]}, ("default",), id="named"),
        pytest.param({"DATABASES": ["elsewhere"]}, None, id="unknown-alias-means-all"),
        pytest.param({}, None, id="all"),
    ],
)
def test_databases_that_are_looked_at(configured: Mapping[str, Any], aliases: tuple[str, ...] | None) -> None:
    from django.conf import settings

    with override_settings(MIGRATION_GUARD=configured):
        assert guard.aliases_to_inspect() == (aliases or tuple(settings.DATABASES))
