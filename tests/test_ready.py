"""The readiness and liveness URLs: what they answer, to whom, in which format, and what it costs."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache.backends.base import BaseCache
from django.db import connections, transaction
from django.db.backends.signals import connection_created
from django.db.migrations.loader import MigrationLoader
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.test.utils import override_settings
from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable, ServiceWarning
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from django_migration_guard import guard, views
from django_migration_guard import verdicts as verdicts_module
from django_migration_guard.reporters.json import finding
from tests.projects import Site, chain
from tests.served import PATIENCE_SECONDS, SilentServer, together, until

pytestmark = pytest.mark.usefixtures("afresh")

TOKEN = "a token that is long enough"
ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize(
    "engine", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
ON_MARIADB = pytest.mark.parametrize(
    "engine", [pytest.param("mariadb", marks=pytest.mark.mariadb)], indirect=True
)


def get_sync(path: str = "/health/ready", cookie: str = "", **headers: str) -> Any:
    client = Client()
    client.cookies.load(cookie)
    return client.get(path, headers=headers)


def get_async(path: str = "/health/ready", cookie: str = "", **headers: str) -> Any:
    client = AsyncClient()
    client.cookies.load(cookie)
    return asyncio.run(client.get(path, headers=headers))


Get = Callable[..., Any]
WSGI_AND_ASGI = pytest.mark.parametrize(
    "get", [pytest.param(get_sync, id="wsgi"), pytest.param(get_async, id="asgi")]
)


def body(response: HttpResponse) -> Any:
    return json.loads(response.content)


class StillClock:
    """Stands in for the module ``time``: every verdict is of this moment."""

    @staticmethod
    def monotonic() -> float:
        return 1000.0


@pytest.fixture
def site(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A shop with two migrations, both of them recorded, whose verdicts are not kept."""
    monkeypatch.setattr(verdicts_module, "time", StillClock)
    with Site(tmp_path, engine) as site:
        settings = {
            "INSTALLED_APPS": [*CONTRIB.values(), "shop", "health_check", "django_migration_guard"],
            "MIGRATION_MODULES": dict.fromkeys(CONTRIB),
        }
        site.deploy(shop=chain("shop", "0001_initial", "0002_price"), settings=settings)
        site.record("shop", "0001_initial", "0002_price")
        configure(site)
        yield site


CONTRIB = {
    label: f"django.contrib.{label}" for label in ("admin", "auth", "contenttypes", "messages", "sessions")
}


def configure(site: Site, **guard_settings: Any) -> None:
    site.restart(MIGRATION_GUARD={"DATABASES": [site.alias], "PROBE_CACHE_SECONDS": 0, **guard_settings})


def make(site: Site, status: str) -> None:
    """Bring the shop's database into a state with this status."""
    if status == "degraded":
        site.record("shop", "0003_newer")
    if status == "unhealthy":
        site.unrecord("shop", "0002_price")


STATES = {
    "healthy": (200, {"total": 2, "applied": 2, "pending": 0, "orphaned": 0}),
    "degraded": (200, {"total": 2, "applied": 2, "pending": 0, "orphaned": 1}),
    "unhealthy": (503, {"total": 2, "applied": 1, "pending": 1, "orphaned": 0}),
}


@pytest.mark.parametrize("status", STATES)
@WSGI_AND_ASGI
def test_json_of_a_database(site: Site, get: Get, status: str) -> None:
    make(site, status)
    code, counts = STATES[status]
    response = get()
    one = {"status": status, **counts, "age_seconds": 0.0}
    data = {**counts, "age_seconds": 0.0, "databases": {site.alias: one}}
    expected = {"status": status, "checks": [{"name": "migrations", "status": status, "data": data}]}
    assert response.content.decode() == json.dumps(expected)
    assert response.status_code == code
    assert dict(response.items()) | {"Expires": ""} == {
        "Content-Type": "application/health+json",
        "Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private",
        "Expires": "",
        "Vary": "Accept",
    }


@ON_SQLITE
def test_the_command_of_the_readme_picks_the_migrations_out_of_the_answer(site: Site) -> None:
    configure(site, PROBE_CHECKS=[Fine, Fails])
    answer = get_sync().content
    query = '.checks[] | select(.name == "migrations")'
    if (jq := shutil.which("jq")) is None:
        picked = [one for one in json.loads(answer)["checks"] if one["name"] == "migrations"]
        output = json.dumps(picked[0])
    else:
        output = subprocess.run([jq, query], input=answer, capture_output=True, check=True).stdout.decode()
    counts = STATES["healthy"][1]
    one = {"status": "healthy", **counts, "age_seconds": 0}
    assert json.loads(output) == {
        "name": "migrations",
        "status": "healthy",
        "data": {**counts, "age_seconds": 0, "databases": {"default": one}},
    }


