"""Every state of migrations, brought about on a real database, and the nearest state that has not its finding."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.db import connections

from django_migration_guard import guard
from django_migration_guard.findings import Report
from django_migration_guard.rules import RULES

from .projects import Repository, Site, chain, migration, models, squash

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
NESTED = django.VERSION >= (6, 0)
"""Before 6.0, Django's answer to a squash of a squash depends on the order of a set."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a report says: ``counts`` are total, applied, pending and orphaned."""

    status: str
    counts: tuple[int, int, int, int] | None
    findings: tuple[tuple[str, str], ...] = ()
    """Code and message of each, in order."""
    explanations: str | None = None
    """The kind of each row, in order."""
    alias: str | None = None
    thorough: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A way into a state. ``code`` is the finding that it shows, or the one that its healthy neighbour has not."""

    code: str
    sick: bool
    bring_about: Callable[[Site], Expected]

    def __str__(self) -> str:
        return f"{self.code}-{'' if self.sick else 'not-'}{self.bring_about.__name__.replace('_', '-')}"


SITUATIONS: list[Situation] = []


def sick(code: str) -> Callable[[Callable[[Site], Expected]], Callable[[Site], Expected]]:
    def register(bring_about: Callable[[Site], Expected]) -> Callable[[Site], Expected]:
        SITUATIONS.append(Situation(code=code, sick=True, bring_about=bring_about))
        return bring_about

    return register


def healthy(code: str) -> Callable[[Callable[[Site], Expected]], Callable[[Site], Expected]]:
    def register(bring_about: Callable[[Site], Expected]) -> Callable[[Site], Expected]:
        SITUATIONS.append(Situation(code=code, sick=False, bring_about=bring_about))
        return bring_about

    return register


@pytest.fixture
def site(engine: str, tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path / "project", engine) as site:
        yield site


def shown(report: Report, expected: Expected) -> Expected:
    counts = report.counts
    numbers = None if counts is None else (counts.total, counts.applied, counts.pending, counts.orphaned)
    return dataclasses.replace(
        expected,
        status=report.status.value,
        counts=numbers,
        findings=tuple(
            (finding.code.removeprefix("migration_guard."), finding.message) for finding in report.findings
        ),
        explanations=expected.explanations and ", ".join(row.kind.value for row in report.rows),
    )


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_state(situation: Situation, site: Site) -> None:
    expected = situation.bring_about(site)
    contents = site.tables(), site.rows()
    report = guard.inspect(expected.alias or site.alias, thorough=expected.thorough)
    assert (site.tables(), site.rows()) == contents
    assert shown(report, expected) == expected
    assert (situation.code in {code for code, _ in expected.findings}) is situation.sick
    for finding in report.findings:
        short = finding.code.removeprefix("migration_guard.")
        assert (finding.level.word, finding.blocks_traffic) == SEVERITIES[short]
        assert (finding.alias, finding.why) == (report.alias, RULES[finding.code].why)


@pytest.mark.parametrize("kind", [pytest.param(True, id="sick"), pytest.param(False, id="healthy-neighbour")])
def test_every_code_has_its_state(kind: bool) -> None:
    codes = {f"migration_guard.{situation.code}" for situation in SITUATIONS if situation.sick is kind}
    assert codes == set(RULES) == {f"migration_guard.{code}" for code in SEVERITIES}


# 0xx: settings


@sick("W001")
def misspelt_key(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), settings={"MIGRATION_GUARD": {"PROBE_TOKN": None}})
    site.migrate()
    said = "MIGRATION_GUARD['PROBE_TOKN'] is no setting of django-migration-guard and has no effect."
    return Expected(status="degraded", counts=(1, 1, 0, 0), findings=(("W001", said),))


@healthy("W001")
def known_key(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), settings={"MIGRATION_GUARD": {"PROBE_TOKEN": None}})
    site.migrate()
    return Expected(status="healthy", counts=(1, 1, 0, 0))


@sick("W002")
def wrong_value(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), settings={"MIGRATION_GUARD": {"PROBE_CACHE_SECONDS": -1}})
    site.migrate()
    said = "MIGRATION_GUARD['PROBE_CACHE_SECONDS'] is -1; the default 5.0 is in force."
    return Expected(status="degraded", counts=(1, 1, 0, 0), findings=(("W002", said),))


@sick("W002")
def no_dictionary(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), settings={"MIGRATION_GUARD": ["DATABASES"]})
    site.migrate()
    said = "MIGRATION_GUARD is a list, not a dictionary; the defaults are in force."
    return Expected(status="degraded", counts=(1, 1, 0, 0), findings=(("W002", said),))


@healthy("W002")
def right_value(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), settings={"MIGRATION_GUARD": {"PROBE_CACHE_SECONDS": 0}})
    site.migrate()
    return Expected(status="healthy", counts=(1, 1, 0, 0))


ROUTER = """\
class Router:
    def allow_migrate(self, db, app_label, **hints):
        {}
