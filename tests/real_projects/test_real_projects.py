"""The guard tells the truth about published projects: clean, put into sick states for real, and mended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.real_projects.releases import Release, Verdict

pytestmark = pytest.mark.real_projects


def assert_clean(verdict: Verdict, *, migrations: int) -> None:
    """See that nothing is found, and that every migration counts as applied."""
    assert verdict.said == []
    assert verdict.counts == {"total": migrations, "applied": migrations, "pending": 0, "orphaned": 0}
    assert (verdict.exit_status, verdict.status) == (0, "healthy")


def test_migrated_from_empty(migrated: Release) -> None:
    """A fresh migrate is clean; each row is active or replaced, as Django has it."""
    verdict, truth = migrated.status(), migrated.truth

    assert_clean(verdict, migrations=truth["total"])
    assert (truth["applied"], truth["pending"]) == (truth["total"], [])
    assert (truth["conflicts"], truth["refusal"]) == ({}, None)
    plan = migrated.manage("showmigrations", "--plan").splitlines()
    assert [line[:3] for line in plan] == ["[X]"] * truth["total"]
    assert verdict.database["recorded"] == truth["recorded"] == len(verdict.database["rows"])
    assert verdict.explained("active") == truth["active"]
    assert len(verdict.explained("replaced")) == truth["recorded"] - len(truth["active"]) > 0


def test_never_migrated(empty: Release, migrated: Release) -> None:
    """All is pending in an empty database, and asking leaves it empty."""
    verdict = empty.status()

    total = migrated.truth["total"]
    assert verdict.said == [("W102", None, True)]
    assert verdict.counts == {"total": total, "applied": 0, "pending": total, "orphaned": 0}
    assert (verdict.exit_status, verdict.status) == (1, "unhealthy")
    tables = (
        "SELECT name FROM sqlite_master"
        if empty.url.startswith("sqlite")
        else "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public'"
    )
    assert empty.sql(tables) == []


def test_a_newer_release_has_migrated(release: Release, tmp_path: Path) -> None:
    """While a newer release is rolled out the older one is degraded and may serve; rolled back, it is clean."""
    new = release.name_after(release.leaf, "guard_note")
    newer = release.changed(
        tmp_path,
        lambda package: (package / f"{new}.py").write_text(
            release.migration_after(release.leaf), encoding="utf-8"
        ),
    )
    total = release.truth["total"]
    newer.manage("migrate")

    verdict = release.status()
    assert verdict.said == [("W110", f"{release.app}.{new}", False)]
    assert verdict.explained("orphaned, ahead") == [f"{release.app}.{new}"]
    assert verdict.counts == {"total": total, "applied": total, "pending": 0, "orphaned": 1}
    assert (verdict.exit_status, verdict.status) == (1, "degraded")
    assert_clean(newer.status(), migrations=total + 1)

    newer.manage("migrate", release.app, release.leaf)
    assert_clean(release.status(), migrations=total)


def test_a_branch_was_switched(release: Release, tmp_path: Path) -> None:
    """Migrated back, a migration is pending; a branch's own, applied in its place, stays behind as orphaned."""
    total = release.truth["total"]
    release.manage("migrate", release.app, release.parent)
    verdict = release.status()
    assert verdict.said == [("W105", f"{release.app}.{release.leaf}", True)]
    assert verdict.database["pending_migrations"] == release.django_says()["planned"]
    assert verdict.counts == {"total": total, "applied": total - 1, "pending": 1, "orphaned": 0}
    assert (verdict.exit_status, verdict.status) == (1, "unhealthy")

    theirs = release.name_after(release.parent, "guard_note")

    def other_branch(package: Path) -> None:
        (package / f"{release.leaf}.py").unlink()
        (package / f"{theirs}.py").write_text(release.migration_after(release.parent), encoding="utf-8")

    branch = release.changed(tmp_path, other_branch)
    branch.manage("migrate")
    release.follow(verdict, "W105")
    verdict = release.status()
    assert verdict.said == [("W111", f"{release.app}.{theirs}", False)]
    assert verdict.explained("orphaned, lost") == [f"{release.app}.{theirs}"]
    assert verdict.counts == {"total": total, "applied": total, "pending": 0, "orphaned": 1}
    assert (verdict.exit_status, verdict.status) == (1, "degraded")

    release.follow(verdict, "W111")
    assert_clean(release.status(), migrations=total)


