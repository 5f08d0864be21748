"""Family 2xx: migration files and the graph."""

from __future__ import annotations

from pathlib import Path

from tests.projects import Site, chain, migration

from .registry import Expected, healthy, says, sick
from .squashes import ORIGINALS, SQUASH, SQUASHED, files_of_the_originals_are_deleted


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


def unloadable(*findings: tuple[str, str]) -> Expected:
    """With a broken graph nothing is counted, and what is recorded is told all the same."""
    return says("unhealthy", None, *findings, STILL, rows=ROWS)


@sick("E201")
def syntax_error(site: Site) -> Expected:
    file = spoil(site, "0002_price", "import os\nreturn\n")
    said = f"shop.0002_price cannot be loaded: SyntaxError: 'return' outside function ({file}:2)."
    return unloadable(("E201", said))


@sick("E201")
def merge_markers(site: Site) -> Expected:
    source = ORIGINALS["0002_price"]
    file = spoil(site, "0002_price", f"<<<<<<< HEAD\n{source}=======\n{source}>>>>>>> gifts\n")
    said = f"shop.0002_price cannot be loaded: it holds the markers of an unfinished merge ({file}:1)."
    return unloadable(("E201", said))


@sick("E201")
def no_migration_class(site: Site) -> Expected:
    file = spoil(site, "0002_price", "import os\n")
    said = f"shop.0002_price cannot be loaded: it has no Migration class ({file}:1)."
    return unloadable(("E201", said))


@sick("E201")
def failing_import(site: Site) -> Expected:
    file = spoil(site, "0002_price", "import os\nimport not_there\n")
    said = f"shop.0002_price cannot be loaded: ModuleNotFoundError: No module named 'not_there' ({file}:2)."
    return unloadable(("E201", said))


@sick("E201")
def every_faulty_file_is_named(site: Site) -> Expected:
    first = spoil(site, "0002_price", "import os\nimport not_there\n")
    second = site.write("stock/migrations/0001_initial.py", "1 / 0\n")
    site.restart()
    said = f"shop.0002_price cannot be loaded: ModuleNotFoundError: No module named 'not_there' ({first}:2)."
    also = f"stock.0001_initial cannot be loaded: ZeroDivisionError: division by zero ({second}:1)."
    return unloadable(("E201", said), ("E201", also))


@sick("E201")
def faulty_file_beside_an_app_with_a_squash(site: Site) -> Expected:
    """Django stops at the first fault; what the squashes of other apps replace is known all the same."""
    site.deploy(apple=chain("apple", "0001_initial"), shop=SQUASHED)
    site.migrate()
    file = site.write("apple/migrations/0001_initial.py", "1 / 0\n")
    site.restart()
    said = f"apple.0001_initial cannot be loaded: ZeroDivisionError: division by zero ({file}:1)."
    return says("unhealthy", None, ("E201", said), rows="active, replaced, replaced, active")


@sick("E201")
def squash_is_faulty(site: Site) -> Expected:
    files_of_the_originals_are_deleted(site)
    file = site.write(f"shop/migrations/{SQUASH}.py", "1 / 0\n")
    site.restart()
    said = f"shop.{SQUASH} cannot be loaded: ZeroDivisionError: division by zero ({file}:1)."
    went = f"is recorded, and its file went with the squash: its number lies within shop.{SQUASH}."
    return says(
        "unhealthy",
        None,
        ("E201", said),
        ("I115", f"shop.0001_initial {went}"),
        ("I115", f"shop.0002_price {went}"),
    )


@sick("E201")
def failing_package(site: Site) -> Expected:
    file = spoil(site, "__init__", "\n\nraise RuntimeError('not today')\n")
    said = f"shop cannot be loaded: RuntimeError: not today ({file}:3)."
    return unloadable(("E201", said))


@sick("E201")
def package_that_is_not_there(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS)
    site.migrate()
    site.restart(MIGRATION_MODULES={"shop": "not_there.migrations"})
    said = "shop cannot be loaded: ModuleNotFoundError: No module named 'not_there'."
    rows = "shop has 2 migrations recorded, and the app has no migrations on disk."
    return says("unhealthy", None, ("E201", said), ("I119", rows))


@sick("E201")
def faulty_file_before_the_database_was_migrated(site: Site) -> Expected:
    site.deploy(shop={"0001_initial": "import not_there\n"})
    file = site.file("shop", "0001_initial")
    said = f"shop.0001_initial cannot be loaded: ModuleNotFoundError: No module named 'not_there' ({file}:1)."
    return says("unhealthy", None, ("E201", said))


@healthy("E201")
def file_that_is_no_migration_and_says_so(site: Site) -> Expected:
    spoil(site, "_notes", "1 / 0\n")
    return says("healthy", (3, 3, 0, 0), STILL, rows=ROWS)


@sick("E202")
def dependency_is_not_there(site: Site) -> Expected:
    file = spoil(site, "0002_price", migration(after=[("shop", "0001_first")]))
    said = f"shop.0002_price depends on shop.0001_first, which is not on disk ({file}:5)."
    return unloadable(("E202", said))


@sick("E202")
def app_of_the_dependency_is_not_installed(site: Site) -> Expected:
    file = spoil(site, "0002_price", migration(after=[("removed", "__first__")]))
    said = (
        "shop.0002_price depends on removed.__first__, and no installed app has the label 'removed' "
        f"({file}:5)."
    )
    return unloadable(("E202", said))


