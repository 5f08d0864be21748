"""Squashes, at each stage of their way, and gone wrong."""

from __future__ import annotations

from tests.projects import Site, chain, migration, squash

from .registry import Expected, healthy, says, sick
from .settings import routed

ORIGINALS = chain("shop", "0001_initial", "0002_price")


SQUASH = "0001_squashed_0002_price"


SQUASHED = squash("shop", SQUASH, "0001_initial", "0002_price")


AFTER_SQUASH = {"0003_tax": migration(after=[("shop", SQUASH)], makes=["Tax"])}


FINISHED = {SQUASH: migration(makes=["Initial", "Price"])}
"""The squash when its 'replaces' is taken out, as Django's documentation says at the end of a squash."""


@sick("W105")
def squash_on_a_new_database(site: Site) -> Expected:
    site.deploy(shop=SQUASHED, stock=chain("stock", "0001_initial"))
    site.migrate("stock")
    said = f"shop.0001_squashed_0002_price is not applied to database '{site.alias}'."
    return says("unhealthy", (2, 1, 1, 0), ("W105", said))


@sick("W105")
def original_of_a_squash_is_pending(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.deploy(shop=SQUASHED | ORIGINALS)
    said = f"shop.0002_price is not applied to database '{site.alias}'."
    return says("unhealthy", (2, 1, 1, 0), ("W105", said), rows="active")


@healthy("E104")
def dependency_is_a_squash_of_what_is_recorded(site: Site) -> Expected:
    site.deploy(stock=chain("stock", "0001_initial", "0002_shelf"), shop=chain("shop", "0001_initial"))
    site.migrate()
    squashed = squash("stock", "0001_squashed_0002_shelf", "0001_initial", "0002_shelf")
    after = [("stock", "0001_squashed_0002_shelf")]
    site.deploy(stock=squashed, shop=chain("shop", "0001_initial", after=after))
    said = "stock.0001_squashed_0002_shelf is applied by what it replaces and not recorded itself."
    return says("healthy", (2, 2, 0, 0), ("I106", said))


@sick("I106")
def squash_of_what_is_recorded(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS)
    site.migrate()
    site.deploy(shop=SQUASHED | ORIGINALS)
    said = "shop.0001_squashed_0002_price is applied by what it replaces and not recorded itself."
    return says("healthy", (1, 1, 0, 0), ("I106", said), rows="replaced, replaced")


@healthy("I106")
def squash_that_migrate_has_recorded(site: Site) -> Expected:
    squash_of_what_is_recorded(site)
    site.migrate()
    return says("healthy", (1, 1, 0, 0), rows="replaced, replaced, active")


@healthy("I106")
def squash_that_a_new_database_began_with(site: Site) -> Expected:
    site.deploy(shop=SQUASHED | AFTER_SQUASH)
    site.migrate()
    return says("healthy", (2, 2, 0, 0), rows="replaced, replaced, active, active")


@healthy("I106")
def files_of_the_originals_are_deleted(site: Site) -> Expected:
    squash_that_migrate_has_recorded(site)
    site.deploy(shop=SQUASHED)
    return says("healthy", (1, 1, 0, 0), rows="replaced, replaced, active")


@sick("E107")
def hidden_behind_a_later_one_that_is_a_squash(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS)
    site.migrate()
    squashed = squash("shop", SQUASH, "0001_initial", "0002_price", after=[("shop", "0000_before")])
    site.deploy(shop={"0000_before": migration(makes=["Before"])} | squashed)
    return says(
        "unhealthy",
        (2, 1, 1, 0),
        (
            "E107",
            f"shop.0000_before is not applied to database '{site.alias}', and migrate will skip it.",
        ),
        ("I106", "shop.0001_squashed_0002_price is applied by what it replaces and not recorded itself."),
    )


@sick("I115")
def squash_is_finished(site: Site) -> Expected:
    squash_that_migrate_has_recorded(site)
    site.deploy(shop=FINISHED)
    went = "is recorded, and its file went with the squash: its number lies within"
    return says(
        "healthy",
        (1, 1, 0, 0),
        ("I115", f"shop.0001_initial {went} shop.0001_squashed_0002_price."),
        ("I115", f"shop.0002_price {went} shop.0001_squashed_0002_price."),
        rows="left over from a finished squash, left over from a finished squash, active",
    )


@healthy("I115")
def squash_is_finished_and_pruned(site: Site) -> Expected:
    squash_is_finished(site)
    site.migrate("shop", "--prune")
    return says("healthy", (1, 1, 0, 0), rows="active")


@healthy("I115")
def squash_is_not_finished(site: Site) -> Expected:
    return files_of_the_originals_are_deleted(site)


@sick("E116")
def only_the_row_of_the_squash_is_there(site: Site) -> Expected:
    site.deploy(shop=SQUASHED)
    site.migrate()
    site.unrecord("shop", "0001_initial", "0002_price")
    said = (
        "shop.0001_squashed_0002_price is recorded, and of what it replaces shop.0001_initial, shop.0002_price "
        "are not: Django takes the squash for unapplied."
    )
    return says("unhealthy", (1, 0, 1, 0), ("E116", said), rows="ghost squash")


@sick("E116")
def only_the_rows_of_the_squash_and_a_later_one_are_there(site: Site) -> Expected:
    site.deploy(shop=SQUASHED)
    site.migrate()
    site.deploy(shop=SQUASHED | AFTER_SQUASH)
    site.migrate()
    site.unrecord("shop", "0001_initial", "0002_price")
    said = (
        "shop.0001_squashed_0002_price is recorded, and of what it replaces shop.0001_initial, shop.0002_price "
        "are not: Django takes the squash for unapplied."
    )
    return says("unhealthy", (2, 1, 1, 0), ("E116", said), rows="ghost squash, active")


@sick("E116")
def one_row_of_the_originals_is_missing(site: Site) -> Expected:
    site.deploy(shop=SQUASHED | ORIGINALS)
    site.migrate()
    site.unrecord("shop", "0002_price")
    said = (
        "shop.0001_squashed_0002_price is recorded, and of what it replaces shop.0002_price is not: "
        "Django takes the squash for unapplied."
    )
    return says(
        "unhealthy",
        (2, 1, 1, 0),
        ("E116", said),
        ("W105", f"shop.0002_price is not applied to database '{site.alias}'."),
    )


@healthy("E116")
def rows_of_the_squash_and_of_the_originals_are_there(site: Site) -> Expected:
    site.deploy(shop=SQUASHED | ORIGINALS)
    site.migrate()
    return says("healthy", (1, 1, 0, 0), rows="replaced, replaced, active")


@healthy("E116")
def ghost_of_an_app_that_the_router_keeps_off(site: Site) -> Expected:
    routed(site, "return app_label != 'shop'", shop=SQUASHED)
    site.unrecord("shop", "0001_initial", "0002_price")
    return says("healthy", (1, 1, 0, 0))


@healthy("E116")
def only_the_row_of_a_finished_squash_is_there(site: Site) -> Expected:
    site.deploy(shop=FINISHED)
    site.migrate()
    return says("healthy", (1, 1, 0, 0), rows="active")


BROKEN = (
    "shop.0001_squashed_0002_price replaces shop.0001_initial, recorded, and shop.0002_price, "
    "neither recorded nor on disk: Django drops all of them."
)


@sick("E117")
def half_of_a_squash_is_recorded_and_the_files_are_gone(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.deploy(shop=SQUASHED)
    return says("unhealthy", (0, 0, 0, 0), ("E117", BROKEN), rows="part of a broken squash")


@sick("E117")
def half_of_a_squash_is_recorded_and_a_later_one_hangs_on_it(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.deploy(shop=SQUASHED | AFTER_SQUASH)
    return says(
        "unhealthy",
        (1, 0, 1, 0),
        ("E117", BROKEN),
        ("W105", f"shop.0003_tax is not applied to database '{site.alias}'."),
    )


@sick("E117")
def half_of_a_squash_is_recorded_and_a_later_one_names_an_original(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    tax = {"0003_tax": migration(after=[("shop", "0002_price")], makes=["Tax"])}
    site.deploy(shop=SQUASHED | tax)
    place = f"{site.file('shop', '0003_tax')}:5"
    said = f"shop.0003_tax depends on shop.0002_price, which is not on disk ({place})."
    return says("unhealthy", None, ("E202", said), ("E117", BROKEN))


@sick("E117")
def half_of_a_squash_and_the_squash_itself_are_recorded(site: Site) -> Expected:
    site.deploy(shop=SQUASHED)
    site.migrate()
    site.unrecord("shop", "0002_price")
    return says("unhealthy", (0, 0, 0, 0), ("E117", BROKEN))


@sick("E117")
def half_of_a_squash_is_recorded_and_one_file_is_left(site: Site) -> Expected:
    names = ("0001_initial", "0002_price", "0003_tax")
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    tax = {"0003_tax": chain("shop", *names)["0003_tax"]}
    site.deploy(shop=squash("shop", "0001_squashed_0003_tax", *names) | tax)
    place = f"{site.file('shop', '0003_tax')}:5"
    said = (
        "shop.0001_squashed_0003_tax replaces shop.0001_initial, recorded, and shop.0002_price, "
        "neither recorded nor on disk: Django drops all of them."
    )
    return says(
        "unhealthy",
        None,
        ("E202", f"shop.0003_tax depends on shop.0002_price, which is not on disk ({place})."),
        ("E117", said),
    )


@healthy("E117")
def half_of_a_squash_is_recorded_for_an_app_that_the_router_keeps_off(site: Site) -> Expected:
    routed(site, "return app_label != 'shop'", shop=SQUASHED)
    site.unrecord("shop", "0002_price", SQUASH)
    return says("healthy", (1, 1, 0, 0), rows="part of a broken squash, active")


@healthy("E117")
def half_of_a_squash_is_recorded_and_the_files_are_there(site: Site) -> Expected:
    return original_of_a_squash_is_pending(site)


@healthy("E117")
def nothing_of_a_squash_is_recorded_and_the_files_are_gone(site: Site) -> Expected:
    return squash_on_a_new_database(site)


@sick("E104")
def applied_before_a_squash_that_is_not(site: Site) -> Expected:
    stock = squash("stock", "0001_squashed_0002_shelf", "0001_initial", "0002_shelf")
    site.deploy(shop=chain("shop", "0001_initial"), stock=stock)
    site.migrate("shop")
    after = [("stock", "0001_squashed_0002_shelf")]
    site.deploy(shop=chain("shop", "0001_initial", after=after), stock=stock)
    before = "shop.0001_initial is applied before its dependency stock.0001_squashed_0002_shelf"
    return says(
        "unhealthy",
        (2, 1, 1, 0),
        ("E104", f"{before} on database '{site.alias}'."),
        ("W105", f"stock.0001_squashed_0002_shelf is not applied to database '{site.alias}'."),
    )


@sick("E107")
def squash_hidden_behind_a_later_one(site: Site) -> Expected:
    site.deploy(shop=SQUASHED | AFTER_SQUASH)
    site.migrate()
    site.unrecord("shop", "0001_initial", "0002_price", SQUASH)
    before = f"shop.0003_tax is applied before its dependency shop.{SQUASH}"
    return says(
        "unhealthy",
        (2, 1, 1, 0),
        ("E104", f"{before} on database '{site.alias}'."),
        ("E107", f"shop.{SQUASH} is not applied to database '{site.alias}', and migrate will skip it."),
    )


@sick("W111")
def file_is_lost_beside_a_squash(site: Site) -> Expected:
    site.deploy(shop=SQUASHED)
    site.migrate()
    site.record("shop", "0003_gone")
    site.deploy(shop=SQUASHED | {"0004_tax": migration(after=[("shop", SQUASH)], makes=["Tax"])})
    site.migrate()
    said = "shop.0003_gone is recorded, and has no file here and none in git."
    return says("degraded", (2, 2, 0, 1), ("W111", said))
