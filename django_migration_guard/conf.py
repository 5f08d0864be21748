"""The only reader of settings: the dictionary ``MIGRATION_GUARD``, read late, never changed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from .snapshot import SettingProblem

NAME = "MIGRATION_GUARD"
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force: what the project set where it is right, and the defaults."""

    databases: tuple[str, ...] | None
    timeout_seconds: float
    probe_cache_seconds: float
    probe_timeout_seconds: float
    probe_details: bool
    probe_token: str | None
    probe_checks: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One key: its default, what it accepts in words and as a test, and what it does."""

    key: str
    default: Any
    accepts: str
    is_valid: Callable[[Any], bool]
    effect: str


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _DAY_SECONDS


def _is_positive_seconds(value: Any) -> bool:
    return _is_seconds(value) and value > 0


def _are_aliases(value: Any) -> bool:
    return value is None or (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(alias, str) and alias in settings.DATABASES for alias in value)
    )


def _are_checks(value: Any) -> bool:
    def is_check(one: Any) -> bool:
        if isinstance(one, list | tuple):
            return len(one) == 2 and is_check(one[0]) and isinstance(one[1], dict)
        return isinstance(one, str | type)

    return isinstance(value, list | tuple) and all(map(is_check, value))


OPTIONS = (
    Option(
        key="DATABASES",
        default=None,
        accepts="None for all, or a list of aliases from the setting DATABASES",
        is_valid=_are_aliases,
        effect="The databases that the guard looks at where none is named.",
    ),
    Option(
        key="TIMEOUT_SECONDS",
        default=10.0,
        accepts="seconds above 0, at most 86400",
        is_valid=_is_positive_seconds,
        effect="How long commands and system checks wait for a database to answer.",
    ),
    Option(
        key="PROBE_CACHE_SECONDS",
        default=5.0,
        accepts="seconds up to 86400, 0 to ask the database at every probe",
        is_valid=_is_seconds,
        effect="How long a process gives the same verdict to probes before it asks the database again.",
    ),
    Option(
        key="PROBE_TIMEOUT_SECONDS",
        default=3.0,
        accepts="seconds above 0, at most 86400",
        is_valid=_is_positive_seconds,
        effect="How long a probe waits for a database; then the answer is unhealthy, with the reason.",
    ),
    Option(
        key="PROBE_DETAILS",
        default=False,
        accepts="True or False",
        is_valid=lambda value: isinstance(value, bool),
        effect="Whether every caller of the readiness URL sees names and reasons, and not only counts.",
    ),
    Option(
        key="PROBE_TOKEN",
        default=None,
        accepts="None, or a text of 16 characters or more",
        is_valid=lambda value: value is None or (isinstance(value, str) and len(value) >= 16),
        effect="A bearer token that shows names and reasons to the caller who sends it.",
    ),
    Option(
        key="PROBE_CHECKS",
        default=(),
        accepts="a list of django-health-check checks: classes, dotted paths, or pairs of one and its options",
        is_valid=_are_checks,
        effect="Further checks of django-health-check that the readiness URL runs and shows.",
    ),
)
_BY_KEY = {option.key: option for option in OPTIONS}
_SECRET = frozenset({"PROBE_TOKEN"})


def _configured() -> Mapping[Any, Any]:
    value = getattr(settings, NAME, {})
    return value if isinstance(value, Mapping) else {}


def current() -> Settings:
    """Read the settings in force now. A wrong value counts as not set; :func:`problems` names it."""
    configured = _configured()

    def value(option: Option) -> Any:
        chosen = configured.get(option.key, option.default)
        chosen = chosen if option.is_valid(chosen) else option.default
        return tuple(chosen) if isinstance(chosen, list) else chosen

    return Settings(**{option.key.lower(): value(option) for option in OPTIONS})


def problems() -> tuple[SettingProblem, ...]:
    """Name every wrong key and value of ``MIGRATION_GUARD``, each with a hint."""
    value = getattr(settings, NAME, {})
    if not isinstance(value, Mapping):
        return (
            SettingProblem(
                key=NAME,
                reason=f"{NAME} is a {type(value).__name__}, not a dictionary; the defaults are in force",
                hint=f"Set {NAME} to a dictionary with keys from {', '.join(_BY_KEY)}.",
                unknown_key=False,
            ),
        )
    return tuple(problem for key, chosen in value.items() if (problem := _problem(key, chosen)) is not None)


def _problem(key: Any, chosen: Any) -> SettingProblem | None:
    option = _BY_KEY.get(key)
    if option is None:
        near = difflib.get_close_matches(str(key).upper(), _BY_KEY, n=1)
        return SettingProblem(
            key=str(key),
            reason=f"{NAME}[{key!r}] is no setting of django-migration-guard and has no effect",
            hint=f"Rename the key to {near[0]!r}."
            if near
            else f"Remove it. The keys are {', '.join(_BY_KEY)}.",
            unknown_key=True,
        )
    if option.is_valid(chosen):
        return None
    shown = "a value that is not shown" if key in _SECRET else repr(chosen)
    return SettingProblem(
        key=option.key,
        reason=f"{NAME}[{key!r}] is {shown}; the default {option.default!r} is in force",
        hint=f"It accepts {option.accepts}.",
        unknown_key=False,
    )
