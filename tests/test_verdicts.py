"""Verdicts for probes: kept for a time, asked for once at a time, never waited for without a limit."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test.utils import override_settings
from django.utils import timezone
from django.utils.connection import ConnectionDoesNotExist

from django_migration_guard import flights as flights_module
from django_migration_guard import guard
from django_migration_guard import verdicts as verdicts_module
from django_migration_guard.findings import Counts, Finding, Level, Report, Status
from django_migration_guard.flights import Flight, Flights
from django_migration_guard.snapshot import Disk, Records, Snapshot
from django_migration_guard.verdicts import Verdict, Verdicts
from tests.served import PATIENCE_SECONDS, environment, together


class Clock:
    """Stands in for the module ``time``: it goes when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


class Databases:
    """Stands behind ``guard.inspect``: says how databases are, or hangs until the test lets it go on."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.previous: list[Report | None] = []
        self.timeouts: list[float | None] = []
        self.findings: tuple[Finding, ...] = ()
        self.error: Exception | None = None
        self.answer = threading.Event()
        self.answer.set()
        self._changed = threading.Condition()

    def inspect(
        self, alias: str, *, thorough: bool, timeout_seconds: float | None, previous: Report | None
    ) -> Report:
        assert not thorough
        with self._changed:
            self.asked.append(alias)
            self.previous.append(previous)
            self.timeouts.append(timeout_seconds)
            self._changed.notify_all()
        assert self.answer.wait(PATIENCE_SECONDS)
        if self.error is not None:
            raise self.error
        return report(alias, *self.findings)

    def wait_until_asked(self, times: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked) >= times, PATIENCE_SECONDS)


def report(alias: str, *findings: Finding) -> Report:
    snapshot = Snapshot(
        alias=alias, vendor="sqlite", disk=Disk(apps={}, migrations={}), records=Records(rows=())
    )
    counts = Counts(total=2, applied=2, pending=0, orphaned=0)
    return Report(snapshot=snapshot, rows=(), findings=findings, counts=counts, checked_at=timezone.now())


PENDING = Finding(
    code="migration_guard.W105",
    level=Level.WARNING,
    blocks_traffic=True,
    alias="default",
    message="shop.0002_price is pending.",
    why="Why.",
)
ORPHANED = replace(PENDING, code="migration_guard.W110", blocks_traffic=False)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(verdicts_module, "time", clock)
    return clock


@pytest.fixture
def databases(monkeypatch: pytest.MonkeyPatch) -> Iterator[Databases]:
    databases = Databases()
    monkeypatch.setattr(guard, "inspect", databases.inspect)
    yield databases
    databases.answer.set()


def probe(**settings: Any) -> override_settings:
    return override_settings(MIGRATION_GUARD=settings)


@pytest.mark.parametrize(
    ("settings", "until"),
    [
        pytest.param({}, 5.0, id="default"),
        pytest.param({"PROBE_CACHE_SECONDS": 60}, 60.0, id="longer"),
        pytest.param({"PROBE_CACHE_SECONDS": 0.5}, 0.5, id="shorter"),
    ],
)
def test_a_verdict_is_kept_as_long_as_the_setting_says(
    clock: Clock, databases: Databases, settings: dict[str, Any], until: float
) -> None:
    verdicts = Verdicts()
    start = clock.seconds
    with probe(**settings):
        verdicts.current(["default"])
        clock.seconds = start + until - 0.001
        verdicts.current(["default"])
        assert databases.asked == ["default"]
        clock.seconds = start + until
        verdicts.current(["default"])
    assert databases.asked == ["default", "default"]


def test_no_verdict_is_kept_where_the_setting_is_0(clock: Clock, databases: Databases) -> None:
    verdicts = Verdicts()
    with probe(PROBE_CACHE_SECONDS=0):
        for _ in range(3):
            verdicts.current(["default"])
    assert databases.asked == ["default"] * 3


def test_the_age_of_a_verdict_counts_from_the_answer_of_the_database(
    clock: Clock, databases: Databases
) -> None:
    verdicts = Verdicts()
    with probe(PROBE_CACHE_SECONDS=10):
        (first,) = verdicts.current(["default"])
        assert first.age_seconds == 0.0
        clock.seconds += 7.5
        (second,) = verdicts.current(["default"])
    assert second is first
    assert second.age_seconds == 7.5


def test_the_previous_report_and_the_server_s_share_of_the_limit_go_to_the_guard(
    clock: Clock, databases: Databases
) -> None:
    verdicts = Verdicts()
    with probe(PROBE_CACHE_SECONDS=1, PROBE_TIMEOUT_SECONDS=10):
        (first,) = verdicts.current(["default"])
        clock.seconds += 1
        verdicts.current(["default"])
    assert databases.previous == [None, first.report]
    assert databases.timeouts == [8.0, 8.0]


@pytest.mark.parametrize("seconds", [pytest.param(0, id="no-cache"), pytest.param(60, id="cache")])
def test_many_probes_at_once_make_one_question(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    verdicts = Verdicts()
    databases.answer.clear()
    waiting = threading.Semaphore(0)
    join = verdicts._flights.join

    def joined(*arguments: Any, **options: Any) -> Flight[Verdict]:
        flight = join(*arguments, **options)
        waiting.release()
        return flight

    monkeypatch.setattr(verdicts._flights, "join", joined)
    with (
        probe(PROBE_CACHE_SECONDS=seconds, PROBE_TIMEOUT_SECONDS=PATIENCE_SECONDS),
        together(30, lambda: verdicts.current(["default"])) as answers,
    ):
        assert all(waiting.acquire(timeout=PATIENCE_SECONDS) for _ in range(30))
        databases.answer.set()
    assert databases.asked == ["default"]
    assert len(answers) == 30
    assert len({id(verdict) for (verdict,) in answers}) == 1


def test_a_probe_that_comes_between_two_flights_takes_the_verdict_of_the_first(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = Verdicts()
    with probe(PROBE_CACHE_SECONDS=60):
        (first,) = verdicts.current(["default"])
        monkeypatch.setattr(verdicts, "fresh", _misses_once(verdicts.fresh))
        (second,) = verdicts.current(["default"])
    assert second is first
    assert databases.asked == ["default"]


def _misses_once(fresh: Callable[[str], Verdict | None]) -> Callable[[str], Verdict | None]:
    calls = iter([True])
    return lambda alias: None if next(calls, False) else fresh(alias)


def test_all_databases_are_asked_before_any_is_waited_for(databases: Databases) -> None:
    verdicts = Verdicts()
    databases.answer.clear()
    aliases = [f"database_{number}" for number in range(6)]
    with (
        probe(PROBE_TIMEOUT_SECONDS=PATIENCE_SECONDS),
        together(1, lambda: verdicts.current(aliases)) as answers,
    ):
        databases.wait_until_asked(6)
        databases.answer.set()
    assert sorted(databases.asked) == aliases
    assert [verdict.report.alias for verdict in answers[0]] == aliases


def test_a_silent_database_costs_the_limit_and_its_answer_counts_as_soon_as_it_is_there(
    databases: Databases,
) -> None:
    verdicts = Verdicts()
    databases.answer.clear()
    with probe(PROBE_CACHE_SECONDS=60, PROBE_TIMEOUT_SECONDS=0.05):
        for _ in range(3):
            (silent,) = verdicts.current(["default"])
            assert silent.report.status is Status.UNHEALTHY
            assert verdicts.fresh("default") is None
            assert [(one.code, one.message) for one in silent.report.findings] == [
                (
                    "migration_guard.E101",
                    "Database 'default' did not answer in time: no answer within 0.05 seconds",
                )
            ]
        assert databases.asked == ["default"]
        flight = verdicts._flights._under_way["default"]
        databases.answer.set()
        flight.result(within_seconds=PATIENCE_SECONDS)
        (spoken,) = verdicts.current(["default"])
    assert spoken.report.status is Status.HEALTHY
    assert databases.asked == ["default"]


def test_what_the_guard_raises_is_raised_to_every_caller_and_not_kept(databases: Databases) -> None:
    verdicts = Verdicts()
    databases.error = ConnectionDoesNotExist("The connection 'nowhere' doesn't exist.")
    for _ in range(2):
        with pytest.raises(ConnectionDoesNotExist, match=r"^The connection 'nowhere' doesn't exist\.$"):
            verdicts.current(["nowhere"])
    assert databases.asked == ["nowhere", "nowhere"]


def test_a_status_is_logged_when_it_changes(
    clock: Clock, databases: Databases, caplog: pytest.LogCaptureFixture
) -> None:
    verdicts = Verdicts()
    caplog.set_level(logging.INFO, "django_migration_guard")
    with probe(PROBE_CACHE_SECONDS=0):
        for findings in ((), (), (PENDING,), (PENDING,), (PENDING, ORPHANED), (ORPHANED,), ()):
            databases.findings = findings
            verdicts.current(["default"])
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "migrations of database 'default' are healthy: no findings"),
        ("WARNING", "migrations of database 'default' are unhealthy: migration_guard.W105"),
        ("WARNING", "migrations of database 'default' are degraded: migration_guard.W110"),
        ("INFO", "migrations of database 'default' are healthy: no findings"),
    ]


def test_silence_is_logged_once(databases: Databases, caplog: pytest.LogCaptureFixture) -> None:
    verdicts = Verdicts()
    databases.answer.clear()
    with probe(PROBE_TIMEOUT_SECONDS=0.01):
        verdicts.current(["default"])
        verdicts.current(["default"])
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "migrations of database 'default' are unhealthy: migration_guard.E101")
    ]


class TestFlights:
    """A flight that never lands is given up, ever more slowly."""

    LIMIT = 3.0

    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> Clock:
        clock = Clock()
        monkeypatch.setattr(flights_module, "time", clock)
        return clock

    def join(self, flights: Flights[str], compute: Callable[[], str], key: str = "default") -> Flight[str]:
        return flights.join(key, compute, name="test", within_seconds=self.LIMIT)

    def test_it_is_given_up_after_ten_times_the_limit_and_twice_as_long_each_time(self, clock: Clock) -> None:
        flights: Flights[str] = Flights()
        end = threading.Event()
        hang = lambda: str(end.wait(PATIENCE_SECONDS))  # noqa: E731 - one line says it
        times = []
        flight = self.join(flights, hang)
        for patience in (30, 60, 120, 240, 480, 480):
            departed = clock.seconds
            clock.seconds = departed + patience - 0.001
            assert self.join(flights, hang) is flight
            clock.seconds = departed + patience
            later = self.join(flights, hang)
            assert later is not flight
            assert later.started == clock.seconds
            times.append(clock.seconds - departed)
            flight = later
        assert times == [30, 60, 120, 240, 480, 480]
        end.set()
        assert flight.result(within_seconds=PATIENCE_SECONDS) == "True"

    def test_after_a_landing_the_patience_is_short_again(self, clock: Clock) -> None:
        flights: Flights[str] = Flights()
        end = threading.Event()
        hang = lambda: str(end.wait(PATIENCE_SECONDS))  # noqa: E731 - one line says it
        self.join(flights, hang)
        clock.seconds += 30
        second = self.join(flights, hang)
        end.set()
        second.result(within_seconds=PATIENCE_SECONDS)
        end.clear()
        third = self.join(flights, hang)
        clock.seconds += 30
        fourth = self.join(flights, hang)
        assert len({second, third, fourth}) == 3
        end.set()
        fourth.result(within_seconds=PATIENCE_SECONDS)

    def test_other_keys_have_flights_of_their_own(self) -> None:
        flights: Flights[str] = Flights()
        end = threading.Event()
        one = self.join(flights, lambda: str(end.wait(PATIENCE_SECONDS)), "one")
        other = self.join(flights, lambda: "landed", "other")
        assert other.result(within_seconds=PATIENCE_SECONDS) == "landed"
        assert not one.landed
        end.set()
        assert one.result(within_seconds=PATIENCE_SECONDS) == "True"

    def test_a_caller_who_gives_up_ends_the_flight_for_nobody(self) -> None:
        end = threading.Event()
        flight = Flight(lambda: str(end.wait(PATIENCE_SECONDS)), name="test")
        with pytest.raises(TimeoutError):
            flight.result(within_seconds=0)
        assert not flight.future.cancel()
        assert not flight.landed
        end.set()
        assert flight.result(within_seconds=PATIENCE_SECONDS) == "True"


def test_a_system_that_does_not_fork_has_nothing_to_start_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "register_at_fork", raising=False)
    flights_module.after_fork(lambda: pytest.fail("nobody forked"))


FORK = """
import os, sys, threading
import django
django.setup()
from django_migration_guard import verdicts, views
from django_migration_guard.readers import migrations

