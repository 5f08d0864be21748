"""Rows without a file: orphaned, renamed, and those that do no harm."""

from __future__ import annotations

from tests.projects import Repository, Site, chain, migration

from .registry import Expected, healthy, says, sick
from .squashes import ORIGINALS


@sick("W110")
def newer_release_has_migrated(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial"))
    said = "shop.0002_price is recorded after this release's last migration of the app, and has no file."
    return says("degraded", (1, 1, 0, 1), ("W110", said), rows="active, orphaned, ahead")


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
    return says("degraded", (1, 1, 0, 1), ("W110", said))


@healthy("W110")
def newer_release_is_this_one(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    return says("healthy", (2, 2, 0, 0))


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
    return says("degraded", (2, 2, 0, 1), ("W111", said), rows="active, orphaned, lost, active")


@sick("W111")
def file_is_lost_while_another_app_is_in_conflict(site: Site) -> Expected:
    two_leaves = chain("stock", "0001_initial") | {"0001_other": migration(makes=["Other"])}
    site.deploy(shop=chain("shop", "0001_initial", "0002_gone"), stock=chain("stock", "0001_initial"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0003_tax"), stock=chain("stock", "0001_initial"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0003_tax"), stock=two_leaves)
    site.record("stock", "0001_other")
    return says(
        "degraded",
        (4, 4, 0, 1),
        ("E204", "stock has 2 leaf nodes: 0001_initial, 0001_other."),
        ("W111", "shop.0002_gone is recorded, and has no file here and none in git."),
    )


@sick("W111")
def file_is_gone_and_git_is_not_asked(site: Site) -> Expected:
    lose_a_file(site)
    site.migrate()
    said = "shop.0002_gone is recorded, and has no file."
    return says("degraded", (2, 2, 0, 1), ("W111", said), rows="active, orphaned, active", thorough=False)


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
    return says("degraded", (2, 2, 0, 1), ("W111", said), rows="active, orphaned, elsewhere, active")


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
    return says("degraded", (2, 2, 0, 1), ("W111", said))


@healthy("W111")
def app_without_the_file_is_kept_off_by_the_router(site: Site) -> Expected:
    lose_a_file(site)
    site.migrate()
    site.route("return False")
    return says("healthy", (0, 0, 0, 0), rows="active, orphaned, lost, active")


@healthy("W111")
def file_is_there(site: Site) -> Expected:
    lose_a_file(site)
    site.migrate()
    site.deploy(
        shop=chain("shop", "0001_initial", "0002_gone")
        | {"0003_tax": migration(after=[("shop", "0002_gone")], makes=["Tax"])}
    )
    return says("healthy", (3, 3, 0, 0), rows="active, active, active")


@sick("E112")
def file_has_another_name_with_the_same_number(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0002_cost"))
    said = (
        "shop.0002_price is recorded without a file, and shop.0002_cost is pending: it has the same number."
    )
    return says("unhealthy", (2, 1, 1, 0), ("E112", said), rows="active, renamed")


@sick("E112")
def file_has_another_number_with_the_same_name(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0003_price"))
    said = (
        "shop.0002_price is recorded without a file, and shop.0003_price is pending: "
        "it has the same name under another number."
    )
    return says("unhealthy", (2, 1, 1, 0), ("E112", said))


@sick("E112")
def two_files_were_renumbered(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price", "0003_tax"))
    site.migrate()
    site.deploy(shop=chain("shop", "0001_initial", "0003_price", "0004_tax"))
    because = "it has the same name under another number."
    return says(
        "unhealthy",
        (3, 1, 2, 0),
        (
            "E112",
            f"shop.0002_price is recorded without a file, and shop.0003_price is pending: {because}",
        ),
        ("E112", f"shop.0003_tax is recorded without a file, and shop.0004_tax is pending: {because}"),
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
    return says("unhealthy", (2, 1, 1, 0), ("E112", said))


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
    return says(
        "unhealthy",
        (2, 1, 1, 1),
        ("W105", f"shop.0002_cost is not applied to database '{site.alias}'."),
        ("W111", said),
    )


@healthy("E112")
def pending_one_has_another_number_and_name(site: Site) -> Expected:
    lose_a_file(site)
    return says(
        "unhealthy",
        (2, 1, 1, 1),
        ("W105", f"shop.0003_tax is not applied to database '{site.alias}'."),
        ("W111", "shop.0002_gone is recorded, and has no file here and none in git."),
    )


@sick("I113")
def app_was_taken_out(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS, stock=chain("stock", "0001_initial"))
    site.migrate()
    site.deploy(stock=chain("stock", "0001_initial"))
    said = "shop has 2 migrations recorded, and no installed app has this label."
    return says("healthy", (1, 1, 0, 0), ("I113", said), rows="app not installed, app not installed, active")


@healthy("I113")
def app_is_installed(site: Site) -> Expected:
    site.deploy(shop=ORIGINALS, stock=chain("stock", "0001_initial"))
    site.migrate()
    return says("healthy", (3, 3, 0, 0))


@sick("I114")
def migrations_are_switched_off(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.restart(MIGRATION_MODULES={"shop": None})
    said = "shop has 1 migration recorded, and MIGRATION_MODULES sets it to None."
    return says("healthy", (0, 0, 0, 0), ("I114", said), rows="migrations switched off")


@healthy("I114")
def migrations_are_in_another_package(site: Site) -> Expected:
    site.deploy(
        shop={},
        files={"history/__init__.py": "", "history/0001_initial.py": migration(makes=["Initial"])},
        settings={"MIGRATION_MODULES": {"shop": "history"}},
    )
    site.migrate()
    return says("healthy", (1, 1, 0, 0), rows="active")


@sick("I119")
def app_has_no_migrations_any_more(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"))
    site.migrate()
    site.deploy(shop={})
    said = "shop has 1 migration recorded, and the app has no migrations on disk."
    return says("healthy", (0, 0, 0, 0), ("I119", said), rows="app without migrations")


@healthy("I119")
def app_has_migrations(site: Site) -> Expected:
    site.deploy(shop=chain("shop", "0001_initial"), stock={})
    site.migrate()
    return says("healthy", (1, 1, 0, 0))
