"""The check in anybody's ``HealthCheckView``, and django-health-check's own command with our URL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from health_check.exceptions import ServiceUnavailable, ServiceWarning

from django_migration_guard.health import Migrations
from tests.projects import Site, chain

pytestmark = [
    pytest.mark.usefixtures("afresh"),
    pytest.mark.parametrize("engine", ["sqlite"], indirect=True),
]

CONTRIB = ("admin", "auth", "contenttypes", "messages", "sessions")


@pytest.fixture
def site(engine: str, tmp_path: Path) -> Iterator[Site]:
    """A shop with two migrations, both of them recorded, whose verdicts are not kept."""
    with Site(tmp_path, engine) as site:
        site.deploy(
            shop=chain("shop", "0001_initial", "0002_price"),
            settings={
                "INSTALLED_APPS": [
                    *(f"django.contrib.{label}" for label in CONTRIB),
                    "shop",
                    "health_check",
                    "django_migration_guard",
                ],
                "MIGRATION_MODULES": dict.fromkeys(CONTRIB),
                "MIGRATION_GUARD": {"DATABASES": ["default"], "PROBE_CACHE_SECONDS": 0},
            },
        )
        site.record("shop", "0001_initial", "0002_price")
        yield site


def make(site: Site, status: str) -> None:
    """Bring the shop's database into a state with this status."""
    if status == "degraded":
        site.record("shop", "0003_newer")
    if status == "unhealthy":
        site.unrecord("shop", "0002_price")


TOLD = {
    "healthy": None,
    "degraded": (
        "default: degraded (2 total, 2 applied, 0 pending, 1 orphaned; drift: not checked) "
        "migration_guard.W110"
    ),
    "unhealthy": (
        "default: unhealthy (2 total, 1 applied, 1 pending, 0 orphaned; drift: not checked) "
        "migration_guard.W105"
    ),
}


@pytest.mark.parametrize(
    ("status", "options", "raised"),
    [
        pytest.param("healthy", {}, None, id="healthy"),
        pytest.param("degraded", {}, None, id="degraded"),
        pytest.param("unhealthy", {}, ServiceUnavailable, id="unhealthy"),
        pytest.param("healthy", {"warn_when_degraded": True}, None, id="healthy-warnings-wanted"),
        pytest.param("degraded", {"warn_when_degraded": True}, ServiceWarning, id="degraded-warnings-wanted"),
        pytest.param(
            "unhealthy", {"warn_when_degraded": True}, ServiceUnavailable, id="unhealthy-warnings-wanted"
        ),
    ],
)
def test_what_the_check_raises(
    site: Site, status: str, options: Mapping[str, Any], raised: type[Exception] | None
) -> None:
    make(site, status)
    result = asyncio.run(Migrations(**options).get_result())
    assert type(result.error) is (raised or type(None))
    assert getattr(result.error, "message", None) == (TOLD[status] if raised else None)


@pytest.mark.parametrize(
    ("path", "status", "code", "said"),
    [
        pytest.param("/plain/", "healthy", 200, "OK", id="healthy"),
        pytest.param("/plain/", "degraded", 200, "OK", id="degraded"),
        pytest.param("/plain/", "unhealthy", 500, f"Unavailable: {TOLD['unhealthy']}", id="unhealthy"),
        pytest.param("/strict/", "healthy", 200, "OK", id="healthy-warnings-wanted"),
        pytest.param(
            "/strict/", "degraded", 500, f"Warning: {TOLD['degraded']}", id="degraded-warnings-wanted"
        ),
    ],
)
def test_a_plain_page_of_django_health_check(
    site: Site, path: str, status: str, code: int, said: str
) -> None:
    make(site, status)
    response = Client(headers={"accept": "application/json"}).get(path)
    assert response.status_code == code
    assert json.loads(response.content) == {"Migrations(databases=None)": said}


@pytest.mark.parametrize("form", ["text", "atom", "rss", "openmetrics"])
def test_the_check_in_the_other_formats_of_that_page(site: Site, form: str) -> None:
    make(site, "unhealthy")
    said = Client().get(f"/plain/?format={form}").content.decode()
    assert "Migrations" in said
    assert "0002_price" not in said


def test_the_databases_that_were_named_are_looked_at_and_no_others(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica = {**connections.settings["default"], "NAME": str(tmp_path / "replica.sqlite3")}
    monkeypatch.setitem(connections.settings, "replica", replica)
    Migrations().run()
    Migrations(databases=["default"]).run()
    with pytest.raises(ServiceUnavailable) as raised:
        Migrations(databases=["replica"]).run()
    assert raised.value.message == (
        "replica: unhealthy (2 total, 0 applied, 2 pending, 0 orphaned; drift: not checked) "
        "migration_guard.W102"
    )
    assert repr(Migrations(databases=["replica"])) == "Migrations(databases=['replica'])"


def test_a_database_that_is_not_configured_is_named_with_those_that_are(site: Site) -> None:
    with pytest.raises(ServiceUnavailable) as raised:
        Migrations(databases=["default", "nowhere"]).run()
    assert raised.value.message == "The connection 'nowhere' doesn't exist. Known: default."


def run(*arguments: str) -> tuple[Any, str, str]:
    """Run ``manage.py health_check`` here, and give its exit status and what it wrote."""
    output, errors = StringIO(), StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("health_check", *arguments, stdout=output, stderr=errors)
    return exit_.value.code, output.getvalue(), errors.getvalue()


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        pytest.param("healthy", 0, "OK", id="healthy"),
        pytest.param("degraded", 0, "OK", id="degraded"),
        pytest.param("unhealthy", 1, f"Unavailable: {TOLD['unhealthy']}", id="unhealthy"),
    ],
)
def test_the_command_health_check_without_a_server(site: Site, status: str, code: int, said: str) -> None:
    make(site, status)
    assert run("migration_guard:ready", "--no-http") == (code, f"Migrations(databases=None): {said}\n", "")


def test_the_command_health_check_without_a_server_runs_further_checks(site: Site) -> None:
    site.restart(
        MIGRATION_GUARD={
            "DATABASES": ["default"],
            "PROBE_CHECKS": [("tests.test_ready.Warns", {"place": "the attic"}), "tests.test_ready.Fine"],
        }
    )
    assert run("migration_guard:ready", "--no-http") == (
        1,
        "Migrations(databases=None): OK\nWarns(place='the attic'): Warning: the attic is nearly full\nFine(): OK\n",
        "",
    )
