"""The URLs behind real servers, ASGI and WSGI, and what these leave on a database server."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.projects import chain
from tests.served import (
    PATIENCE_SECONDS,
    Served,
    SilentServer,
    managed,
    together,
    until,
    write_migrations,
    write_project,
)

ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize(
    "engine", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
BOTH = pytest.mark.parametrize("interface", ["asgi", "wsgi"])


@pytest.fixture
def project(engine: str, tmp_path: Path) -> Path:
    """The directory of a shop with two migrations, both of them recorded in the database of the engine."""
    write_migrations(tmp_path, chain("shop", "0001_initial", "0002_price"))
    recorder = MigrationRecorder(connections[engine])
    recorder.ensure_schema()
    for name in ("0001_initial", "0002_price"):
        recorder.migration_qs.create(app="shop", name=name)
    connections[engine].close()
    return tmp_path


def database(engine: str, **changes: Any) -> dict[str, Any]:
    """Give the settings of the engine's database, for a process of its own."""
    keys = ("ENGINE", "NAME", "HOST", "PORT", "USER", "PASSWORD")
    return {key: connections.settings[engine][key] for key in keys} | changes


def delete(engine: str, name: str) -> None:
    """Make a migration of the shop pending."""
    MigrationRecorder(connections[engine]).migration_qs.filter(name=name).delete()
    connections[engine].close()


@ON_SQLITE
@BOTH
def test_a_load_balancer_a_scraper_and_a_person_ask(project: Path, engine: str, interface: str) -> None:
    write_project(project, {"default": database(engine)}, MIGRATION_GUARD={"PROBE_CACHE_SECONDS": 0})
    with Served(project, interface) as server:
        got = server.ask("/health/ready")
        assert (got.status, got.headers["content-type"]) == (200, "application/health+json")
        assert got.body.startswith('{"status": "healthy", "checks": [{"name": "migrations", ')
        head = server.ask("/health/ready", method="HEAD")
        assert (head.status, head.body) == (200, "")
        assert head.headers["cache-control"] == got.headers["cache-control"]
        assert "no-store" in got.headers["cache-control"]
        assert server.ask("/health/ready", method="POST").status == 405

        scraped = server.ask(
            "/health/ready", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
        )
        names = [family.name for family in text_string_to_metric_families(scraped.body)]  # type: ignore[no-untyped-call]
        assert names[0] == "migration_guard_migrations"

        query = '.checks[] | select(.name == "migrations") | .data.applied'
        curl, jq = shutil.which("curl"), shutil.which("jq")
        if curl and jq:
            answer = subprocess.run(
                [curl, "--silent", "--fail", f"http://127.0.0.1:{server.port}/health/ready"],
                capture_output=True,
                check=True,
            )
            picked = subprocess.run([jq, query], input=answer.stdout, capture_output=True, check=True)
            assert picked.stdout.strip() == b"2"

        delete(engine, "0002_price")
        got, head = server.ask("/health/ready"), server.ask("/health/ready", method="HEAD")
        assert (got.status, got.json["status"], head.status, head.body) == (503, "unhealthy", 503, "")
        live = server.ask("/health/live")
        assert (live.status, live.json) == (200, {"status": "healthy"})


@ON_SQLITE
def test_the_command_health_check_asks_a_server(project: Path, engine: str) -> None:
    write_project(project, {"default": database(engine)}, MIGRATION_GUARD={"PROBE_CACHE_SECONDS": 0})
    with Served(project, "wsgi") as server:
        address = f"127.0.0.1:{server.port}"
        assert managed(project, "health_check", "migration_guard:ready", address) == (
            0,
            "healthy\ndefault: healthy (2 total, 2 applied, 0 pending, 0 orphaned; drift: not checked)\n",
            "",
        )
        delete(engine, "0002_price")
        url = f"http://{address}/health/ready"
        assert managed(project, "health_check", "migration_guard:ready", address) == (
            2,
            "",
            (
                f"Unexpected HTTP error when trying to reach '{url}': HTTP Error 503: Service Unavailable\n"
                "You may have selected an invalid endpoint 'migration_guard:ready' or another application is "
                f"running on '{address}'.\n"
            ),
        )


@ON_POSTGRES
@BOTH
def test_while_a_database_hangs_live_answers_and_ready_waits_in_vain(
    project: Path, engine: str, interface: str
) -> None:
    contrib = ["auth", "contenttypes", "sessions"]
    with SilentServer() as silent:
        lost = database(engine, HOST="127.0.0.1", PORT=str(silent.port), ATOMIC_REQUESTS=True)
        write_project(
            project,
            {"default": lost},
            INSTALLED_APPS=[
                *(f"django.contrib.{label}" for label in contrib),
                "shop",
                "django_migration_guard",
            ],
            MIDDLEWARE=[
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
            ],
            MIGRATION_GUARD={"PROBE_TIMEOUT_SECONDS": PATIENCE_SECONDS},
        )
        with Served(project, interface) as server:
            cookie = {"Cookie": "sessionid=0123456789abcdef0123456789abcdef"}
            with together(2, lambda: server.ask("/health/ready", headers=cookie)) as answers:
                silent.wait_for_callers(2)  # the probe, and the first of the sessions
                assert [server.ask("/health/live", headers=cookie).status for _ in range(5)] == [200] * 5
                assert answers == []
                silent.hang_up()
            assert [(answer.status, "findings" in answer.body) for answer in answers] == [(503, False)] * 2
            assert server.ask("/health/ready", headers=cookie).status == 503
            assert server.ask("/health/live").status == 200


def sessions(cursor: Any) -> int:
    """Count the sessions on this database, but for the one that asks."""
    cursor.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return int(cursor.fetchone()[0])


POOL = {"pool": {"min_size": 1, "max_size": 2}}


@ON_POSTGRES
@BOTH
@pytest.mark.parametrize(
    ("changes", "left"),
    [
        pytest.param({"CONN_MAX_AGE": None}, 0, id="kept-for-ever"),
        pytest.param({"OPTIONS": POOL, "ATOMIC_REQUESTS": True}, 2, id="pool"),
    ],
)
def test_probes_leave_no_connection_behind_and_survive_the_end_of_those_there_are(
    project: Path, engine: str, interface: str, changes: dict[str, Any], left: int
) -> None:
    write_project(
        project,
        {"default": database(engine, **changes)},
        MIGRATION_GUARD={"PROBE_CACHE_SECONDS": 0, "PROBE_CHECKS": ["health_check.checks.Database"]},
    )
    with Served(project, interface) as server, connections[engine].cursor() as cursor:
        for _ in range(2):
            with together(6, lambda: [server.ask("/health/ready").status for _ in range(5)]) as answers:
                pass
            assert answers == [[200] * 5] * 6, server.log
            until(lambda: sessions(cursor) <= left, "connections are left")
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            until(lambda: server.ask("/health/ready").status == 200, "the probe does not recover")