"""


def routed(site: Site, answer: str, *, migrate_before: bool = True, **more: Any) -> None:
    """Deploy two apps, migrate, and bring a router in; its answer is a line of Python."""
    apps = {"shop": chain("shop", "0001_initial"), "stock": chain("stock", "0001_initial")} | more
    site.deploy(**apps)
    if migrate_before:
        site.migrate()
    site.write("routing.py", ROUTER.format(answer))
    site.restart(DATABASE_ROUTERS=["routing.Router"])


@sick("E003")
def router_raises(site: Site) -> Expected:
    routed(site, "raise KeyError(app_label)")
    said = f"The database routers raise an exception for '{site.alias}': KeyError: 'shop'."
    return Expected(status="unhealthy", counts=None, findings=(("E003", said),))


@healthy("E003")
def router_that_keeps_an_app_off(site: Site) -> Expected:
    routed(site, "return app_label != 'stock'")
    return Expected(status="healthy", counts=(1, 1, 0, 0), explanations="active, active")


# 1xx: the database and its history table


def elsewhere(site: Site, **changes: Any) -> str:
    """Add an alias with other settings than the site's own."""
    connections.settings["elsewhere"] = {**connections.settings[site.alias], **changes}

    def forget() -> None:
        connections["elsewhere"].close()
        del connections["elsewhere"], connections.settings["elsewhere"]

    site.on_exit(forget)
    return "elsewhere"


