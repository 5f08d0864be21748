"""Every state of migrations, brought about on a real database, and the nearest state that has not its finding."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connections
from django.db.migrations.exceptions import CircularDependencyError

from django_migration_guard import guard
from django_migration_guard.readers.faults import fault_of_graph
from django_migration_guard.readers.migrations import current_release
from django_migration_guard.rules import RULES
from django_migration_guard.snapshot import Fault, FaultKind

from .projects import Site, chain, migration
from .situations import SITUATIONS, Situation
from .situations.history import elsewhere
from .situations.registry import says

# Level and whether traffic is blocked: the table that the documentation promises, not what the rules say.
SEVERITIES = {
    "W001": ("warning", False),
    "W002": ("warning", False),
    "E003": ("error", True),
    "E101": ("error", True),
    "W102": ("warning", True),
    "E103": ("error", True),
    "E104": ("error", False),
    "W105": ("warning", True),
    "I106": ("info", False),
    "E107": ("error", True),
    "W110": ("warning", False),
    "W111": ("warning", False),
    "E112": ("error", True),
    "I113": ("info", False),
    "I114": ("info", False),
    "I115": ("info", False),
    "E116": ("error", True),
    "E117": ("error", True),
    "W118": ("warning", False),
    "I119": ("info", False),
    "E201": ("error", True),
    "E202": ("error", True),
    "E203": ("error", True),
    "E204": ("error", False),
    "E205": ("error", True),
}


@pytest.fixture
def site(engine: str, tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path / "project", engine) as site:
        yield site


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_state(situation: Situation, site: Site) -> None:
    expected = situation.bring_about(site)
    contents = site.tables(), site.rows()
    report = guard.inspect(expected.alias or site.alias, thorough=expected.thorough)
    assert (site.tables(), site.rows()) == contents
    assert expected.seen_in(report) == expected
    assert (situation.code in {code for code, _ in expected.findings}) is situation.sick
    for finding in report.findings:
        short = finding.code.removeprefix("migration_guard.")
        assert (finding.level.word, finding.blocks_traffic) == SEVERITIES[short]
        assert (finding.alias, finding.why) == (report.alias, RULES[finding.code].why)


@pytest.mark.parametrize("kind", [pytest.param(True, id="sick"), pytest.param(False, id="healthy-neighbour")])
def test_every_code_has_its_state(kind: bool) -> None:
    codes = {f"migration_guard.{situation.code}" for situation in SITUATIONS if situation.sick is kind}
    assert codes == set(RULES) == {f"migration_guard.{code}" for code in SEVERITIES}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "entered", ["shop.0001_a, shop.0002_b, shop.0003_c", "shop.0003_c, shop.0001_a, shop.0002_b"]
)
def test_cycle_is_told_alike_wherever_django_enters_it(entered: str, site: Site) -> None:
    around = {"0001_a": "0003_c", "0002_b": "0001_a", "0003_c": "0002_b"}
    site.deploy(shop={name: migration(after=[("shop", before)]) for name, before in around.items()})
    fault = fault_of_graph(CircularDependencyError(entered), current_release().migrations, frozenset())
    assert fault == Fault(
        kind=FaultKind.CYCLE,
        reason="shop.0001_a, shop.0002_b, shop.0003_c",
        key=("shop", "0001_a"),
        app_label="shop",
        path=str(site.file("shop", "0001_a")),
        line=5,
        missing=("shop", "0003_c"),
    )


@contextmanager
def another_session(site: Site, *statements: str) -> Iterator[None]:
    other = connections[site.alias].copy()
    try:
        with other.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            yield
    finally:
        other.close()


LOCKS = {
    "default": ("BEGIN EXCLUSIVE",),
    "postgres": ("BEGIN", "LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE"),
    "mariadb": ("LOCK TABLES django_migrations WRITE",),
}


CANCELLED = {
    "default": "database is locked",
    "postgres": "canceling statement due to statement timeout",
    "mariadb": "Query execution was interrupted (max_statement_time exceeded) (error 1969)",
}


def test_locked_history_table_is_a_database_that_does_not_answer_in_time(site: Site) -> None:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    if site.alias == "default":
        site.execute("PRAGMA busy_timeout = 50")
    said = f"Database '{site.alias}' did not answer in time: {CANCELLED[site.alias]}"
    with another_session(site, *LOCKS[site.alias]):
        report = guard.inspect(site.alias, timeout_seconds=0.2)
    expected = says("unhealthy", None, ("E101", said))
    assert expected.seen_in(report) == expected
    assert guard.inspect(site.alias, timeout_seconds=0.2).status.value == "healthy"


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
    indirect=True,
)
def test_user_without_the_right_to_read_is_refused(site: Site) -> None:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    user = f"guard_test_{os.getpid()}"
    if site.alias == "postgres":
        site.execute(f"CREATE ROLE {user}")
        site.on_exit(lambda: site.execute(f"DROP OWNED BY {user}; DROP ROLE {user}"))
        site.execute(f"GRANT USAGE ON SCHEMA public TO {user}")
        alias = elsewhere(site, OPTIONS={"options": f"-c role={user}"})
        reason = "permission denied for table django_migrations"
    else:
        site.execute(f"CREATE USER {user} IDENTIFIED BY 'secret of the tests'")
        site.on_exit(lambda: site.execute(f"DROP USER {user}"))
        site.execute(f"GRANT SELECT ON shop_initial TO {user}")
        alias = elsewhere(site, USER=user, PASSWORD="secret of the tests")
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT USER(), DATABASE()")
            ((name, database),) = cursor.fetchall()
        who = "'{}'@'{}'".format(*name.split("@"))
        reason = (
            f"SELECT command denied to user {who} for table `{database}`.`django_migrations` (error 1142)"
        )
    said = f"Database 'elsewhere' refused to be read: {reason}"
    expected = says("unhealthy", None, ("E101", said))
    assert expected.seen_in(guard.inspect(alias)) == expected
    site.execute(f"GRANT SELECT ON django_migrations TO {user}")
    connections[alias].close()
    assert guard.inspect(alias).status.value == "healthy"
