"""The run's servers, Django, and the engines on which tests run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import django
import pytest

from tests import servers
from tests.embedded import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEEPER = pytest.StashKey[servers.Keeper]()
_ALIASES = {"sqlite": "default", "postgres": "postgres", "mariadb": "mariadb"}


def pytest_configure(config: pytest.Config) -> None:
    """Start what the run needs, once, before any worker; then set Django up in every process."""
    for engine in servers.VARIABLES:
        config.addinivalue_line("markers", f"{engine}: needs a database on that engine")
    if not hasattr(config, "workerinput"):
        try:
            config.stash[_KEEPER] = servers.Keeper()
        except ServerError as error:
            raise pytest.UsageError(str(error)) from error
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Drop the run's databases and stop its server."""
    if _KEEPER in config.stash:
        config.stash[_KEEPER].close()
        del config.stash[_KEEPER]


def pytest_report_header() -> str:
    """Name the engines and the version of each server."""
    versions = {engine: servers.version(engine) for engine in servers.engines()}
    return "databases: " + ", ".join(f"{engine} {number}" for engine, number in versions.items())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests on engines that this run has not."""
    absent = set(servers.ENGINES) - set(servers.engines())
    gone = [item for item in items if any(item.get_closest_marker(engine) for engine in absent)]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in set(gone)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which engines were left out, and which variable brings each in."""
    for engine in servers.ENGINES:
        if engine not in servers.engines():
            setting = f"{servers.VARIABLES[engine]}={servers.EXAMPLES[engine]}"
            terminalreporter.write_line(f"not run: the tests on {engine}; {setting} runs them", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def _own_databases() -> Iterator[None]:
    """Make this worker's databases. The settings name them, so every test finds them."""
    from django.db import connections

    for engine in servers.engines():
        servers.create(engine, servers.name())
    yield
    connections.close_all()
    for engine in servers.engines():
        servers.drop(engine, servers.name())


@pytest.fixture(
    params=[
        pytest.param("sqlite"),
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The alias of an empty database, on each engine in turn; emptied again after the test."""
    from django.db import connections

    yield _ALIASES[request.param]
    connections.close_all()
    servers.empty(request.param, servers.name())


@pytest.fixture
def afresh() -> Iterator[None]:
    """Let no verdict and no probe under way come in from another test, nor go out to one."""
    from django_migration_guard import verdicts, views
    from django_migration_guard.flights import Flight

    yield
    under_way: list[Flight[Any]] = [
        *verdicts.verdicts._flights._under_way.values(),
        *views._further_checks._under_way.values(),
    ]
    for flight in under_way:
        flight.future.exception(timeout=60)
    verdicts._start_afresh()
    views._further_checks.__init__()  # type: ignore[misc]