@sick("E201")
def dependency_is_no_pair(site: Site) -> Expected:
    source = migration().replace("dependencies = []", "dependencies = [('shop', '0001_initial', 1)]")
    file = spoil(site, "0002_price", source)
    reason = "('shop', '0001_initial', 1) in its dependencies is no tuple of an app label and a name"
    said = f"shop.0002_price cannot be loaded: {reason} ({file}:5)."
    return unloadable(("E201", said))


@sick("E202")
def app_of_the_dependency_has_an_empty_package(site: Site) -> Expected:
    after = [("stock", "__first__")]
    site.deploy(
        shop=chain("shop", "0001_initial", after=after), stock={}, files={"stock/migrations/__init__.py": ""}
    )
    place = f"{site.file('shop', '0001_initial')}:5"
    said = f"shop.0001_initial depends on stock.__first__, and stock has no migrations ({place})."
    return says("unhealthy", None, ("E202", said))


@healthy("E202")
def dependency_on_the_first_of_an_app_without_migrations(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", after=[("stock", "__first__")]), stock={})
    site.migrate()
    return says("healthy", (1, 1, 0, 0))


@sick("E203")
def two_migrations_wait_for_each_other(site: Site) -> Expected:
    file = spoil(site, "0001_initial", migration(after=[("shop", "0002_price")]))
    said = f"shop.0001_initial is part of a cycle ({file}:5): shop.0001_initial, shop.0002_price."
    return unloadable(("E203", said))


@sick("E203")
def run_before_closes_a_circle_of_two_apps(site: Site) -> Expected:
    source = migration(after=[("stock", "0001_initial")], before=[("stock", "0001_initial")])
    file = spoil(site, "0001_initial", source)
    said = f"shop.0001_initial is part of a cycle ({file}:5): shop.0001_initial, stock.0001_initial."
    return unloadable(("E203", said))


@healthy("E203")
def run_before_without_a_circle(site: Site) -> Expected:
    stock = chain("stock", "0001_initial")
    site.deploy(
        shop={"0001_initial": migration(before=[("stock", "0001_initial")], makes=["Initial"])}, stock=stock
    )
    site.migrate()
    return says("healthy", (2, 2, 0, 0))


TWO_LEAVES = chain("shop", "0001_initial", "0002_price") | {
    "0002_gift": migration(after=[("shop", "0001_initial")], makes=["Gift"])
}


@sick("E204")
def two_branches_were_merged(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    site.deploy(shop=TWO_LEAVES)
    return says(
        "unhealthy",
        (3, 2, 1, 0),
        ("E204", "shop has 2 leaf nodes: 0002_gift, 0002_price."),
        ("W105", f"shop.0002_gift is not applied to database '{site.alias}'."),
    )


@sick("E204")
def two_leaf_nodes_beside_an_app_that_is_worse(site: Site) -> Expected:
    """What stops every ``migrate`` is told first, though the other finding blocks traffic."""
    site.deploy(shop=SQUASHED, stock=chain("stock", "0001_initial"))
    site.migrate()
    site.unrecord("shop", "0001_initial", "0002_price")
    site.record("stock", "0001_other")
    other = {"0001_other": migration(makes=["Other"])}
    site.deploy(shop=SQUASHED, stock=chain("stock", "0001_initial") | other)
    missing = "shop.0001_initial, shop.0002_price are not: Django takes the squash for unapplied."
    return says(
        "unhealthy",
        (3, 2, 1, 0),
        ("E204", "stock has 2 leaf nodes: 0001_initial, 0001_other."),
        ("E116", f"shop.{SQUASH} is recorded, and of what it replaces {missing}"),
    )


@sick("E204")
def two_leaf_nodes_are_both_applied(site: Site) -> Expected:
    two_branches_were_merged(site)
    site.record("shop", "0002_gift")
    said = "shop has 2 leaf nodes: 0002_gift, 0002_price."
    return says("degraded", (3, 3, 0, 0), ("E204", said))


@healthy("E204")
def merge_migration_joins_them(site: Site) -> Expected:
    after = [("shop", "0002_gift"), ("shop", "0002_price")]
    site.deploy(shop=TWO_LEAVES | {"0003_merge": migration(after=after)})
    site.migrate()
    return says("healthy", (4, 4, 0, 0))


@sick("E205")
def directory_without_init(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS)
    site.migrate()
    site.file("shop", "__init__").unlink()
    site.restart()
    directory = site.directory / "shop" / "migrations"
    said = f"shop has 2 migration files that Django ignores: {directory} has no __init__.py."
    return says("unhealthy", (0, 0, 0, 0), ("E205", said), rows="ignored package, ignored package")


@sick("E205")
def directory_of_migration_modules_without_init(site: Site) -> Expected:
    site.deploy(
        shop={},
        files={"history/0001_initial.py": migration(makes=["Initial"])},
        settings={"MIGRATION_MODULES": {"shop": "history"}},
    )
    said = f"shop has 1 migration file that Django ignores: {site.directory / 'history'} has no __init__.py."
    return says("unhealthy", (0, 0, 0, 0), ("E205", said))


@healthy("E205")
def directory_without_init_and_without_migrations(site: Site) -> Expected:
    site.deploy(shop={}, files={"shop/migrations/notes.py": "text = 'no migration'\n"})
    return says("healthy", (0, 0, 0, 0))
