"""Squashes of squashes: 1 and 2 were squashed, then that squash and 3."""

from __future__ import annotations

import django

from tests.projects import Site, chain, migration

from .registry import Expected, healthy, says, sick
from .squashes import BROKEN, ORIGINALS, SQUASHED

NESTED = django.VERSION >= (6, 0)
"""Before 6.0, Django's answer to a squash of a squash depends on the order of a set."""


INNER = "0001_squashed_0002_price"


OUTER = "0001_squashed_0002_price_squashed_0003_tax"


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
        return says("healthy", (1, 1, 0, 0), ("I106", said), rows="replaced, replaced, replaced, replaced")

    @healthy("I106")
    def squash_of_a_squash_is_recorded(site: Site) -> Expected:
        through_both_squashes(site)
        site.migrate()
        return says("healthy", (1, 1, 0, 0), rows="replaced, replaced, replaced, replaced, active")

    @healthy("W105")
    def squash_of_a_squash_on_a_new_database(site: Site) -> Expected:
        site.deploy(shop=SQUASHED | TAX | OUTER_FILE)
        site.migrate()
        return says("healthy", (1, 1, 0, 0))

    @sick("E116")
    def only_the_row_of_the_inner_squash_is_there(site: Site) -> Expected:
        through_both_squashes(site)
        site.migrate()
        site.unrecord("shop", "0001_initial", "0002_price")
        missing = "shop.0001_initial, shop.0002_price are not: Django takes the squash for unapplied."
        return says(
            "unhealthy",
            (2, 1, 1, 0),
            ("E116", f"shop.{INNER} is recorded, and of what it replaces {missing}"),
            ("E116", f"shop.{OUTER} is recorded, and of what it replaces {missing}"),
        )

    @sick("E117")
    def half_of_the_inner_squash_is_recorded(site: Site) -> Expected:
        site.deploy(shop=chain("shop", "0001_initial"))
        site.migrate()
        site.deploy(shop=OUTER_FILE | SQUASHED)
        gone = "shop.0002_price, shop.0003_tax, neither recorded nor on disk"
        outer = f"shop.{OUTER} replaces shop.0001_initial, recorded, and {gone}: Django drops all of them."
        return says("unhealthy", (0, 0, 0, 0), ("E117", BROKEN), ("E117", outer))


@sick("I106")
def inner_squash_is_deleted_and_the_outer_is_new(site: Site) -> Expected:
    through_both_squashes(site)
    site.deploy(shop=OUTER_FILE)
    said = f"shop.{OUTER} is applied by what it replaces and not recorded itself."
    went = f"is recorded, and its file went with the squash: its number lies within shop.{OUTER}."
    return says(
        "healthy",
        (1, 1, 0, 0),
        ("I106", said),
        ("I115", f"shop.0001_initial {went}"),
        ("I115", f"shop.0002_price {went}"),
    )


@sick("I115")
def squash_of_a_squash_is_finished(site: Site) -> Expected:
    through_both_squashes(site)
    site.deploy(shop=OUTER_FILE)
    site.migrate()
    site.deploy(shop=OUTER_FINISHED)
    went = "is recorded, and its file went with the squash: its number lies within"
    rows = ("0001_initial", "0002_price", "0003_tax", INNER)
    return says("healthy", (1, 1, 0, 0), *tuple(("I115", f"shop.{row} {went} shop.{OUTER}.") for row in rows))