def fork():
    child = os.fork()
    if child == 0:
        print(views._landed("Nothing", views._departed("health_check.checks.Nothing", 60), 60).output)
        print(*(one.message for one in verdicts.verdicts.current(["default"])[0].report.findings), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

verdicts.verdicts.current(["default"])
fork()

# What a server that forks late may look like: a probe under way, and every lock held by its thread.
end, busy = threading.Event(), threading.Event()

def hang():
    with verdicts.verdicts._lock, views._further_checks._lock, migrations._lock:
        busy.set()
        end.wait()

verdicts.verdicts._flights.join("default", hang, name="hangs", within_seconds=60)
busy.wait()
fork()
end.set()
"""

if hasattr(os, "fork"):

    def test_a_forked_process_asks_for_itself(tmp_path: Path) -> None:
        name = str(tmp_path / "shop.sqlite3")
        (tmp_path / "settings.py").write_text(
            "INSTALLED_APPS = ['django_migration_guard', 'django.contrib.contenttypes']\n"
            f"DATABASES = {{'default': {{'ENGINE': 'django.db.backends.sqlite3', 'NAME': {name!r}}}}}\n"
            "MIGRATION_GUARD = {'PROBE_CACHE_SECONDS': 0}\n"
            "USE_TZ = True\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        answer = (
            "it cannot be run; see the log\nDatabase 'default' has no table django_migrations and none of "
            "the project's tables; all 2 migrations are pending.\n"
        )
        assert (done.returncode, done.stdout) == (0, answer * 2), done.stderr