@ON_SQLITE
def test_several_databases_are_added_up_and_the_worst_decides(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add_database(monkeypatch, "replica", {"NAME": str(tmp_path / "replica.sqlite3")})
    site.restart(MIGRATION_GUARD={"DATABASES": ["default", "replica"], "PROBE_CACHE_SECONDS": 0})
    response = get_sync()
    assert response.status_code == 503
    assert body(response) == {
        "status": "unhealthy",
        "checks": [
            {
                "name": "migrations",
                "status": "unhealthy",
                "data": {
                    "total": 4,
                    "applied": 2,
                    "pending": 2,
                    "orphaned": 0,
                    "age_seconds": 0.0,
                    "databases": {
                        "default": {"status": "healthy", **STATES["healthy"][1], "age_seconds": 0.0},
                        "replica": {
                            "status": "unhealthy",
                            "total": 2,
                            "applied": 0,
                            "pending": 2,
                            "orphaned": 0,
                            "age_seconds": 0.0,
                        },
                    },
                },
            }
        ],
    }


def add_database(monkeypatch: pytest.MonkeyPatch, alias: str, changes: Mapping[str, Any]) -> None:
    """Configure one more database, like ``default`` but for these settings."""
    from django.conf import settings

    settings_of_alias = {**connections.settings["default"], **changes}
    monkeypatch.setitem(connections.settings, alias, settings_of_alias)
    if settings.DATABASES is not connections.settings:
        monkeypatch.setitem(settings.DATABASES, alias, settings_of_alias)


@ON_SQLITE
@WSGI_AND_ASGI
def test_a_number_that_is_not_known_is_null(site: Site, get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections.settings["default"], "NAME", str(site.directory / "absent" / "db"))
    response = get()
    unknown = {"total": None, "applied": None, "pending": None, "orphaned": None, "age_seconds": 0.0}
    databases = {"default": {"status": "unhealthy", **unknown}}
    assert response.status_code == 503
    assert body(response)["checks"][0]["data"] == {**unknown, "databases": databases}


@ON_SQLITE
@pytest.mark.parametrize("status", STATES)
def test_head_gives_the_same_status_and_headers(site: Site, status: str) -> None:
    make(site, status)
    answers = [Client().get("/health/ready"), Client().head("/health/ready")]
    assert [answer.status_code for answer in answers] == [STATES[status][0]] * 2
    first, second = [{**answer.headers, "Expires": ""} for answer in answers]
    assert first == second
    assert answers[1].content == b""


@ON_SQLITE
@pytest.mark.parametrize("path", ["/health/ready", "/health/live"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(site: Site, path: str, method: str) -> None:
    assert Client().generic(method, path).status_code == 405


JSON = "application/health+json"
TEXT = "text/plain; charset=utf-8"
METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_2 = "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@ON_SQLITE
@pytest.mark.parametrize(
    ("query", "accept", "content_type"),
    [
        pytest.param("", None, JSON, id="nothing-asked"),
        pytest.param("", "*/*", JSON, id="curl"),
        pytest.param("", "", JSON, id="empty"),
        pytest.param("", "application/health+json", JSON, id="health-json"),
        pytest.param("", "application/json", "application/json", id="json"),
        pytest.param("", "application/*", JSON, id="any-application"),
        pytest.param("", "text/plain", TEXT, id="text"),
        pytest.param("", FIREFOX, TEXT, id="browser"),
        pytest.param("", PROMETHEUS_3, METRICS, id="prometheus-3"),
        pytest.param("", PROMETHEUS_2, METRICS, id="prometheus-2"),
        pytest.param("", "application/json;q=0.1, text/plain;q=0.2", TEXT, id="by-quality"),
        pytest.param("", "image/png", JSON, id="nothing-that-is-there"),
        pytest.param("", "rubbish", JSON, id="rubbish"),
        pytest.param("", ";;;q=abc,,/,é/é;q=-1", JSON, id="more-rubbish"),
        pytest.param("?format=json", "text/plain", JSON, id="format-json"),
        pytest.param("?format=text", "application/json", TEXT, id="format-text"),
        pytest.param("?format=openmetrics", FIREFOX, METRICS, id="format-openmetrics"),
        pytest.param("?format=yaml", "text/plain", JSON, id="unknown-format"),
        pytest.param("?format=", "text/plain", JSON, id="empty-format"),
    ],
)
def test_the_format_that_was_asked_for(site: Site, query: str, accept: str | None, content_type: str) -> None:
    headers = {} if accept is None else {"accept": accept}
    response = Client(headers=headers).get(f"/health/ready{query}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == content_type
    assert response.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


@ON_SQLITE
@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("healthy", "healthy\ndefault: healthy (2 total, 2 applied, 0 pending, 0 orphaned"),
        ("degraded", "degraded\ndefault: degraded (2 total, 2 applied, 0 pending, 1 orphaned"),
        ("unhealthy", "unhealthy\ndefault: unhealthy (2 total, 1 applied, 1 pending, 0 orphaned"),
    ],
)
def test_text(site: Site, status: str, text: str) -> None:
    make(site, status)
    assert get_sync("/health/ready?format=text").content.decode() == f"{text}; drift: not checked)\n"


METRICS_OF_A_DEGRADED_SHOP = """\
# TYPE migration_guard_migrations gauge
# HELP migration_guard_migrations Migrations that this release has for a database.
migration_guard_migrations{database="default"} 2
# TYPE migration_guard_migrations_applied gauge
# HELP migration_guard_migrations_applied Migrations that are applied.
migration_guard_migrations_applied{database="default"} 2
# TYPE migration_guard_migrations_pending gauge
# HELP migration_guard_migrations_pending Migrations that are not applied.
migration_guard_migrations_pending{database="default"} 0
# TYPE migration_guard_migrations_orphaned gauge
# HELP migration_guard_migrations_orphaned Migrations that are recorded and not on disk.
migration_guard_migrations_orphaned{database="default"} 1
# TYPE migration_guard_verdict_age_seconds gauge
# UNIT migration_guard_verdict_age_seconds seconds
# HELP migration_guard_verdict_age_seconds Since the database was asked.
migration_guard_verdict_age_seconds{database="default"} 0.0
# TYPE migration_guard_status gauge
# HELP migration_guard_status 1 for the status that a database has, 0 for the others.
migration_guard_status{database="default",status="healthy"} 0
migration_guard_status{database="default",status="degraded"} 1
migration_guard_status{database="default",status="unhealthy"} 0
# EOF
"""


def metrics(response: HttpResponse) -> dict[str, float]:
    """Read the answer with Prometheus's own parser."""
    found = {}
    for family in text_string_to_metric_families(response.content.decode()):  # type: ignore[no-untyped-call]
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
            assert f"{sample.name}{{{labels}}}" not in found
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


@ON_SQLITE
def test_openmetrics(site: Site) -> None:
    make(site, "degraded")
    response = get_sync("/health/ready?format=openmetrics")
    assert response.content.decode() == METRICS_OF_A_DEGRADED_SHOP
    assert metrics(response) == {
        "migration_guard_migrations{database=default}": 2,
        "migration_guard_migrations_applied{database=default}": 2,
        "migration_guard_migrations_pending{database=default}": 0,
        "migration_guard_migrations_orphaned{database=default}": 1,
        "migration_guard_verdict_age_seconds{database=default}": 0,
        "migration_guard_status{database=default,status=healthy}": 0,
        "migration_guard_status{database=default,status=degraded}": 1,
        "migration_guard_status{database=default,status=unhealthy}": 0,
    }


@ON_SQLITE
def test_openmetrics_is_answered_200_whatever_the_verdict_and_leaves_out_what_is_unknown(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = 'an "odd" \\ alias\nof two lines'
    add_database(monkeypatch, odd, {"NAME": str(site.directory / "absent" / "db")})
    site.restart(
        MIGRATION_GUARD={
            "DATABASES": ["default", odd],
            "PROBE_CACHE_SECONDS": 0,
            "PROBE_CHECKS": [Fails, Fails, (Fails, {}), Fine],
        }
    )
    response = get_sync("/health/ready?format=openmetrics")
    assert response.status_code == 200
    names = ("Fails", "Fails 2", "Fails 3", "Fine")
    assert {
        key: value for key, value in metrics(response).items() if odd in key or "check_status" in key
    } == {
        f"migration_guard_verdict_age_seconds{{database={odd}}}": 0,
        f"migration_guard_status{{database={odd},status=healthy}}": 0,
        f"migration_guard_status{{database={odd},status=degraded}}": 0,
        f"migration_guard_status{{database={odd},status=unhealthy}}": 1,
        **{
            f"migration_guard_check_status{{check={name},status={status}}}": int(
                status == ("healthy" if name == "Fine" else "unhealthy")
            )
            for name in names
            for status in STATES
        },
    }


@ON_SQLITE
@WSGI_AND_ASGI
def test_the_age_of_a_verdict_that_is_kept_is_told(
    site: Site, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(site, PROBE_CACHE_SECONDS=60)
    assert body(get())["checks"][0]["data"]["age_seconds"] == 0.0
    monkeypatch.setattr(StillClock, "monotonic", staticmethod(lambda: 1041.5))
    data = body(get())["checks"][0]["data"]
    assert (data["age_seconds"], data["databases"]["default"]["age_seconds"]) == (41.5, 41.5)
    scraped = metrics(get("/health/ready?format=openmetrics"))
    assert scraped["migration_guard_verdict_age_seconds{database=default}"] == 41.5


# What the documentation says of hosts and of HTTPS


@ON_SQLITE
@WSGI_AND_ASGI
@pytest.mark.parametrize("path", ["/health/ready", "/health/live"])
def test_probes_over_plain_http_where_everybody_else_is_redirected(site: Site, get: Get, path: str) -> None:
    with override_settings(
        MIDDLEWARE=["django.middleware.security.SecurityMiddleware"], SECURE_SSL_REDIRECT=True
    ):
        assert get(path).status_code == 301
        with override_settings(SECURE_REDIRECT_EXEMPT=[r"^health/"]):
            assert get(path).status_code == 200


@ON_SQLITE
def test_a_probe_that_sends_an_allowed_host_where_its_own_is_not(site: Site) -> None:
    with override_settings(
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"], ALLOWED_HOSTS=["shop.example.com"]
    ):
        assert get_sync(host="10.0.0.7:8000").status_code == 400
        assert get_sync(host="shop.example.com").status_code == 200


# Further checks


@dataclasses.dataclass
class Fine(HealthCheck):
    """Passes."""

    def run(self) -> None:
        """Find nothing."""


@dataclasses.dataclass
class Warns(HealthCheck):
    """Warns, as a coroutine."""

    place: str = "the disk"

    async def run(self) -> None:
        """Warn of the place."""
        raise ServiceWarning(f"{self.place} is nearly full")


@dataclasses.dataclass
class Fails(HealthCheck):
    """Fails."""

    def run(self) -> None:
        """Fail."""
        raise ServiceUnavailable("queue-7.internal is gone")


@dataclasses.dataclass
class Crashes(HealthCheck):
    """Breaks in a way that nobody meant."""

    def run(self) -> None:
        """Break."""
        raise RuntimeError("password=hunter2")


@dataclasses.dataclass
class Hangs(HealthCheck):
    """Does not end until the test says so."""

    end = threading.Event()
    started = 0

    def run(self) -> None:
        """Hang."""
        type(self).started += 1
        self.end.wait(PATIENCE_SECONDS)


@dataclasses.dataclass
class AsksTheDatabase(HealthCheck):
    """Uses its thread's connection and leaves it open, as checks do that are written in a hurry."""

    alias: str = "default"

    def run(self) -> None:
        """Ask."""
        with connections[self.alias].cursor() as cursor:
            cursor.execute("SELECT 1")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told:
    """What a probe is told with further checks."""

    code: int = 200
    status: str = "healthy"
    others: list[tuple[str, str, str]]


CANNOT = "it cannot be run; see the log"


@ON_SQLITE
@WSGI_AND_ASGI
@pytest.mark.parametrize(
    ("checks", "told"),
    [
        pytest.param([Fine], Told(others=[("Fine", "healthy", "")]), id="class"),
        pytest.param(["tests.test_ready.Fine"], Told(others=[("Fine", "healthy", "")]), id="dotted-path"),
        pytest.param(
            [Warns],
            Told(status="degraded", others=[("Warns", "degraded", "Warning: the disk is nearly full")]),
            id="warning",
        ),
        pytest.param(
            [("tests.test_ready.Warns", {"place": "the attic"})],
            Told(status="degraded", others=[("Warns", "degraded", "Warning: the attic is nearly full")]),
            id="options",
        ),
        pytest.param(
            [Fails],
            Told(
                code=503,
                status="unhealthy",
                others=[("Fails", "unhealthy", "Unavailable: queue-7.internal is gone")],
            ),
            id="failure",
        ),
        pytest.param(
            [Crashes],
            Told(
                code=503,
                status="unhealthy",
                others=[("Crashes", "unhealthy", "Unknown Error: unknown error")],
            ),
            id="unexpected-exception",
        ),
        pytest.param(
            ["health_check.checks.Nothing"],
            Told(code=503, status="unhealthy", others=[("Nothing", "unhealthy", CANNOT)]),
            id="path-that-is-not-there",
        ),
        pytest.param(
            [(Fine, {"no": "option"})],
            Told(code=503, status="unhealthy", others=[("Fine", "unhealthy", CANNOT)]),
            id="option-that-is-not-there",
        ),
        pytest.param(
            [int],
            Told(code=503, status="unhealthy", others=[("int", "unhealthy", CANNOT)]),
            id="no-check",
        ),
        pytest.param(
            [Fine, Warns, (Warns, {"place": "the attic"})],
            Told(
                status="degraded",
                others=[
                    ("Fine", "healthy", ""),
                    ("Warns", "degraded", "Warning: the disk is nearly full"),
                    ("Warns 2", "degraded", "Warning: the attic is nearly full"),
                ],
            ),
            id="several",
        ),
    ],
)
def test_further_checks_stand_beside_the_migrations(
    site: Site, get: Get, checks: list[Any], told: Told
) -> None:
    configure(site, PROBE_CHECKS=checks)
    response = get()
    assert response.status_code == told.code
    assert body(response)["status"] == told.status
    assert body(response)["checks"][0]["status"] == "healthy"
    assert body(response)["checks"][1:] == [{"name": name, "status": said} for name, said, _ in told.others]
    configure(site, PROBE_CHECKS=checks, PROBE_DETAILS=True)
    assert body(get())["checks"][1:] == [
        {"name": name, "status": said, "output": output} for name, said, output in told.others
    ]
    text = get("/health/ready?format=text").content.decode().splitlines()
    assert text[0] == told.status
    assert text[2:] == [
        f"{name}: {said}" + (f" ({output})" if output else "") for name, said, output in told.others
    ]


@ON_SQLITE
@WSGI_AND_ASGI
def test_a_further_check_that_hangs_is_waited_for_no_longer_than_a_database(site: Site, get: Get) -> None:
    Hangs.end.clear()
    Hangs.started = 0
    configure(site, PROBE_CHECKS=[Hangs, Fine], PROBE_DETAILS=True, PROBE_TIMEOUT_SECONDS=0.3)
    for _ in range(3):
        response = get()
        assert response.status_code == 503
        assert body(response)["checks"][1:] == [
            {"name": "Hangs", "status": "unhealthy", "output": "no answer within 0.3 seconds"},
            {"name": "Fine", "status": "healthy", "output": ""},
        ]
    assert Hangs.started == 1
    Hangs.end.set()
    views._further_checks._under_way[repr(Hangs)].result(within_seconds=PATIENCE_SECONDS)
    assert get().status_code == 200


@ON_SQLITE
def test_probes_of_one_event_loop_pass_a_further_check_that_hangs(site: Site) -> None:
    Hangs.end.clear()
    configure(site, PROBE_CHECKS=[Hangs], PROBE_TIMEOUT_SECONDS=0.3)

    async def probes() -> list[int]:
        answers = await asyncio.gather(*(AsyncClient().get("/health/ready") for _ in range(80)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(probes()) == [503] * 80
    Hangs.end.set()


# Strangers

SECRETS = (
    "shop",
    "0002_price",
    "migration_guard.",
    "queue-7",
    "nearly full",
    "hunter2",
    "unable to open",
    "absent",
    "see the log",
    "Traceback",
)
FORMATS = ("json", "text", "openmetrics")


@ON_SQLITE
@WSGI_AND_ASGI
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("state", [*STATES, "unreachable", "graph-that-cannot-be-loaded"])
def test_a_stranger_sees_no_name_and_no_reason(
    site: Site, get: Get, form: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(site, state)
    if state == "unreachable":
        monkeypatch.setitem(connections.settings["default"], "NAME", str(site.directory / "absent" / "db"))
    if state == "graph-that-cannot-be-loaded":
        site.file("shop", "0002_price").write_text("shop = hunter2\n")
    configure(site, PROBE_CHECKS=[Warns, Fails, Crashes, "shop.Nothing"])
    said = get(f"/health/ready?format={form}").content.decode()
    assert [secret for secret in SECRETS if secret in said] == []
    configure(site, PROBE_CHECKS=[Warns, Fails, Crashes, "shop.Nothing"], PROBE_DETAILS=True)
    said = get("/health/ready?format=json").content.decode()
    assert "queue-7" in said
    assert "hunter2" not in said or state == "graph-that-cannot-be-loaded"


def shows_details(response: HttpResponse) -> bool:
    return "findings" in body(response)["checks"][0]


@ON_SQLITE
@WSGI_AND_ASGI
def test_details_are_the_findings_of_the_guard(site: Site, get: Get) -> None:
    make(site, "unhealthy")
    configure(site, PROBE_DETAILS=True)
    expected = [finding(one) for one in guard.inspect(site.alias, thorough=False).findings]
    assert [one["code"] for one in expected] == ["migration_guard.W105"]
    assert body(get())["checks"][0]["findings"] == json.loads(json.dumps(expected))
    (message,) = [one["message"] for one in expected]
    assert get("/health/ready?format=text").content.decode() == (
        "unhealthy\ndefault: unhealthy (2 total, 1 applied, 1 pending, 0 orphaned; drift: not checked)\n"
        f"migration_guard.W105: {message}\n"
    )


@ON_SQLITE
@WSGI_AND_ASGI
@pytest.mark.parametrize(
    ("token", "header", "seen"),
    [
        pytest.param(TOKEN, f"Bearer {TOKEN}", True, id="right"),
        pytest.param(TOKEN, f"bearer  {TOKEN} ", True, id="right-with-other-case-and-spaces"),
        pytest.param(TOKEN, f"Bearer {TOKEN}r", False, id="longer"),
        pytest.param(TOKEN, f"Bearer {TOKEN[:-1]}", False, id="shorter"),
        pytest.param(TOKEN, f"Basic {TOKEN}", False, id="other-scheme"),
        pytest.param(TOKEN, "Bearer", False, id="no-token"),
        pytest.param(TOKEN, "Bearer ", False, id="empty-token"),
        pytest.param(TOKEN, "", False, id="empty-header"),
        pytest.param(TOKEN, "Bearer ÿ€".encode().decode("latin-1"), False, id="not-ascii"),
        pytest.param(
            "ein geheimer Schlüssel",
            "Bearer ein geheimer Schlüssel".encode().decode("latin-1"),
            True,
            id="right-and-not-ascii",
        ),
        pytest.param("too short", "Bearer too short", False, id="token-that-the-settings-refuse"),
        pytest.param(None, "Bearer None", False, id="no-token-set"),
        pytest.param(None, "Bearer ", False, id="no-token-set-and-none-sent"),
    ],
)
def test_a_bearer_token_shows_details(
    site: Site, get: Get, token: str | None, header: str, seen: bool
) -> None:
    configure(site, PROBE_TOKEN=token)
    assert shows_details(get(authorization=header)) is seen


def test_tokens_are_compared_in_constant_time() -> None:
    names = views._may_see_details.__code__.co_names
    assert "compare_digest" in names


@pytest.fixture
def people(engine: str) -> Iterator[None]:
    """Users and sessions in the default database, whose migrations nobody has run."""
    with connections["default"].schema_editor() as editor:
        for model in (User, Session):
            editor.create_model(model)
    with override_settings(MIGRATION_GUARD={"DATABASES": ["default"]}):
        yield


def signed_in(**options: bool) -> str:
    """Sign somebody in, and give the cookie."""
    client = Client()
    client.force_login(User.objects.create_user("somebody", None, None, **options))
    return f"sessionid={client.cookies['sessionid'].value}"


@ON_SQLITE
@WSGI_AND_ASGI
@pytest.mark.parametrize(
    ("options", "seen"),
    [
        pytest.param({"is_staff": True}, True, id="staff"),
        pytest.param({}, False, id="not-staff"),
        pytest.param({"is_superuser": True}, False, id="superuser-who-is-not-staff"),
    ],
)
@pytest.mark.usefixtures("people")
def test_a_staff_session_shows_details(get: Get, options: dict[str, bool], seen: bool) -> None:
    assert shows_details(get(cookie=signed_in(**options))) is seen


@ON_SQLITE
@WSGI_AND_ASGI
@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("backend", ["ModelBackend", "AllowAllUsersModelBackend"])
def test_a_session_counts_no_more_when_its_user_is_inactive(get: Get, backend: str) -> None:
    with override_settings(AUTHENTICATION_BACKENDS=[f"django.contrib.auth.backends.{backend}"]):
        cookie = signed_in(is_staff=True)
        assert shows_details(get(cookie=cookie))
        User.objects.update(is_active=False)
        assert not shows_details(get(cookie=cookie))


@ON_SQLITE
@WSGI_AND_ASGI
@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("cookie", ["sessionid=", "sessionid=guessed", 'sessionid="', "csrftoken=x"])
def test_a_cookie_that_is_no_session_shows_nothing(get: Get, cookie: str) -> None:
    assert not shows_details(get(cookie=cookie))


@ON_SQLITE
@WSGI_AND_ASGI
@pytest.mark.usefixtures("people")
def test_a_wrong_token_is_not_made_up_for_by_a_session(get: Get) -> None:
    with override_settings(MIGRATION_GUARD={"DATABASES": ["default"], "PROBE_TOKEN": TOKEN}):
        cookie = signed_in(is_staff=True)
        assert not shows_details(get(cookie=cookie, authorization="Bearer wrong"))
        assert shows_details(get(cookie=cookie))


class NoCache(BaseCache):
    """A cache that must not be touched."""

    def __init__(self, *_: Any) -> None:
        super().__init__({})

    def get(self, *_: Any, **__: Any) -> Any:
        """Refuse."""
        raise ConnectionError("cache-3.internal refused")

    set = add = touch = delete = get


NO_CACHE = {"default": {"BACKEND": "tests.test_ready.NoCache"}}


@ON_SQLITE
@WSGI_AND_ASGI
@pytest.mark.parametrize("store", ["db", "cache"])
def test_a_session_store_that_is_broken_makes_a_stranger(
    site: Site, get: Get, store: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = f"django.contrib.sessions.backends.{store}"
    with override_settings(SESSION_ENGINE=engine, CACHES=NO_CACHE):
        response = get(cookie="sessionid=0123456789abcdef0123456789abcdef")
    assert response.status_code == 200
    assert not shows_details(response)
    said = [record.getMessage() for record in caplog.records]
    # Django's cache sessions take a cache that is broken for one that is empty.
    assert said == {"db": [UNREADABLE], "cache": []}[store]


UNREADABLE = "the session of a probe could not be read; it is answered as a stranger"


@ON_SQLITE
@WSGI_AND_ASGI
def test_a_session_store_that_hangs_makes_a_stranger_within_the_limit(
    site: Site, get: Get, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    end = threading.Event()
    started = []

    def hang(request: Any) -> bool:
        started.append(request)
        return end.wait(PATIENCE_SECONDS)

    monkeypatch.setattr(views, "_is_staff", hang)
    configure(site, PROBE_TIMEOUT_SECONDS=0.2)
    for _ in range(10):
        response = get(cookie="sessionid=0123456789abcdef0123456789abcdef")
        assert response.status_code == 200
        assert not shows_details(response)
    end.set()
    assert len(started) == 8
    assert {record.getMessage() for record in caplog.records} == {UNREADABLE}


# Liveness


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect every statement on every connection that is opened in the block, in whatever thread."""
    collected: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        collected.append(sql)
        return execute(sql, params, many, context)

    def listen(connection: Any, **_: object) -> None:
        collected.append(f"connected to {connection.alias}")
        connection.execute_wrappers.append(note)

    connection_created.connect(listen)
    try:
        yield collected
    finally:
        connection_created.disconnect(listen)


@WSGI_AND_ASGI
@pytest.mark.parametrize("atomic", [False, True], ids=["", "atomic-requests"])
@ON_SQLITE
def test_live_touches_nothing(
    engine: str, get: Get, atomic: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(connections.settings["default"], "NAME", str(tmp_path / "absent" / "db"))
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", atomic)
    connections["default"].close()
    del connections["default"]
    with statements() as collected, override_settings(CACHES=NO_CACHE):
        response = get("/health/live", cookie="sessionid=0123456789abcdef0123456789abcdef")
    assert (response.status_code, response.content) == (200, b'{"status": "healthy"}')
    assert response.headers["Content-Type"] == "application/health+json"
    assert response.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    assert not response.cookies
    assert collected == []


@WSGI_AND_ASGI
@ON_SQLITE
def test_both_urls_are_answered_where_every_page_demands_a_login(site: Site, get: Get) -> None:
    with override_settings(
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.auth.middleware.LoginRequiredMiddleware",
        ]
    ):
        assert [get(path).status_code for path in ("/health/ready", "/health/live", "/plain/")] == [
            200,
            200,
            302,
        ]


# What a probe costs


@WSGI_AND_ASGI
@pytest.mark.parametrize("atomic", [False, True], ids=["", "atomic-requests"])
def test_a_probe_is_one_select(site: Site, get: Get, atomic: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections.settings[site.alias], "ATOMIC_REQUESTS", atomic)
    with statements() as collected:
        assert get().status_code == 200
    assert [one.partition("SELECT")[2] for one in collected] == [
        "",
        {
            "default": ' app, name FROM "django_migrations" ORDER BY id',
            "postgres": ' app, name FROM "django_migrations" ORDER BY id',
            "mariadb": " /*+ MAX_EXECUTION_TIME(2400) */ app, name FROM `django_migrations` ORDER BY id",
        }[site.alias],
    ]
    assert collected[0] == f"connected to {site.alias}"


@ON_SQLITE
@WSGI_AND_ASGI
def test_a_verdict_that_is_kept_costs_no_statement(site: Site, get: Get) -> None:
    configure(site, PROBE_CACHE_SECONDS=60)
    assert get().status_code == 200
    make(site, "unhealthy")
    with statements() as collected:
        for _ in range(50):
            assert get().status_code == 200
    assert collected == []


@ON_SQLITE
@WSGI_AND_ASGI
def test_the_files_are_read_once_a_process(site: Site, get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = []
    load = MigrationLoader.load_disk
    monkeypatch.setattr(MigrationLoader, "load_disk", lambda loader: loads.append(loader) or load(loader))  # type: ignore[func-returns-value]
    first = get().content
    shutil.rmtree(site.directory / "shop")
    assert [get().content for _ in range(5)] == [first] * 5
    assert len(loads) == 1


# A stuck probe


@contextmanager
def locked(alias: str) -> Iterator[None]:
    """Let this thread's connection hold the history table, so that nobody can read it."""
    connection = connections[alias]
    if connection.vendor == "postgresql":
        with transaction.atomic(alias), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
            yield
        return
    begin, end = {
        "sqlite": ("BEGIN EXCLUSIVE", "ROLLBACK"),
        "mysql": ("LOCK TABLES django_migrations WRITE", "UNLOCK TABLES"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(begin)
        yield
        cursor.execute(end)


def messages(response: HttpResponse) -> list[str]:
    return [one["message"] for one in body(response)["checks"][0]["findings"]]


THE_LOCK = 1


def sessions(alias: str) -> int:
    """Count the sessions on the server that are on this database."""
    with another_session(alias) as cursor:
        if alias == "postgres":
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        else:
            cursor.execute(
                "SELECT count(*) FROM information_schema.processlist "
                "WHERE db = database() AND id <> connection_id()"
            )
        return int(cursor.fetchone()[0])


REASONS = {
    "default": "Database 'default' did not answer in time: database is locked",
    "postgres": "Database 'postgres' did not answer in time: canceling statement due to statement timeout",
    "mariadb": "Database 'mariadb' did not answer in time: Query execution was interrupted "
    "(max_statement_time exceeded) (error 1969)",
}


@WSGI_AND_ASGI
def test_the_server_itself_ends_a_probe_that_waits_for_a_lock(
    site: Site, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts_module, "_SERVER_SHARE", 0.3 / PATIENCE_SECONDS)
    if site.alias == "default":
        monkeypatch.setitem(connections.settings["default"], "OPTIONS", {"timeout": 0.3})
    configure(site, PROBE_DETAILS=True, PROBE_TIMEOUT_SECONDS=PATIENCE_SECONDS)
    with locked(site.alias):
        response = get()
        assert response.status_code == 503
        assert messages(response) == [REASONS[site.alias]]
        if site.alias != "default":
            until(lambda: sessions(site.alias) == THE_LOCK, "a probe is still there")
    assert get().status_code == 200


@WSGI_AND_ASGI
def test_a_probe_that_waits_for_a_lock_is_answered_within_the_limit(site: Site, get: Get) -> None:
    configure(site, PROBE_TIMEOUT_SECONDS=0.2)
    with locked(site.alias):
        for _ in range(3):
            response = get()
            assert response.status_code == 503
            assert body(response)["checks"][0]["data"]["total"] is None
        if site.alias != "default":
            until(lambda: sessions(site.alias) == THE_LOCK, "a probe is still there")
    until(lambda: get().status_code == 200, "the verdict stays bad")


ON_SERVERS = pytest.mark.parametrize(
    "engine",
    [
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
    indirect=True,
)


@ON_SERVERS
@WSGI_AND_ASGI
def test_a_server_that_accepts_and_never_answers_costs_the_limit(
    site: Site, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SilentServer() as server:
        monkeypatch.setitem(connections.settings[site.alias], "HOST", "127.0.0.1")
        monkeypatch.setitem(connections.settings[site.alias], "PORT", str(server.port))
        configure(site, PROBE_DETAILS=True, PROBE_TIMEOUT_SECONDS=0.3)
        for _ in range(5):
            response = get()
            assert response.status_code == 503
            assert messages(response) == [
                f"Database '{site.alias}' did not answer in time: no answer within 0.3 seconds"
            ]
        assert server.callers == 1
    monkeypatch.undo()
    until(lambda: get().status_code == 200, "the verdict stays bad")


@ON_SERVERS
@WSGI_AND_ASGI
def test_databases_that_hang_are_waited_for_at_the_same_time(
    site: Site, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    aliases = [f"silent_{number}" for number in range(4)]
    with SilentServer(hang_up_at=4) as server:
        for alias in aliases:
            place = {"HOST": "127.0.0.1", "PORT": str(server.port)}
            add_database(monkeypatch, alias, {**connections.settings[site.alias], **place})
        site.restart(
            MIGRATION_GUARD={
                "DATABASES": aliases,
                "PROBE_CACHE_SECONDS": 0,
                "PROBE_TIMEOUT_SECONDS": PATIENCE_SECONDS,
                "PROBE_DETAILS": True,
            }
        )
        response = get()
    assert response.status_code == 503
    assert [message.split(":")[0] for message in messages(response)] == [
        f"Database '{alias}' cannot be reached" for alias in aliases
    ]


# Connections


@ON_SERVERS
@WSGI_AND_ASGI
@pytest.mark.parametrize("age", [None, 60, 0], ids=lambda age: f"max-age-{age}")
@pytest.mark.parametrize("atomic", [False, True], ids=["", "atomic-requests"])
def test_no_connection_is_left_behind(
    site: Site, get: Get, age: int | None, atomic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.settings[site.alias], "CONN_MAX_AGE", age)
    monkeypatch.setitem(connections.settings[site.alias], "ATOMIC_REQUESTS", atomic)
    configure(site, PROBE_CHECKS=[(AsksTheDatabase, {"alias": site.alias})])
    with together(6, lambda: [get().status_code for _ in range(3)]) as answers:
        pass
    assert answers == [[200] * 3] * 6
    until(lambda: sessions(site.alias) == 0, "a connection is left")


@contextmanager
def another_session(alias: str) -> Iterator[Any]:
    """Give the cursor of one more session: in a transaction PostgreSQL shows the sessions as they were at first."""
    connection = connections[alias].copy()
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@ON_POSTGRES
@WSGI_AND_ASGI
def test_a_session_that_is_killed_in_the_middle_of_a_probe_is_a_reason(site: Site, get: Get) -> None:
    configure(site, PROBE_DETAILS=True, PROBE_TIMEOUT_SECONDS=PATIENCE_SECONDS)
    with locked(site.alias), another_session(site.alias) as cursor, together(1, get) as answers:

        def killed() -> bool:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND datname = current_database() AND pid <> pg_backend_pid()"
            )
            return bool(cursor.fetchall())

        until(killed, "no probe waits")
    (response,) = answers
    assert response.status_code == 503
    (message,) = messages(response)
    assert message.startswith(
        "Database 'postgres' cannot be read: terminating connection due to administrator command"
    )
    assert get().status_code == 200
