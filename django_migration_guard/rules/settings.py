"""Family 0xx: the project's settings."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Fix
from ..snapshot import SettingProblem, TroubleKind
from .registry import Case, Statement, rule


def _said(problem: SettingProblem) -> Statement:
    return Statement(
        message=f"{problem.reason}.",
        fixes=(Fix(summary=problem.hint),),
        evidence={"key": problem.key},
    )


@rule("W001", "unknown-setting")
def unknown_setting(case: Case) -> Iterator[Statement]:
    """A misspelt key has no effect, so the guard does not do what its settings seem to say.

    Every key of the dictionary `MIGRATION_GUARD` is known by name. One that is not is ignored, and the
    default of the key that was meant stays in force.
    """
    yield from (_said(problem) for problem in case.snapshot.setting_problems if problem.unknown_key)


@rule("W002", "wrong-setting")
def wrong_setting(case: Case) -> Iterator[Statement]:
    """A wrong value is not used, so the default is in force where the project chose something else."""
    yield from (_said(problem) for problem in case.snapshot.setting_problems if not problem.unknown_key)


@rule("E003", "router-failed", blocks_traffic=True)
def router_failed(case: Case) -> Iterator[Statement]:
    """Without the router's answer nobody can say which migrations this database should have.

    `migrate` asks the routers in `DATABASE_ROUTERS` for every operation, and stops with the same exception.
    """
    trouble = case.snapshot.records.trouble
    if trouble is not None and trouble.kind is TroubleKind.ROUTER:
        yield Statement(
            message=f"The database routers raise an exception for '{case.snapshot.alias}': {trouble.reason}.",
            fixes=(Fix(summary="Mend allow_migrate() in the routers that DATABASE_ROUTERS names."),),
            evidence={"reason": trouble.reason},
        )
