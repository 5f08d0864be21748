"""Django's check framework: the same findings, in nobody's way; and what SILENCED_SYSTEM_CHECKS silences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core import checks as django_checks
from django.core.checks import CheckMessage
from django.db import connections
from django.test import Client
from health_check.exceptions import ServiceUnavailable

from django_migration_guard import checks, guard
from django_migration_guard.findings import Status
from django_migration_guard.health import Migrations
from django_migration_guard.rules import RULES

from .projects import Site, chain, migration
from .terminal import Done, manage, process
from .terminal import guard as command

pytestmark = [
    pytest.mark.usefixtures("afresh"),
    pytest.mark.parametrize("engine", ["sqlite"], indirect=True),
]
SETTINGS = {
    "INSTALLED_APPS": ["shop", "health_check", "django_migration_guard"],
    "MIDDLEWARE": [],
    "ROOT_URLCONF": "django_migration_guard.urls",
}
LOOK_AT_IT = {"MIGRATION_GUARD": {"DATABASES": ["default"], "PROBE_CACHE_SECONDS": 0}}
SHOP = chain("shop", "0001_initial", "0002_price")
TWO_LEAVES = {**SHOP, "0002_gift": migration(after=[("shop", "0001_initial")], makes=["Gift"])}


@pytest.fixture
def site(engine: str, tmp_path: Path) -> Iterator[Site]:
    """A shop that is in sync."""
    with Site(tmp_path / "project", engine) as site:
        site.deploy(shop=SHOP, settings={**SETTINGS, **LOOK_AT_IT})
        site.migrate()
        yield site


def deployed(*databases: str) -> list[CheckMessage]:
    """Give what ``check --deploy --tag database`` finds, with ``--database`` for each of these."""
    tags = [django_checks.Tags.database]
    return django_checks.run_checks(
        tags=tags, databases=list(databases) or None, include_deployment_checks=True
    )


WHY_E112 = RULES["migration_guard.E112"].why
RENAMED = "shop.0002_price is recorded without a file, and shop.0002_cost is pending: it has the same number."


def rename(site: Site) -> None:
    site.deploy(
        shop={"0001_initial": SHOP["0001_initial"], "0002_cost": migration(after=[("shop", "0001_initial")])},
        settings=site.settings,
    )


# What is reported


def test_in_sync_nothing_is_reported(site: Site) -> None:
    assert deployed("default") == []


@pytest.mark.parametrize(
    ("code", "level"),
    [
        pytest.param("migration_guard.E104", django_checks.ERROR, id="error"),
        pytest.param("migration_guard.W118", django_checks.WARNING, id="warning"),
        pytest.param("migration_guard.I113", django_checks.INFO, id="info"),
    ],
)
def test_finding_is_reported_with_its_level(site: Site, code: str, level: int) -> None:
    site.record("removed", "0001_initial")
    site.record("shop", "0002_price")
    site.unrecord("shop", "0001_initial")
    message = {one.id: one for one in deployed("default")}[code]
    finding = {one.code: one for one in guard.inspect().findings}[code]
    assert (message.level, message.msg) == (level, f"{finding.message} {finding.why}")
    assert (message.obj, message.is_serious()) == ("default", level == django_checks.ERROR)


def test_every_finding_is_reported_worst_first(site: Site) -> None:
    site.record("removed", "0001_initial")
    site.record("shop", "0002_price")
    site.unrecord("shop", "0001_initial")
    assert (
        [one.id for one in deployed("default")]
        == [one.code for one in guard.inspect().findings]
        == [f"migration_guard.{code}" for code in ("E104", "E107", "W118", "I113")]
    )


def test_hint_is_the_safest_way_out_ready_to_paste(site: Site) -> None:
    site.unrecord("shop", "0002_price")
    (message,) = deployed("default")
    assert message == CheckMessage(
        django_checks.WARNING,
        "shop.0002_price is not applied to database 'default'. The code of this release expects a schema that is "
        "not there yet.",
        hint="Apply what is pending. Run: python manage.py migrate",
        obj="default",
        id="migration_guard.W105",
    )


def test_finding_without_a_way_out_has_no_hint(site: Site) -> None:
    site.record("removed", "0001_initial")
    (message,) = deployed("default")
    assert message.hint is None


def test_way_out_for_a_person_is_a_hint_without_a_command(site: Site) -> None:
    file = site.write("shop/migrations/0002_price.py", "import not_there\n")
    site.restart()
    (message,) = deployed("default")
    assert message.hint == f"Mend {file}:1."


def test_no_database_named_is_no_database_asked(site: Site) -> None:
    site.unrecord("shop", "0002_price")
    assert checks.check_databases() == checks.check_databases(databases=[]) == []


def test_only_the_databases_that_are_named_are_asked(site: Site, tmp_path: Path) -> None:
    connections.settings["archive"] = {
        **connections.settings["default"],
        "NAME": str(tmp_path / "archive.sqlite3"),
    }
    site.on_exit(lambda: connections.settings.pop("archive"))
    site.on_exit(connections["archive"].close)
    assert deployed("default") == []
    assert [(one.id, one.obj) for one in deployed("default", "archive")] == [
        ("migration_guard.W102", "archive")
    ]


def test_wrong_settings_are_reported_by_every_check_and_once(site: Site) -> None:
    site.restart(MIGRATION_GUARD={"PROBE_TOKN": None, "TIMEOUT_SECONDS": 0})
    told = [
        CheckMessage(
            django_checks.WARNING,
            "MIGRATION_GUARD['PROBE_TOKN'] is no setting of django-migration-guard and has no effect.",
            hint="Rename the key to 'PROBE_TOKEN'.",
            id="migration_guard.W001",
        ),
        CheckMessage(
            django_checks.WARNING,
            "MIGRATION_GUARD['TIMEOUT_SECONDS'] is 0; the default 10.0 is in force.",
            hint="It accepts seconds above 0, at most 86400.",
            id="migration_guard.W002",
        ),
    ]
    assert django_checks.run_checks(tags=["migration_guard"]) == told
    assert deployed("default") == []
    assert [one.code for one in guard.inspect().findings] == ["migration_guard.W001", "migration_guard.W002"]


# By command


def test_check_deploy_fails_for_an_error(site: Site) -> None:
    rename(site)
    said = manage("check", "--deploy", "--tag", "database", "--database", "default")
    script = "r.migration_qs.filter(app="
    assert (said.status, said.out) == (1, "")
    head, _, rest = said.err.partition(" Run: ")
    assert head == (
        "SystemCheckError: System check identified some issues:\n\nERRORS:\n"
        f"default: (migration_guard.E112) {RENAMED} {WHY_E112}\n"
        "\tHINT: Where both are the same migration, give the row the new name 0002_cost."
    )
    assert script in rest
    assert rest.endswith("\n\nSystem check identified 1 issue (0 silenced).\n")


def test_check_deploy_passes_for_a_warning_unless_it_may_not(site: Site) -> None:
    site.record("shop", "0001_initial")
    arguments = ("check", "--deploy", "--tag", "database", "--database", "default")
    assert manage(*arguments).status == 0
    assert manage(*arguments, "--fail-level", "WARNING").status == 1


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("check", "--tag", "database", "--database", "default"), id="check-database"),
        pytest.param(("check", "--tag", "migration_guard", "--database", "default"), id="check-tag"),
    ],
)
def test_plain_check_is_silent_about_findings(site: Site, arguments: tuple[str, ...]) -> None:
    rename(site)
    expected = Done(status=0, out="System check identified no issues (0 silenced).\n", err="")
    assert manage(*arguments) == expected


def test_check_without_a_database_asks_none(site: Site) -> None:
    rename(site)
    connections["default"].close()
    said = process(site.directory, "check", "--deploy")
    assert said.status == 0
    assert "migration_guard" not in said.err


# Nobody is in the way of the cure


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((), id="migrate"),
        pytest.param(("shop", "--fake"), id="fake"),
        pytest.param(("shop", "--prune"), id="prune"),
    ],
)
def test_findings_do_not_stop_migrate(site: Site, arguments: tuple[str, ...]) -> None:
    rename(site)
    site.restart(MIGRATION_GUARD={"DATABASES": ["default"], "WRONG": 1})
    assert guard.inspect().status is Status.UNHEALTHY
    connections["default"].close()
    said = process(site.directory, "migrate", *arguments, "--database", "default", "--verbosity", "0")
    assert (said.status, said.out) == (0, "")
    assert said.err == (
        "System check identified some issues:\n\nWARNINGS:\n"
        "?: (migration_guard.W001) MIGRATION_GUARD['WRONG'] is no setting of django-migration-guard and has no "
        "effect.\n\tHINT: Remove it. The keys are DATABASES, TIMEOUT_SECONDS, PROBE_CACHE_SECONDS, "
        "PROBE_TIMEOUT_SECONDS, PROBE_DETAILS, PROBE_TOKEN, PROBE_CHECKS.\n"
    )


def test_migrate_is_the_cure(site: Site) -> None:
    site.unrecord("shop", "0002_price")
    site.execute("DROP TABLE shop_price")
    connections["default"].close()
    assert process(site.directory, "migrate", "--verbosity", "0") == Done(status=0, out="", err="")
    assert guard.inspect().status is Status.HEALTHY


# Silenced, in every face

EVERY_CODE = {
    "migration_guard.W105": lambda site: site.unrecord("shop", "0002_price"),
    "migration_guard.W118": lambda site: site.record("shop", "0001_initial"),
    "migration_guard.I113": lambda site: site.record("removed", "0001_initial"),
    "migration_guard.E204": lambda site: site.deploy(shop=TWO_LEAVES, settings=site.settings),
    "migration_guard.W001": lambda site: site.restart(
        MIGRATION_GUARD={**LOOK_AT_IT["MIGRATION_GUARD"], "WRONG": 1}
    ),
}


@pytest.mark.parametrize("code", EVERY_CODE)
def test_silenced_code_is_no_finding_and_is_named(site: Site, code: str) -> None:
    EVERY_CODE[code](site)
    assert code in {finding.code for finding in guard.inspect().findings}
    site.restart(SILENCED_SYSTEM_CHECKS=[code])
    report = guard.inspect()
    assert code not in {finding.code for finding in report.findings}
    assert report.silenced == (code,)


def test_code_that_is_not_found_is_not_named_as_silenced(site: Site) -> None:
    site.restart(SILENCED_SYSTEM_CHECKS=["migration_guard.W105", "models.W042"])
    assert guard.inspect().silenced == ()


def test_silenced_code_neither_counts_nor_blocks(site: Site) -> None:
    site.unrecord("shop", "0002_price")
    assert guard.inspect().status is Status.UNHEALTHY
    site.restart(SILENCED_SYSTEM_CHECKS=["migration_guard.W105"])
    report = guard.inspect()
    assert (report.status, report.level, report.findings) == (Status.HEALTHY, None, ())
    assert report.pending == (("shop", "0002_price"),)


def test_silenced_in_the_command(site: Site) -> None:
    site.unrecord("shop", "0002_price")
    site.restart(SILENCED_SYSTEM_CHECKS=["migration_guard.W105"])
    line = (
        "default: healthy (2 total, 1 applied, 1 pending, 0 orphaned; drift: not checked; silenced: "
        "migration_guard.W105)\n"
    )
    assert command() == Done(status=0, out=line, err="")


def test_silenced_in_json(site: Site) -> None:
    site.unrecord("shop", "0002_price")
    site.restart(SILENCED_SYSTEM_CHECKS=["migration_guard.W105"])
    said = command("--format", "json")
    document = json.loads(said.out)
    (database,) = document["databases"]
    assert (said.status, document["status"], database["status"]) == (0, "healthy", "healthy")
    assert (database["findings"], database["silenced"]) == ([], ["migration_guard.W105"])


def test_silenced_in_the_system_checks(site: Site) -> None:
    site.unrecord("shop", "0002_price")
    site.restart(SILENCED_SYSTEM_CHECKS=["migration_guard.W105"])
    assert deployed("default") == []


def test_silenced_in_the_health_check(site: Site) -> None:
    site.unrecord("shop", "0002_price")
    with pytest.raises(ServiceUnavailable):
        Migrations(databases=["default"]).run()
    site.restart(SILENCED_SYSTEM_CHECKS=["migration_guard.W105"])
    Migrations(databases=["default"]).run()


def test_silenced_at_the_url(site: Site) -> None:
    site.unrecord("shop", "0002_price")
    assert Client().get("/ready").status_code == 503
    site.restart(SILENCED_SYSTEM_CHECKS=["migration_guard.W105"])
    answer = Client().get("/ready")
    assert (answer.status_code, json.loads(answer.content)["status"]) == (200, "healthy")