@sick("E101")
def database_that_is_not_there(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    absent = str(site.directory / "absent" / "database") if site.alias == "default" else "guard_test_absent"
    alias = elsewhere(site, NAME=absent)
    reason = guard.inspect(alias).findings[0].evidence["reason"]
    assert {
        "default": "unable to open database file",
        "postgres": 'database "guard_test_absent" does not exist',
        "mariadb": "Unknown database 'guard_test_absent'",
    }[site.alias] in reason
    said = f"Database 'elsewhere' cannot be reached: {reason}"
    return Expected(status="unhealthy", counts=None, findings=(("E101", said),), alias=alias)


@healthy("E101")
def database_that_is_there(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    return Expected(status="healthy", counts=(1, 1, 0, 0), alias=elsewhere(site))


@sick("W102")
def nothing_was_ever_migrated(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"), files={"shop/models.py": models("Price")})
    said = (
        f"Database '{site.alias}' has no table django_migrations and none of the project's tables; "
        "all 2 migrations are pending."
    )
    return Expected(status="unhealthy", counts=(2, 0, 2, 0), findings=(("W102", said),), explanations="")


@sick("W102")
def nothing_but_somebody_elses_tables(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), files={"shop/models.py": models("Initial")})
    site.execute("CREATE TABLE somebody_elses (id integer)")
    said = (
        f"Database '{site.alias}' has no table django_migrations and none of the project's tables; "
        "its one migration is pending."
    )
    return Expected(status="unhealthy", counts=(1, 0, 1, 0), findings=(("W102", said),))


@healthy("W102")
def everything_is_migrated(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"), files={"shop/models.py": models("Price")})
    site.migrate()
    return Expected(status="healthy", counts=(2, 2, 0, 0), explanations="active, active")


@healthy("W102")
def nothing_is_due_on_this_database(site: Site) -> Expected:
    routed(site, "return False", migrate_before=False)
    return Expected(status="healthy", counts=(0, 0, 0, 0))


@healthy("W102")
def no_app_has_migrations(site: Site) -> Expected:
    site.deploy(shop={}, files={"shop/models.py": models("Price")})
    return Expected(status="healthy", counts=(0, 0, 0, 0))


@sick("E103")
def history_table_dropped(site: Site) -> Expected:
    site.deploy(
        shop=chain("shop", "0001_initial", "0002_price"), files={"shop/models.py": models("Initial", "Price")}
    )
    site.migrate()
    site.execute("DROP TABLE django_migrations")
    said = (
        f"Database '{site.alias}' has 2 of the project's tables (shop_initial, shop_price) and no table "
        "django_migrations."
    )
    return Expected(status="unhealthy", counts=(2, 0, 2, 0), findings=(("E103", said),))


@sick("E103")
def history_table_dropped_beside_many_tables(site: Site) -> Expected:
    names = ["A", "B", "C", "D", "E", "F", "G"]
    site.deploy(shop={"0001_initial": migration(makes=names)}, files={"shop/models.py": models(*names)})
    site.migrate()
    site.execute("DROP TABLE django_migrations")
    said = (
        f"Database '{site.alias}' has 7 of the project's tables (shop_a, shop_b, shop_c, shop_d, shop_e and 2 more) "
        "and no table django_migrations."
    )
    return Expected(status="unhealthy", counts=(1, 0, 1, 0), findings=(("E103", said),))


@healthy("E103")
def history_table_beside_the_tables(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), files={"shop/models.py": models("Initial")})
    site.migrate()
    return Expected(status="healthy", counts=(1, 1, 0, 0))


# 1xx: inconsistent, pending, record only, skipped


@sick("E104")
def applied_before_its_dependency(site: Site) -> Expected:
    stock = chain("stock", "0001_initial")
    site.deploy(shop=chain("shop", "0001_initial"), stock=stock)
    site.migrate("shop")
    site.deploy(shop=chain("shop", "0001_initial", after=[("stock", "0001_initial")]), stock=stock)
    before = "shop.0001_initial is applied before its dependency stock.0001_initial"
    return Expected(
        status="unhealthy",
        counts=(2, 1, 1, 0),
        findings=(
            ("E104", f"{before} on database '{site.alias}'."),
            ("W105", f"stock.0001_initial is not applied to database '{site.alias}'."),
        ),
    )


@healthy("E104")
def applied_after_its_dependency(site: Site) -> Expected:
    shop = chain("shop", "0001_initial", after=[("stock", "0001_initial")])
    site.deploy(shop=shop, stock=chain("stock", "0001_initial"))
    site.migrate()
    return Expected(status="healthy", counts=(2, 2, 0, 0))


@healthy("E104")
def dependency_is_a_squash_of_what_is_recorded(site: Site) -> Expected:
    site.deploy(stock=chain("stock", "0001_initial", "0002_shelf"), shop=chain("shop", "0001_initial"))
    site.migrate()
    squashed = squash("stock", "0001_squashed_0002_shelf", "0001_initial", "0002_shelf")
    after = [("stock", "0001_squashed_0002_shelf")]
    site.deploy(stock=squashed, shop=chain("shop", "0001_initial", after=after))
    said = "stock.0001_squashed_0002_shelf is applied by what it replaces and not recorded itself."
    return Expected(status="healthy", counts=(2, 2, 0, 0), findings=(("I106", said),))


@sick("W105")
def newer_files_than_rows(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    # The order is that of `migrate`, not of the alphabet: one app waits for the other.
    after = [("shop", "0001_initial"), ("stock", "0001_initial")]
    site.deploy(
        shop=chain("shop", "0001_initial") | {"0002_price": migration(after=after)},
        stock=chain("stock", "0001_initial", after=[("shop", "0001_initial")]),
    )
    return Expected(
        status="unhealthy",
        counts=(3, 1, 2, 0),
        findings=(
            ("W105", f"stock.0001_initial is not applied to database '{site.alias}'."),
            ("W105", f"shop.0002_price is not applied to database '{site.alias}'."),
        ),
    )


@sick("W105")
def history_table_without_rows(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.recorder.ensure_schema()
    said = f"shop.0001_initial is not applied to database '{site.alias}'."
    return Expected(status="unhealthy", counts=(1, 0, 1, 0), findings=(("W105", said),), explanations="")


@sick("W105")
def squash_on_a_new_database(site: Site) -> Expected:
    site.deploy(shop=SQUASHED, stock=chain("stock", "0001_initial"))
    site.migrate("stock")
    said = f"shop.0001_squashed_0002_price is not applied to database '{site.alias}'."
    return Expected(status="unhealthy", counts=(2, 1, 1, 0), findings=(("W105", said),))


@sick("W105")
def original_of_a_squash_is_pending(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.deploy(shop=SQUASHED | ORIGINALS)
    said = f"shop.0002_price is not applied to database '{site.alias}'."
    return Expected(
        status="unhealthy", counts=(2, 1, 1, 0), findings=(("W105", said),), explanations="active"
    )


@healthy("W105")
def nothing_is_pending_for_an_app_that_the_router_keeps_off(site: Site) -> Expected:
    routed(site, "return app_label != 'stock'", migrate_before=False)
    site.migrate("shop")
    return Expected(status="healthy", counts=(1, 1, 0, 0), explanations="active")


@healthy("W105")
def as_many_rows_as_files(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    return Expected(status="healthy", counts=(2, 2, 0, 0), explanations="active, active")


ORIGINALS = chain("shop", "0001_initial", "0002_price")
SQUASH = "0001_squashed_0002_price"
SQUASHED = squash("shop", SQUASH, "0001_initial", "0002_price")
AFTER_SQUASH = {"0003_tax": migration(after=[("shop", SQUASH)], makes=["Tax"])}


@sick("I106")
def squash_of_what_is_recorded(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS)
    site.migrate()
    site.deploy(shop=SQUASHED | ORIGINALS)
    said = "shop.0001_squashed_0002_price is applied by what it replaces and not recorded itself."
    return Expected(
        status="healthy",
        counts=(1, 1, 0, 0),
        findings=(("I106", said),),
        explanations="replaced, replaced",
    )


@healthy("I106")
def squash_that_migrate_has_recorded(site: Site) -> Expected:
    squash_of_what_is_recorded(site)
    site.migrate()
    return Expected(status="healthy", counts=(1, 1, 0, 0), explanations="replaced, replaced, active")


@healthy("I106")
def squash_that_a_new_database_began_with(site: Site) -> Expected:
    site.deploy(shop=SQUASHED | AFTER_SQUASH)
    site.migrate()
    return Expected(status="healthy", counts=(2, 2, 0, 0), explanations="replaced, replaced, active, active")


@healthy("I106")
def files_of_the_originals_are_deleted(site: Site) -> Expected:
    squash_that_migrate_has_recorded(site)
    site.deploy(shop=SQUASHED)
    return Expected(status="healthy", counts=(1, 1, 0, 0), explanations="replaced, replaced, active")


@sick("E107")
def hidden_behind_a_later_one_that_is_a_squash(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS)
    site.migrate()
    squashed = squash("shop", SQUASH, "0001_initial", "0002_price", after=[("shop", "0000_before")])
    site.deploy(shop={"0000_before": migration(makes=["Before"])} | squashed)
    return Expected(
        status="unhealthy",
        counts=(2, 1, 1, 0),
        findings=(
            (
                "E107",
                f"shop.0000_before is not applied to database '{site.alias}', and migrate will skip it.",
            ),
            ("I106", "shop.0001_squashed_0002_price is applied by what it replaces and not recorded itself."),
        ),
    )


@sick("E107")
def gap_in_the_rows(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price", "0003_tax"))
    site.migrate()
    site.unrecord("shop", "0002_price")
    return Expected(
        status="unhealthy",
        counts=(3, 2, 1, 0),
        findings=(
            (
                "E104",
                f"shop.0003_tax is applied before its dependency shop.0002_price on database '{site.alias}'.",
            ),
            ("E107", f"shop.0002_price is not applied to database '{site.alias}', and migrate will skip it."),
        ),
    )


@healthy("E107")
def last_row_is_missing(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price", "0003_tax"))
    site.migrate()
    site.unrecord("shop", "0003_tax")
    said = f"shop.0003_tax is not applied to database '{site.alias}'."
    return Expected(status="unhealthy", counts=(3, 2, 1, 0), findings=(("W105", said),))


# 1xx: orphaned and renamed


@sick("W110")
def newer_release_has_migrated(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial"))
    said = "shop.0002_price is recorded after this release's last migration of the app, and has no file."
    return Expected(
        status="degraded",
        counts=(1, 1, 0, 1),
        findings=(("W110", said),),
        explanations="active, orphaned, ahead",
    )


@sick("W110")
def newer_release_has_migrated_and_git_has_it(site: Site) -> Expected:
    repository = Repository(site.directory)
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    commit = repository.commit("Prices")
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial"))
    said = (
        "shop.0002_price is recorded after this release's last migration of the app, and has no file "
        f"(branch main, commit {commit[:12]} by Ada Lovelace)."
    )
    return Expected(status="degraded", counts=(1, 1, 0, 1), findings=(("W110", said),))


@healthy("W110")
def newer_release_is_this_one(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    return Expected(status="healthy", counts=(2, 2, 0, 0))


def lose_a_file(site: Site) -> None:
    """Apply a migration that the files that come after do not have."""
    site.deploy(shop=chain("shop", "0001_initial", "0002_gone"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0003_tax"))


@sick("W111")
def file_is_lost(site: Site) -> Expected:
    lose_a_file(site)
    site.migrate()
    said = "shop.0002_gone is recorded, and has no file here and none in git."
    return Expected(
        status="degraded",
        counts=(2, 2, 0, 1),
        findings=(("W111", said),),
        explanations="active, orphaned, lost, active",
    )


@sick("W111")
def file_is_gone_and_git_is_not_asked(site: Site) -> Expected:
    lose_a_file(site)
    site.migrate()
    said = "shop.0002_gone is recorded, and has no file."
    return Expected(
        status="degraded",
        counts=(2, 2, 0, 1),
        findings=(("W111", said),),
        explanations="active, orphaned, active",
        thorough=False,
    )


@sick("W111")
def file_is_on_another_branch(site: Site) -> Expected:
    repository = Repository(site.directory)
    site.deploy(shop=chain("shop", "0001_initial"))
    repository.commit("Start")
    repository.git("switch", "--quiet", "--create", "gifts")
    site.deploy(shop=chain("shop", "0001_initial", "0002_gift"))
    commit = repository.commit("Gifts")
    site.migrate()
    repository.git("switch", "--quiet", "main")
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    said = (
        "shop.0002_gift is recorded, and its file is only elsewhere in git "
        f"(branch gifts, commit {commit[:12]} by Ada Lovelace)."
    )
    return Expected(
        status="degraded",
        counts=(2, 2, 0, 1),
        findings=(("W111", said),),
        explanations="active, orphaned, elsewhere, active",
    )


@sick("W111")
def file_was_deleted_in_git(site: Site) -> Expected:
    repository = Repository(site.directory)
    site.deploy(shop=chain("shop", "0001_initial", "0002_gone"))
    commit = repository.commit("Start")
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0003_tax"))
    repository.commit("Delete it")
    site.migrate()
    said = (
        "shop.0002_gone is recorded, and its file is only elsewhere in git "
        f"(deleted, last in commit {commit[:12]} by Ada Lovelace)."
    )
    return Expected(status="degraded", counts=(2, 2, 0, 1), findings=(("W111", said),))


@healthy("W111")
def file_is_there(site: Site) -> Expected:
    lose_a_file(site)
    site.migrate()
    site.deploy(
        shop=chain("shop", "0001_initial", "0002_gone")
        | {"0003_tax": migration(after=[("shop", "0002_gone")], makes=["Tax"])}
    )
    return Expected(status="healthy", counts=(3, 3, 0, 0), explanations="active, active, active")


@sick("E112")
def file_has_another_name_with_the_same_number(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0002_cost"))
    said = (
        "shop.0002_price is recorded without a file, and shop.0002_cost is pending: it has the same number."
    )
    return Expected(
        status="unhealthy",
        counts=(2, 1, 1, 0),
        findings=(("E112", said),),
        explanations="active, renamed",
    )


@sick("E112")
def file_has_another_number_with_the_same_name(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0003_price"))
    said = (
        "shop.0002_price is recorded without a file, and shop.0003_price is pending: "
        "it has the same name under another number."
    )
    return Expected(
        status="unhealthy",
        counts=(2, 1, 1, 0),
        findings=(("E112", said),),
    )


@sick("E112")
def two_files_were_renumbered(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price", "0003_tax"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0003_price", "0004_tax"))
    because = "it has the same name under another number."
    return Expected(
        status="unhealthy",
        counts=(3, 1, 2, 0),
        findings=(
            (
                "E112",
                f"shop.0002_price is recorded without a file, and shop.0003_price is pending: {because}",
            ),
            ("E112", f"shop.0003_tax is recorded without a file, and shop.0004_tax is pending: {because}"),
        ),
    )


@sick("E112")
def file_with_the_same_operations_has_another_name(site: Site) -> Expected:
    repository = Repository(site.directory)
    price = migration(after=[("shop", "0001_initial")], makes=["Price"])
    site.deploy(shop=chain("shop", "0001_initial") | {"0002_price": price})
    repository.commit("Prices")
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial") | {"0007_cost": price})
    said = (
        "shop.0002_price is recorded without a file, and shop.0007_cost is pending: "
        "its operations in git are the same."
    )
    return Expected(
        status="unhealthy",
        counts=(2, 1, 1, 0),
        findings=(("E112", said),),
    )


@healthy("E112")
def another_branch_has_another_file_of_that_number(site: Site) -> Expected:
    repository = Repository(site.directory)
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    commit = repository.commit("Prices")
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0002_cost"))
    said = (
        "shop.0002_price is recorded, and its file is only elsewhere in git "
        f"(branch main, commit {commit[:12]} by Ada Lovelace)."
    )
    return Expected(
        status="unhealthy",
        counts=(2, 1, 1, 1),
        findings=(("W105", f"shop.0002_cost is not applied to database '{site.alias}'."), ("W111", said)),
    )


@healthy("E112")
def pending_one_has_another_number_and_name(site: Site) -> Expected:
    lose_a_file(site)
    return Expected(
        status="unhealthy",
        counts=(2, 1, 1, 1),
        findings=(
            ("W105", f"shop.0003_tax is not applied to database '{site.alias}'."),
            ("W111", "shop.0002_gone is recorded, and has no file here and none in git."),
        ),
    )


# 1xx: rows that do no harm


@sick("I113")
def app_was_taken_out(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS, stock=chain("stock", "0001_initial"))
    site.migrate()
    site.deploy(stock=chain("stock", "0001_initial"))
    said = "shop has 2 migrations recorded, and no installed app has this label."
    return Expected(
        status="healthy",
        counts=(1, 1, 0, 0),
        findings=(("I113", said),),
        explanations="app not installed, app not installed, active",
    )


@healthy("I113")
def app_is_installed(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS, stock=chain("stock", "0001_initial"))
    site.migrate()
    return Expected(status="healthy", counts=(3, 3, 0, 0))


@sick("I114")
def migrations_are_switched_off(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.restart(MIGRATION_MODULES={"shop": None})
    said = "shop has 1 migration recorded, and MIGRATION_MODULES sets it to None."
    return Expected(
        status="healthy",
        counts=(0, 0, 0, 0),
        findings=(("I114", said),),
        explanations="migrations switched off",
    )


@healthy("I114")
def migrations_are_in_another_package(site: Site) -> Expected:
    site.deploy(
        shop={},
        files={"history/__init__.py": "", "history/0001_initial.py": migration(makes=["Initial"])},
        settings={"MIGRATION_MODULES": {"shop": "history"}},
    )
    site.migrate()
    return Expected(status="healthy", counts=(1, 1, 0, 0), explanations="active")


@sick("I119")
def app_has_no_migrations_any_more(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.deploy(shop={})
    said = "shop has 1 migration recorded, and the app has no migrations on disk."
    return Expected(
        status="healthy",
        counts=(0, 0, 0, 0),
        findings=(("I119", said),),
        explanations="app without migrations",
    )


@healthy("I119")
def app_has_migrations(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), stock={})
    site.migrate()
    return Expected(status="healthy", counts=(1, 1, 0, 0))


FINISHED = {SQUASH: migration(makes=["Initial", "Price"])}
"""The squash when its 'replaces' is taken out, as Django's documentation says at the end of a squash."""


@sick("I115")
def squash_is_finished(site: Site) -> Expected:
    squash_that_migrate_has_recorded(site)
    site.deploy(shop=FINISHED)
    went = "is recorded, and its file went with the squash: its number lies within"
    return Expected(
        status="healthy",
        counts=(1, 1, 0, 0),
        findings=(
            ("I115", f"shop.0001_initial {went} shop.0001_squashed_0002_price."),
            ("I115", f"shop.0002_price {went} shop.0001_squashed_0002_price."),
        ),
        explanations="left over from a finished squash, left over from a finished squash, active",
    )


@healthy("I115")
def squash_is_finished_and_pruned(site: Site) -> Expected:
    squash_is_finished(site)
    site.migrate("shop", "--prune")
    return Expected(status="healthy", counts=(1, 1, 0, 0), explanations="active")


@healthy("I115")
def squash_is_not_finished(site: Site) -> Expected:
    return files_of_the_originals_are_deleted(site)


# 1xx: squashes that went wrong


@sick("E116")
def only_the_row_of_the_squash_is_there(site: Site) -> Expected:
    site.deploy(shop=SQUASHED)
    site.migrate()
    site.unrecord("shop", "0001_initial", "0002_price")
    said = (
        "shop.0001_squashed_0002_price is recorded, and of what it replaces shop.0001_initial, shop.0002_price "
        "are not: Django takes the squash for unapplied."
    )
    return Expected(
        status="unhealthy", counts=(1, 0, 1, 0), findings=(("E116", said),), explanations="ghost squash"
    )


@sick("E116")
def only_the_rows_of_the_squash_and_a_later_one_are_there(site: Site) -> Expected:
    site.deploy(shop=SQUASHED | AFTER_SQUASH)
    site.migrate()
    site.unrecord("shop", "0001_initial", "0002_price")
    said = (
        "shop.0001_squashed_0002_price is recorded, and of what it replaces shop.0001_initial, shop.0002_price "
        "are not: Django takes the squash for unapplied."
    )
    return Expected(
        status="unhealthy",
        counts=(2, 1, 1, 0),
        findings=(("E116", said),),
        explanations="ghost squash, active",
    )


@sick("E116")
def one_row_of_the_originals_is_missing(site: Site) -> Expected:
    site.deploy(shop=SQUASHED | ORIGINALS)
    site.migrate()
    site.unrecord("shop", "0002_price")
    said = (
        "shop.0001_squashed_0002_price is recorded, and of what it replaces shop.0002_price is not: "
        "Django takes the squash for unapplied."
    )
    return Expected(
        status="unhealthy",
        counts=(2, 1, 1, 0),
        findings=(("E116", said), ("W105", f"shop.0002_price is not applied to database '{site.alias}'.")),
    )


@healthy("E116")
def rows_of_the_squash_and_of_the_originals_are_there(site: Site) -> Expected:
    site.deploy(shop=SQUASHED | ORIGINALS)
    site.migrate()
    return Expected(status="healthy", counts=(1, 1, 0, 0), explanations="replaced, replaced, active")


@healthy("E116")
def only_the_row_of_a_finished_squash_is_there(site: Site) -> Expected:
    site.deploy(shop=FINISHED)
    site.migrate()
    return Expected(status="healthy", counts=(1, 1, 0, 0), explanations="active")


BROKEN = (
    "shop.0001_squashed_0002_price replaces shop.0001_initial, recorded, and shop.0002_price, "
    "neither recorded nor on disk: Django drops all of them."
)


@sick("E117")
def half_of_a_squash_is_recorded_and_the_files_are_gone(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.deploy(shop=SQUASHED)
    return Expected(
        status="unhealthy",
        counts=(0, 0, 0, 0),
        findings=(("E117", BROKEN),),
        explanations="part of a broken squash",
    )


@sick("E117")
def half_of_a_squash_is_recorded_and_a_later_one_hangs_on_it(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.deploy(shop=SQUASHED | AFTER_SQUASH)
    return Expected(
        status="unhealthy",
        counts=(1, 0, 1, 0),
        findings=(("E117", BROKEN), ("W105", f"shop.0003_tax is not applied to database '{site.alias}'.")),
    )


@sick("E117")
def half_of_a_squash_is_recorded_and_a_later_one_names_an_original(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    tax = {"0003_tax": migration(after=[("shop", "0002_price")], makes=["Tax"])}
    site.deploy(shop=SQUASHED | tax)
    place = f"{site.file('shop', '0003_tax')}:5"
    said = f"shop.0003_tax depends on shop.0002_price, which is not on disk ({place})."
    return Expected(status="unhealthy", counts=None, findings=(("E202", said), ("E117", BROKEN)))


@healthy("E117")
def half_of_a_squash_is_recorded_and_the_files_are_there(site: Site) -> Expected:
    return original_of_a_squash_is_pending(site)


@healthy("E117")
def nothing_of_a_squash_is_recorded_and_the_files_are_gone(site: Site) -> Expected:
    return squash_on_a_new_database(site)


@sick("W118")
def two_runs_of_migrate_raced(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    site.record("shop", "0001_initial", "0001_initial")
    said = f"shop.0001_initial is recorded 3 times on database '{site.alias}'."
    return Expected(
        status="degraded",
        counts=(2, 2, 0, 0),
        findings=(("W118", said),),
        explanations="active, active, duplicate, duplicate",
    )


@healthy("W118")
def two_apps_have_a_migration_of_the_same_name(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), stock=chain("stock", "0001_initial"))
    site.migrate()
    return Expected(status="healthy", counts=(2, 2, 0, 0))


# Squash of a squash: 1 and 2 were squashed, then that squash and 3.

INNER = "0001_squashed_0002_price"
OUTER = "0001_squashed_0002_price_squashed_0003_tax"
THREE = chain("shop", "0001_initial", "0002_price", "0003_tax")
TAX = {"0003_tax": migration(after=[("shop", INNER)], makes=["Tax"])}
OUTER_FILE = {
    OUTER: migration(makes=["Initial", "Price", "Tax"], replaces=[("shop", INNER), ("shop", "0003_tax")])
}
OUTER_FINISHED = {OUTER: migration(makes=["Initial", "Price", "Tax"])}


def through_both_squashes(site: Site) -> None:
    """Migrate with every release on the way: the originals, the inner squash, the outer squash beside it."""
    site.deploy(shop=ORIGINALS)
    site.migrate()
    site.deploy(shop=SQUASHED | TAX)
    site.migrate()
    site.deploy(shop=SQUASHED | TAX | OUTER_FILE)


if NESTED:

    @sick("I106")
    def squash_of_a_squash_is_new(site: Site) -> Expected:
        through_both_squashes(site)
        said = f"shop.{OUTER} is applied by what it replaces and not recorded itself."
        return Expected(
            status="healthy",
            counts=(1, 1, 0, 0),
            findings=(("I106", said),),
            explanations="replaced, replaced, replaced, replaced",
        )

    @healthy("I106")
    def squash_of_a_squash_is_recorded(site: Site) -> Expected:
        through_both_squashes(site)
        site.migrate()
        return Expected(
            status="healthy",
            counts=(1, 1, 0, 0),
            explanations="replaced, replaced, replaced, replaced, active",
        )

    @healthy("W105")
    def squash_of_a_squash_on_a_new_database(site: Site) -> Expected:
        site.deploy(shop=SQUASHED | TAX | OUTER_FILE)
        site.migrate()
        return Expected(status="healthy", counts=(1, 1, 0, 0))

    @sick("E116")
    def only_the_row_of_the_inner_squash_is_there(site: Site) -> Expected:
        through_both_squashes(site)
        site.migrate()
        site.unrecord("shop", "0001_initial", "0002_price")
        missing = "shop.0001_initial, shop.0002_price are not: Django takes the squash for unapplied."
        return Expected(
            status="unhealthy",
            counts=(2, 1, 1, 0),
            findings=(
                ("E116", f"shop.{INNER} is recorded, and of what it replaces {missing}"),
                ("E116", f"shop.{OUTER} is recorded, and of what it replaces {missing}"),
            ),
        )

    @sick("E117")
    def half_of_the_inner_squash_is_recorded(site: Site) -> Expected:
        site.deploy(shop=chain("shop", "0001_initial"))
        site.migrate()
        site.deploy(shop=OUTER_FILE | SQUASHED)
        gone = "shop.0002_price, shop.0003_tax, neither recorded nor on disk"
        outer = f"shop.{OUTER} replaces shop.0001_initial, recorded, and {gone}: Django drops all of them."
        return Expected(
            status="unhealthy",
            counts=(0, 0, 0, 0),
            findings=(("E117", BROKEN), ("E117", outer)),
        )


@sick("I106")
def inner_squash_is_deleted_and_the_outer_is_new(site: Site) -> Expected:
    through_both_squashes(site)
    site.deploy(shop=OUTER_FILE)
    said = f"shop.{OUTER} is applied by what it replaces and not recorded itself."
    went = f"is recorded, and its file went with the squash: its number lies within shop.{OUTER}."
    return Expected(
        status="healthy",
        counts=(1, 1, 0, 0),
        findings=(("I106", said), ("I115", f"shop.0001_initial {went}"), ("I115", f"shop.0002_price {went}")),
    )


@sick("I115")
def squash_of_a_squash_is_finished(site: Site) -> Expected:
    through_both_squashes(site)
    site.deploy(shop=OUTER_FILE)
    site.migrate()
    site.deploy(shop=OUTER_FINISHED)
    went = "is recorded, and its file went with the squash: its number lies within"
    rows = ("0001_initial", "0002_price", "0003_tax", INNER)
    return Expected(
        status="healthy",
        counts=(1, 1, 0, 0),
        findings=tuple(("I115", f"shop.{row} {went} shop.{OUTER}.") for row in rows),
    )


# 2xx: files and the graph


def spoil(site: Site, name: str, source: str) -> Path:
    """Migrate, then spoil one file; a row of an app that is not installed stays visible whatever the graph is."""
    site.deploy(shop=ORIGINALS, stock=chain("stock", "0001_initial"))
    site.migrate()
    site.record("removed", "0001_initial")
    site.write(f"shop/migrations/{name}.py", source)
    site.restart()
    return site.file("shop", name)


STILL = ("I113", "removed has 1 migration recorded, and no installed app has this label.")
ROWS = "active, active, active, app not installed"


@sick("E201")
def syntax_error(site: Site) -> Expected:
    file = spoil(site, "0002_price", "import os\nclass Migration(:\n")
    said = f"shop.0002_price cannot be loaded: SyntaxError: invalid syntax ({file}:2)."
    return Expected(status="unhealthy", counts=None, findings=(("E201", said), STILL), explanations=ROWS)


@sick("E201")
def merge_markers(site: Site) -> Expected:
    source = ORIGINALS["0002_price"]
    file = spoil(site, "0002_price", f"<<<<<<< HEAD\n{source}=======\n{source}>>>>>>> gifts\n")
    said = f"shop.0002_price cannot be loaded: it holds the markers of an unfinished merge ({file}:1)."
    return Expected(status="unhealthy", counts=None, findings=(("E201", said), STILL), explanations=ROWS)


@sick("E201")
def no_migration_class(site: Site) -> Expected:
    file = spoil(site, "0002_price", "import os\n")
    said = f"shop.0002_price cannot be loaded: it has no Migration class ({file}:1)."
    return Expected(status="unhealthy", counts=None, findings=(("E201", said), STILL), explanations=ROWS)


@sick("E201")
def failing_import(site: Site) -> Expected:
    file = spoil(site, "0002_price", "import os\nimport not_there\n")
    said = f"shop.0002_price cannot be loaded: ModuleNotFoundError: No module named 'not_there' ({file}:2)."
    return Expected(status="unhealthy", counts=None, findings=(("E201", said), STILL), explanations=ROWS)


@sick("E201")
def every_faulty_file_is_named(site: Site) -> Expected:
    first = spoil(site, "0002_price", "import os\nimport not_there\n")
    second = site.write("stock/migrations/0001_initial.py", "1 / 0\n")
    site.restart()
    said = f"shop.0002_price cannot be loaded: ModuleNotFoundError: No module named 'not_there' ({first}:2)."
    also = f"stock.0001_initial cannot be loaded: ZeroDivisionError: division by zero ({second}:1)."
    return Expected(
        status="unhealthy", counts=None, findings=(("E201", said), ("E201", also), STILL), explanations=ROWS
    )


@sick("E201")
def failing_package(site: Site) -> Expected:
    file = spoil(site, "__init__", "\n\nraise RuntimeError('not today')\n")
    said = f"shop cannot be loaded: RuntimeError: not today ({file}:3)."
    return Expected(status="unhealthy", counts=None, findings=(("E201", said), STILL), explanations=ROWS)


@sick("E201")
def package_that_is_not_there(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS)
    site.migrate()
    site.restart(MIGRATION_MODULES={"shop": "not_there"})
    said = "shop cannot be loaded: ModuleNotFoundError: No module named 'not_there' (the place that the reason names)."
    rows = "shop has 2 migrations recorded, and the app has no migrations on disk."
    return Expected(status="unhealthy", counts=None, findings=(("E201", said), ("I119", rows)))


@sick("E201")
def faulty_file_before_the_database_was_migrated(site: Site) -> Expected:
    site.deploy(shop={"0001_initial": "import not_there\n"})
    file = site.file("shop", "0001_initial")
    said = f"shop.0001_initial cannot be loaded: ModuleNotFoundError: No module named 'not_there' ({file}:1)."
    return Expected(status="unhealthy", counts=None, findings=(("E201", said),))


@healthy("E201")
def file_that_is_no_migration_and_says_so(site: Site) -> Expected:
    spoil(site, "_notes", "1 / 0\n")
    return Expected(status="healthy", counts=(3, 3, 0, 0), findings=(STILL,), explanations=ROWS)


@sick("E202")
def dependency_is_not_there(site: Site) -> Expected:
    file = spoil(site, "0002_price", migration(after=[("shop", "0001_first")]))
    said = f"shop.0002_price depends on shop.0001_first, which is not on disk ({file}:5)."
    return Expected(status="unhealthy", counts=None, findings=(("E202", said), STILL), explanations=ROWS)


@sick("E202")
def app_of_the_dependency_is_not_installed(site: Site) -> Expected:
    file = spoil(site, "0002_price", migration(after=[("removed", "__first__")]))
    said = (
        "shop.0002_price depends on removed.__first__, and no installed app has the label 'removed' "
        f"({file}:5)."
    )
    return Expected(status="unhealthy", counts=None, findings=(("E202", said), STILL), explanations=ROWS)


@sick("E201")
def dependency_is_no_pair(site: Site) -> Expected:
    source = migration().replace("dependencies = []", "dependencies = [('shop', '0001_initial', 1)]")
    file = spoil(site, "0002_price", source)
    reason = "('shop', '0001_initial', 1) in its dependencies is no tuple of an app label and a name"
    said = f"shop.0002_price cannot be loaded: {reason} ({file}:5)."
    return Expected(status="unhealthy", counts=None, findings=(("E201", said), STILL), explanations=ROWS)


@healthy("E202")
def dependency_on_the_first_of_an_app_without_migrations(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", after=[("stock", "__first__")]), stock={})
    site.migrate()
    return Expected(status="healthy", counts=(1, 1, 0, 0))


@sick("E203")
def two_migrations_wait_for_each_other(site: Site) -> Expected:
    file = spoil(site, "0001_initial", migration(after=[("shop", "0002_price")]))
    said = f"shop.0001_initial is part of a cycle ({file}:5): shop.0001_initial, shop.0002_price."
    return Expected(status="unhealthy", counts=None, findings=(("E203", said), STILL), explanations=ROWS)


@sick("E203")
def run_before_closes_a_circle_of_two_apps(site: Site) -> Expected:
    source = migration(after=[("stock", "0001_initial")], before=[("stock", "0001_initial")])
    file = spoil(site, "0001_initial", source)
    said = f"shop.0001_initial is part of a cycle ({file}:5): shop.0001_initial, stock.0001_initial."
    return Expected(status="unhealthy", counts=None, findings=(("E203", said), STILL), explanations=ROWS)


@healthy("E203")
def run_before_without_a_circle(site: Site) -> Expected:
    stock = chain("stock", "0001_initial")
    site.deploy(
        shop={"0001_initial": migration(before=[("stock", "0001_initial")], makes=["Initial"])}, stock=stock
    )
    site.migrate()
    return Expected(status="healthy", counts=(2, 2, 0, 0))


TWO_LEAVES = chain("shop", "0001_initial", "0002_price") | {
    "0002_gift": migration(after=[("shop", "0001_initial")], makes=["Gift"])
}


@sick("E204")
def two_branches_were_merged(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    site.deploy(shop=TWO_LEAVES)
    return Expected(
        status="unhealthy",
        counts=(3, 2, 1, 0),
        findings=(
            ("E204", "shop has 2 leaf nodes: 0002_gift, 0002_price."),
            ("W105", f"shop.0002_gift is not applied to database '{site.alias}'."),
        ),
    )


@sick("E204")
def two_leaf_nodes_are_both_applied(site: Site) -> Expected:
    two_branches_were_merged(site)
    site.record("shop", "0002_gift")
    said = "shop has 2 leaf nodes: 0002_gift, 0002_price."
    return Expected(status="degraded", counts=(3, 3, 0, 0), findings=(("E204", said),))


@healthy("E204")
def merge_migration_joins_them(site: Site) -> Expected:
    after = [("shop", "0002_gift"), ("shop", "0002_price")]
    site.deploy(shop=TWO_LEAVES | {"0003_merge": migration(after=after)})
    site.migrate()
    return Expected(status="healthy", counts=(4, 4, 0, 0))


@sick("E205")
def directory_without_init(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS)
    site.migrate()
    site.file("shop", "__init__").unlink()
    site.restart()
    directory = site.directory / "shop" / "migrations"
    said = f"shop has 2 migration files that Django ignores: {directory} has no __init__.py."
    return Expected(
        status="unhealthy",
        counts=(0, 0, 0, 0),
        findings=(("E205", said),),
        explanations="ignored package, ignored package",
    )


@sick("E205")
def directory_of_migration_modules_without_init(site: Site) -> Expected:
    site.deploy(
        shop={},
        files={"history/0001_initial.py": migration(makes=["Initial"])},
        settings={"MIGRATION_MODULES": {"shop": "history"}},
    )
    said = f"shop has 1 migration file that Django ignores: {site.directory / 'history'} has no __init__.py."
    return Expected(status="unhealthy", counts=(0, 0, 0, 0), findings=(("E205", said),))


@healthy("E205")
def directory_without_init_and_without_migrations(site: Site) -> Expected:
    site.deploy(shop={}, files={"shop/migrations/notes.py": "text = 'no migration'\n"})
    return Expected(status="healthy", counts=(0, 0, 0, 0))


# What no situation can hold still: sessions that lock, and users without a right.