@pytest.mark.parametrize(
    "site",
    [("wagtail", "sqlite"), pytest.param(("wagtail", "postgres"), marks=pytest.mark.postgres)],
    ids="-".join,
    indirect=True,
)
def test_a_squash_was_finished(release: Release, tmp_path: Path) -> None:
    """Files that went with their squash leave rows behind; that is healthy, and they can be pruned."""
    squash, total = "0001_squashed_0021", release.truth["total"]
    replaced: list[str] = []

    def finish(package: Path) -> None:
        source = (package / f"{squash}.py").read_text(encoding="utf-8")
        replaces = re.search(r"^    replaces = \[(.*?)^    \]\n", source, re.DOTALL | re.MULTILINE)
        assert replaces is not None
        replaced.extend(re.findall(r'\("wagtailimages", "(.+?)"\)', replaces[1]))
        for name in replaced:
            (package / f"{name}.py").unlink()
        (package / f"{squash}.py").write_text(source.replace(replaces[0], ""), encoding="utf-8")

    finished = release.changed(tmp_path, finish, app="wagtailimages")
    verdict = finished.status()
    assert len(replaced) == 21
    assert verdict.said == [("I115", f"wagtailimages.{name}", False) for name in replaced]
    assert verdict.counts == {"total": total, "applied": total, "pending": 0, "orphaned": 0}
    assert (verdict.exit_status, verdict.status) == (0, "healthy")

    finished.follow(verdict, "I115")
    verdict = finished.status()
    assert_clean(verdict, migrations=total)
    assert verdict.database["recorded"] == release.truth["recorded"] - len(replaced)


def test_a_file_was_renamed(release: Release, tmp_path: Path) -> None:
    """A migration whose file got another name would run again; with its row renamed all is clean."""
    new = release.name_after(release.parent, "guard_renamed")
    renamed = release.changed(
        tmp_path, lambda package: (package / f"{release.leaf}.py").rename(package / f"{new}.py")
    )
    total = release.truth["total"]

    verdict = renamed.status()
    assert verdict.said == [("E112", f"{release.app}.{release.leaf}", True)]
    assert (
        verdict.database["pending_migrations"] == renamed.django_says()["planned"] == [f"{release.app}.{new}"]
    )
    assert verdict.counts == {"total": total, "applied": total - 1, "pending": 1, "orphaned": 0}
    assert (verdict.exit_status, verdict.status) == (1, "unhealthy")

    renamed.follow(verdict, "E112")
    assert_clean(renamed.status(), migrations=total)


def test_two_branches_were_merged(release: Release, tmp_path: Path) -> None:
    """Two leaf nodes stop every migrate; joined by the merge migration that the fix makes, they are applied."""
    theirs = release.name_after(release.parent, "guard_note")
    merged = release.changed(
        tmp_path,
        lambda package: (package / f"{theirs}.py").write_text(
            release.migration_after(release.parent), encoding="utf-8"
        ),
    )
    total = release.truth["total"]

    verdict = merged.status()
    assert verdict.said == [("E204", release.app, False), ("W105", f"{release.app}.{theirs}", True)]
    leaves = sorted([release.leaf, theirs])
    assert verdict.database["conflicts"] == {release.app: leaves}
    assert verdict.counts == {"total": total + 1, "applied": total, "pending": 1, "orphaned": 0}
    assert (verdict.exit_status, verdict.status) == (1, "unhealthy")
    refusal = merged.refused("migrate")
    assert "CommandError: Conflicting migrations detected;" in refusal
    assert f" in {release.app})" in refusal

    merged.follow(verdict, "E204", stdin="y\n")
    merged.manage("migrate")
    assert_clean(merged.status(), migrations=total + 2)


def test_a_row_was_deleted(release: Release) -> None:
    """A hole in the history stops every migrate, and is named from both its sides until the row is back."""
    leaf, parent = f"{release.app}.{release.leaf}", f"{release.app}.{release.parent}"
    total = release.truth["total"]
    release.sql(f"DELETE FROM django_migrations WHERE app = '{release.app}' AND name = '{release.parent}'")

    verdict = release.status()
    assert verdict.said == [("E104", leaf, False), ("E107", parent, True)]
    assert verdict.database["inconsistencies"] == [{"applied": leaf, "missing": parent}]
    assert verdict.counts == {"total": total, "applied": total - 1, "pending": 1, "orphaned": 0}
    assert (verdict.exit_status, verdict.status) == (1, "unhealthy")
    refusal = f"Migration {leaf} is applied before its dependency {parent} on database 'default'."
    assert refusal in release.refused("migrate")

    release.follow(verdict, "E104")
    assert_clean(release.status(), migrations=total)


def test_the_history_was_lost(release: Release) -> None:
    """Tables without a history are told from an empty database; recorded again, all is clean."""
    total = release.truth["total"]
    release.sql("DROP TABLE django_migrations")

    verdict = release.status()
    assert verdict.said == [("E103", None, True)]
    assert verdict.counts == {"total": total, "applied": 0, "pending": total, "orphaned": 0}
    assert (verdict.exit_status, verdict.status) == (1, "unhealthy")

    release.manage("migrate", "--fake")
    verdict = release.status()
    assert_clean(verdict, migrations=total)
    assert verdict.database["recorded"] == release.truth["recorded"]
