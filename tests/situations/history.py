"""The database, its history table, and what is pending."""

from __future__ import annotations

from typing import Any

from django.db import connections

from django_migration_guard import guard
from tests.projects import Site, chain, migration, models

from .registry import Expected, healthy, says, sick
from .settings import routed


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
    return says("unhealthy", None, ("E101", said), alias=alias)


@healthy("E101")
def database_that_is_there(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    return says("healthy", (1, 1, 0, 0), alias=elsewhere(site))


@sick("W102")
def nothing_was_ever_migrated(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"), files={"shop/models.py": models("Price")})
    said = (
        f"Database '{site.alias}' has no table django_migrations and none of the project's tables; "
        "all 2 migrations are pending."
    )
    return says("unhealthy", (2, 0, 2, 0), ("W102", said), rows="")


@sick("W102")
def nothing_but_somebody_elses_tables(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), files={"shop/models.py": models("Initial")})
    site.execute("CREATE TABLE somebody_elses (id integer)")
    said = (
        f"Database '{site.alias}' has no table django_migrations and none of the project's tables; "
        "its one migration is pending."
    )
    return says("unhealthy", (1, 0, 1, 0), ("W102", said))


@healthy("W102")
def everything_is_migrated(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"), files={"shop/models.py": models("Price")})
    site.migrate()
    return says("healthy", (2, 2, 0, 0), rows="active, active")


@healthy("W102")
def nothing_is_due_on_this_database(site: Site) -> Expected:
    routed(site, "return False", migrate_before=False)
    return says("healthy", (0, 0, 0, 0))


@healthy("W102")
def no_app_has_migrations(site: Site) -> Expected:
    site.deploy(shop={}, files={"shop/models.py": models("Price")})
    return says("healthy", (0, 0, 0, 0))


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
    return says("unhealthy", (2, 0, 2, 0), ("E103", said))


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
    return says("unhealthy", (1, 0, 1, 0), ("E103", said))


@sick("E103")
def history_table_emptied_by_a_migrate_that_failed(site: Site) -> Expected:
    site.deploy(
        shop=chain("shop", "0001_initial", "0002_price"), files={"shop/models.py": models("Initial", "Price")}
    )
    site.migrate()
    site.execute("DELETE FROM django_migrations")
    said = (
        f"Database '{site.alias}' has 2 of the project's tables (shop_initial, shop_price) and an empty table "
        "django_migrations."
    )
    return says("unhealthy", (2, 0, 2, 0), ("E103", said))


@healthy("E103")
def history_table_emptied_by_migrating_to_zero(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), files={"shop/models.py": models("Initial")})
    site.migrate()
    site.migrate("shop", "zero")
    return says(
        "unhealthy", (1, 0, 1, 0), ("W105", f"shop.0001_initial is not applied to database '{site.alias}'.")
    )


@healthy("E103")
def tables_of_an_app_without_migrations(site: Site) -> Expected:
    site.deploy(shop={}, files={"shop/models.py": models("Price")})
    site.execute("CREATE TABLE shop_price (id integer)")
    return says("healthy", (0, 0, 0, 0))


@healthy("E103")
def history_table_beside_the_tables(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), files={"shop/models.py": models("Initial")})
    site.migrate()
    return says("healthy", (1, 1, 0, 0))


@sick("E104")
def applied_before_its_dependency(site: Site) -> Expected:
    stock = chain("stock", "0001_initial")
    site.deploy(shop=chain("shop", "0001_initial"), stock=stock)
    site.migrate("shop")
    site.deploy(shop=chain("shop", "0001_initial", after=[("stock", "0001_initial")]), stock=stock)
    before = "shop.0001_initial is applied before its dependency stock.0001_initial"
    return says(
        "unhealthy",
        (2, 1, 1, 0),
        ("E104", f"{before} on database '{site.alias}'."),
        ("W105", f"stock.0001_initial is not applied to database '{site.alias}'."),
    )


@healthy("E104")
def applied_after_its_dependency(site: Site) -> Expected:
    shop = chain("shop", "0001_initial", after=[("stock", "0001_initial")])
    site.deploy(shop=shop, stock=chain("stock", "0001_initial"))
    site.migrate()
    return says("healthy", (2, 2, 0, 0))


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
    return says(
        "unhealthy",
        (3, 1, 2, 0),
        ("W105", f"stock.0001_initial is not applied to database '{site.alias}'."),
        ("W105", f"shop.0002_price is not applied to database '{site.alias}'."),
    )


@sick("W105")
def history_table_without_rows(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.recorder.ensure_schema()
    said = f"shop.0001_initial is not applied to database '{site.alias}'."
    return says("unhealthy", (1, 0, 1, 0), ("W105", said), rows="")


@healthy("W105")
def nothing_is_pending_for_an_app_that_the_router_keeps_off(site: Site) -> Expected:
    routed(site, "return app_label != 'stock'", migrate_before=False)
    site.migrate("shop")
    return says("healthy", (1, 1, 0, 0), rows="active")


@healthy("W105")
def as_many_rows_as_files(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    return says("healthy", (2, 2, 0, 0), rows="active, active")


@sick("E107")
def gap_in_the_rows(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price", "0003_tax"))
    site.migrate()
    site.unrecord("shop", "0002_price")
    return says(
        "unhealthy",
        (3, 2, 1, 0),
        (
            "E104",
            f"shop.0003_tax is applied before its dependency shop.0002_price on database '{site.alias}'.",
        ),
        ("E107", f"shop.0002_price is not applied to database '{site.alias}', and migrate will skip it."),
    )


@healthy("E107")
def last_one_is_not_applied(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price", "0003_tax"))
    site.migrate("shop", "0002_price")
    said = f"shop.0003_tax is not applied to database '{site.alias}'."
    return says("unhealthy", (3, 2, 1, 0), ("W105", said))


@sick("W118")
def two_runs_of_migrate_raced(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    site.record("shop", "0001_initial", "0001_initial")
    said = f"shop.0001_initial is recorded 3 times on database '{site.alias}'."
    return says("degraded", (2, 2, 0, 0), ("W118", said), rows="active, active, duplicate, duplicate")


@healthy("W118")
def two_apps_have_a_migration_of_the_same_name(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), stock=chain("stock", "0001_initial"))
    site.migrate()
    return says("healthy", (2, 2, 0, 0))
