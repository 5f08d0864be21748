"""Family 0xx: the settings of the guard, and the database routers."""

from __future__ import annotations

from typing import Any

from tests.projects import Site, chain

from .registry import Expected, healthy, says, sick


@sick("W001")
def misspelt_key(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), settings={"MIGRATION_GUARD": {"PROBE_TOKN": None}})
    site.migrate()
    said = "MIGRATION_GUARD['PROBE_TOKN'] is no setting of django-migration-guard and has no effect."
    return says("degraded", (1, 1, 0, 0), ("W001", said))


@healthy("W001")
def known_key(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), settings={"MIGRATION_GUARD": {"PROBE_TOKEN": None}})
    site.migrate()
    return says("healthy", (1, 1, 0, 0))


@sick("W002")
def wrong_value(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), settings={"MIGRATION_GUARD": {"PROBE_CACHE_SECONDS": -1}})
    site.migrate()
    said = "MIGRATION_GUARD['PROBE_CACHE_SECONDS'] is -1; the default 5.0 is in force."
    return says("degraded", (1, 1, 0, 0), ("W002", said))


@sick("W002")
def no_dictionary(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), settings={"MIGRATION_GUARD": ["DATABASES"]})
    site.migrate()
    said = "MIGRATION_GUARD is a list, not a dictionary; the defaults are in force."
    return says("degraded", (1, 1, 0, 0), ("W002", said))


@healthy("W002")
def right_value(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), settings={"MIGRATION_GUARD": {"PROBE_CACHE_SECONDS": 0}})
    site.migrate()
    return says("healthy", (1, 1, 0, 0))


def routed(site: Site, answer: str, *, migrate_before: bool = True, **more: Any) -> None:
    """Deploy two apps, migrate, and bring a router in; its answer is a line of Python."""
    apps = {"shop": chain("shop", "0001_initial"), "stock": chain("stock", "0001_initial")} | more
    site.deploy(**apps)
    if migrate_before:
        site.migrate()
    site.route(answer)


@sick("E003")
def router_raises(site: Site) -> Expected:
    routed(site, "raise KeyError(app_label)")
    said = f"The database routers raise an exception for '{site.alias}': KeyError: 'shop'."
    return says("unhealthy", None, ("E003", said))


@healthy("E003")
def router_that_keeps_an_app_off(site: Site) -> Expected:
    routed(site, "return app_label != 'stock'")
    return says("healthy", (1, 1, 0, 0), rows="active, active")
