"""What git knows of migration files that are gone: real repositories, real commits."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from django_migration_guard import guard
from django_migration_guard.explanations import Kind
from django_migration_guard.readers import git as git_reader
from django_migration_guard.readers.git import read_traces
from django_migration_guard.snapshot import App, AppState, Disk, GitTrace, MigrationFile, MigrationKey

from .projects import Repository, Site, chain, migration
from .terminal import environment

GONE: MigrationKey = ("shop", "0002_gift")
GIFT = migration(after=[("shop", "0001_initial")], makes=["Gift"])


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One commit on ``main``, with the first migration of the app ``shop``."""
    repository = Repository(tmp_path / "repository")
    write(repository.directory, "shop/migrations/__init__.py")
    write(
        repository.directory, "shop/migrations/0001_initial.py", chain("shop", "0001_initial")["0001_initial"]
    )
    repository.commit("Begin")
    return repository


def write(directory: Path, path: str, text: str = "") -> Path:
    file = directory / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")
    return file


def delete(repository: Repository, path: str) -> None:
    (repository.directory / path).unlink()


def disk(directory: Path, label: str = "shop", state: AppState = AppState.MIGRATED) -> Disk:
    """List what is in a package of migrations now."""
    names = frozenset(file.stem for file in directory.glob("0*.py"))
    app = App(label=label, state=state, directory=str(directory), names=names)
    files = {
        (label, name): MigrationFile(key=(label, name), path=str(directory / f"{name}.py")) for name in names
    }
    return Disk(apps={label: app}, migrations=files)


def trace(repository: Repository, *keys: MigrationKey) -> dict[MigrationKey, GitTrace]:
    return read_traces(disk(repository.directory / "shop" / "migrations"), keys or [GONE])


def found(repository: Repository, commit: str, **more: object) -> dict[MigrationKey, GitTrace]:
    """Give what is known of the file that is gone, from this commit."""
    expected: dict[str, object] = {
        "commit": commit,
        "author": Repository.author,
        "date": repository.git("show", "--no-patch", "--format=%aI", commit),
        "path": "shop/migrations/0002_gift.py",
        "root": repository.git("rev-parse", "--show-toplevel"),
        "branches": (),
        **more,
    }
    return {GONE: GitTrace(**expected)}  # type: ignore[arg-type]


# Where a file can be


def test_file_that_was_deleted(repository: Repository) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    repository.commit("Remove gifts")
    assert trace(repository) == found(repository, commit)


def test_file_that_is_deleted_and_not_committed_yet(repository: Repository) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    assert trace(repository) == found(repository, commit, branches=("main",))


def test_file_on_another_branch(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "gifts")
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    repository.git("branch", "gifts-two")
    repository.git("switch", "--quiet", "main")
    assert trace(repository) == found(repository, commit, branches=("gifts", "gifts-two"))


def test_branch_that_has_the_commit_and_no_longer_the_file_is_not_named(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "gifts")
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    repository.git("switch", "--quiet", "--create", "no-gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    repository.commit("Remove gifts")
    repository.git("switch", "--quiet", "main")
    assert trace(repository) == found(repository, commit, branches=("gifts",))


def test_branch_of_a_remote_is_named_and_its_head_is_not(repository: Repository, tmp_path: Path) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    repository.git("clone", "--quiet", str(repository.directory), str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone")
    delete(clone, "shop/migrations/0002_gift.py")
    clone.commit("Remove gifts")
    assert clone.git("symbolic-ref", "refs/remotes/origin/HEAD") == "refs/remotes/origin/main"
    assert trace(clone) == found(clone, commit, branches=("origin/main",))


def test_file_that_came_and_went_within_a_branch_that_was_merged(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "gifts")
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    write(repository.directory, "shop/migrations/0003_gift.py", GIFT)
    repository.commit("Renumber")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--message", "Merge gifts", "gifts")
    repository.git("branch", "--quiet", "--delete", "gifts")
    renumbered = (("shop", "0003_gift"),)
    assert trace(repository) == found(repository, commit, same_operations_as=renumbered)


def test_newest_of_several_versions_counts(repository: Repository) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    repository.commit("Add gifts")
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT.replace("Gift", "Present"))
    commit = repository.commit("Call them presents")
    delete(repository, "shop/migrations/0002_gift.py")
    repository.commit("Remove gifts")
    assert trace(repository) == found(repository, commit)


def test_file_that_was_deleted_and_brought_back_elsewhere(repository: Repository) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    repository.commit("Remove gifts")
    repository.git("switch", "--quiet", "--create", "again")
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Gifts again")
    repository.git("switch", "--quiet", "main")
    assert trace(repository) == found(repository, commit, branches=("again",))


def test_file_that_was_never_committed(repository: Repository) -> None:
    assert trace(repository) == {}


def test_several_files_at_once(repository: Repository) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    first = repository.commit("Add gifts")
    write(repository.directory, "shop/migrations/0003_größe.py", GIFT)
    second = repository.commit("Add sizes")
    for name in ("0002_gift", "0003_größe"):
        delete(repository, f"shop/migrations/{name}.py")
    keys = [GONE, ("shop", "0003_größe"), ("shop", "0004_never"), ("absent", "0002_gift")]
    traces = trace(repository, *keys, *keys)
    assert {key: (one.commit, one.path) for key, one in traces.items()} == {
        GONE: (first, "shop/migrations/0002_gift.py"),
        ("shop", "0003_größe"): (second, "shop/migrations/0003_größe.py"),
    }


# Renamed files


@pytest.mark.parametrize(
    ("now", "same"),
    [
        pytest.param(GIFT, True, id="as-it-was"),
        pytest.param(
            f'"""Gifts."""\n\n{GIFT}'.replace("'", '"'), True, id="with-other-quotes-and-a-docstring"
        ),
        pytest.param(GIFT.replace("shop", "other"), True, id="with-other-dependencies"),
        pytest.param(GIFT.replace("Gift", "Present"), False, id="with-other-operations"),
        pytest.param("class Migration(:\n", False, id="with-a-syntax-error"),
        pytest.param("x = 1\n", False, id="without-a-migration"),
        pytest.param("class Migration:\n    first = operations = 1\n", False, id="with-another-assignment"),
    ],
)
def test_file_that_was_renamed(repository: Repository, now: str, same: bool) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    write(repository.directory, "shop/migrations/0002_present.py", now)
    repository.commit("Rename")
    renamed = (("shop", "0002_present"),) if same else ()
    assert trace(repository) == found(repository, commit, same_operations_as=renamed)


def test_migrations_without_operations_are_not_taken_for_one_another(repository: Repository) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", migration())
    commit = repository.commit("Merge")
    delete(repository, "shop/migrations/0002_gift.py")
    write(repository.directory, "shop/migrations/0002_present.py", migration())
    assert trace(repository) == found(repository, commit, branches=("main",))


def test_file_on_disk_that_is_gone_before_it_is_read(repository: Repository) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    before = disk(repository.directory / "shop" / "migrations")
    delete(repository, "shop/migrations/0001_initial.py")
    assert read_traces(before, [GONE]) == found(repository, commit, branches=("main",))


def test_migration_that_has_no_file(repository: Repository) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    key = ("shop", "0003_made")
    made = Disk(
        apps=disk(repository.directory / "shop" / "migrations").apps,
        migrations={key: MigrationFile(key=key, path=None)},
    )
    assert read_traces(made, [GONE]) == found(repository, commit, branches=("main",))


# Where a project can be


def test_project_in_a_directory_of_the_repository(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "a [odd] place")
    package = repository.directory / "sites" / "[shop] & *" / "migrations"
    write(package, "__init__.py")
    write(package, "0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    (package / "0002_gift.py").unlink()
    path = "sites/[shop] & */migrations/0002_gift.py"
    assert read_traces(disk(package), [GONE]) == found(repository, commit, path=path, branches=("main",))


def test_package_that_is_the_root_of_the_repository(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "migrations")
    write(repository.directory, "__init__.py")
    write(repository.directory, "0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    delete(repository, "0002_gift.py")
    expected = found(repository, commit, path="0002_gift.py", branches=("main",))
    assert read_traces(disk(repository.directory), [GONE]) == expected


def test_worktree(repository: Repository, tmp_path: Path) -> None:
    repository.git("switch", "--quiet", "--create", "gifts")
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    repository.git("worktree", "add", "--quiet", str(tmp_path / "worktree"), "main")
    worktree = tmp_path / "worktree"
    traces = read_traces(disk(worktree / "shop" / "migrations"), [GONE])
    assert (traces[GONE].commit, traces[GONE].branches) == (commit, ("gifts",))
    assert Path(traces[GONE].root).samefile(worktree)


def test_two_repositories(repository: Repository, tmp_path: Path) -> None:
    other = Repository(tmp_path / "other")
    write(other.directory, "migrations/__init__.py")
    write(other.directory, "migrations/0002_gift.py", GIFT)
    there = other.commit("Add gifts")
    delete(other, "migrations/0002_gift.py")
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    here = repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    both = [disk(repository.directory / "shop/migrations"), disk(other.directory / "migrations", "stock")]
    merged = Disk(
        apps={**both[0].apps, **both[1].apps}, migrations={**both[0].migrations, **both[1].migrations}
    )
    traces = read_traces(merged, [GONE, ("stock", "0002_gift")])
    assert {key: one.commit for key, one in traces.items()} == {GONE: here, ("stock", "0002_gift"): there}


def test_repository_without_a_commit(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    write(repository.directory, "shop/migrations/__init__.py")
    assert trace(repository) == {}


def test_no_repository(tmp_path: Path) -> None:
    package = write(tmp_path, "shop/migrations/__init__.py").parent
    assert read_traces(disk(package), [GONE]) == {}


def test_directory_that_is_not_there(tmp_path: Path) -> None:
    assert read_traces(disk(tmp_path / "absent"), [GONE]) == {}


@pytest.mark.parametrize(
    "state", [pytest.param(state, id=state.value) for state in AppState if state is not AppState.MIGRATED]
)
def test_app_that_django_does_not_load_is_not_asked_about(repository: Repository, state: AppState) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    assert read_traces(disk(repository.directory / "shop" / "migrations", state=state), [GONE]) == {}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("../../../elsewhere", id="out-of-the-repository"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("a\\b", id="backslash"),
        pytest.param("0002\0gift", id="null"),
        pytest.param("0002\ngift", id="line-break"),
        pytest.param("", id="empty"),
        pytest.param("x" * 255, id="long"),
        pytest.param("--all", id="like-an-option"),
        pytest.param("0002_g*", id="pattern"),
        pytest.param(":(top)shop/migrations/0002_gift", id="pathspec"),
    ],
)
def test_row_with_a_name_that_no_file_has(repository: Repository, name: str) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    assert trace(repository, ("shop", name), GONE) == found(repository, commit, branches=("main",))


# Whose git it is


def test_no_git(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    monkeypatch.setenv("PATH", "")
    assert trace(repository) == {}


def test_git_that_does_not_answer_in_time(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    monkeypatch.setattr(git_reader, "TIMEOUT_SECONDS", 0.0)
    assert trace(repository) == {}


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param("log.showSignature=true", id="signatures"),
        pytest.param("log.follow=true", id="follow"),
        pytest.param("log.date=relative", id="date"),
        pytest.param("core.quotePath=true", id="quoted-paths"),
        pytest.param("color.ui=always", id="colours"),
        pytest.param("i18n.logOutputEncoding=UTF-16", id="encoding"),
        pytest.param("diff.renames=copies", id="renames"),
        pytest.param("diff.noprefix=true", id="prefix"),
        pytest.param("format.pretty=fuller", id="format"),
        pytest.param("core.pager=false", id="pager"),
    ],
)
def test_settings_of_a_person_change_nothing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    key, _, value = setting.partition("=")
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    commit = repository.commit("Add gifts")
    delete(repository, "shop/migrations/0002_gift.py")
    write(repository.directory, "shop/migrations/0002_größe.py", GIFT)
    repository.commit("Rename")
    expected = found(repository, commit, same_operations_as=(("shop", "0002_größe"),))
    for name, text in (("COUNT", "1"), ("KEY_0", key), ("VALUE_0", value)):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", text)
    assert trace(repository) == expected


def test_author_whose_name_is_no_text(repository: Repository) -> None:
    write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
    repository.git("add", "--all")
    tree = repository.git("write-tree")
    body = (
        f"tree {tree}\nauthor A\udce9 <a@example.org> 0 +0000\ncommitter C <c@example.org> 0 +0000\n\nAdd\n"
    )
    commit = (
        subprocess.run(
            ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
            cwd=repository.directory,
            input=body.encode("utf-8", "surrogateescape"),
            check=True,
            capture_output=True,
        )
        .stdout.decode()
        .strip()
    )
    repository.git("branch", "odd", commit)
    repository.git("reset", "--quiet", "--hard", "main")
    expected = found(
        repository,
        commit,
        author="A\N{REPLACEMENT CHARACTER}",
        date="1970-01-01T00:00:00+00:00",
        branches=("odd",),
    )
    assert trace(repository) == expected


if sys.platform != "win32":  # where a script is no program, and owners are another matter

    def test_hook_of_another_repository(repository: Repository, tmp_path: Path) -> None:
        """Git tells its hooks where the repository is; that is not where the project's files are."""
        write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
        commit = repository.commit("Add gifts")
        delete(repository, "shop/migrations/0002_gift.py")
        ask = write(
            tmp_path,
            "ask.py",
            "from django_migration_guard.readers.git import read_traces\n"
            "from django_migration_guard.snapshot import App, AppState, Disk\n"
            f"directory = {str(repository.directory / 'shop' / 'migrations')!r}\n"
            "app = App(label='shop', state=AppState.MIGRATED, directory=directory)\n"
            f"print(read_traces(Disk(apps={{'shop': app}}, migrations={{}}), [{GONE!r}])[{GONE!r}].commit)\n",
        )
        other = Repository(tmp_path / "other")
        script = f"#!/bin/sh\nexec '{sys.executable}' '{ask}' > '{tmp_path / 'told'}'\n"
        hook = write(other.directory, ".git/hooks/pre-commit", script)
        hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
        name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "core.hooksPath=.git/hooks"]
        subprocess.run(
            ["git", *name, "commit", "--quiet", "--allow-empty", "--message", "Look"],
            cwd=other.directory,
            env=environment(),
            check=True,
        )
        assert (tmp_path / "told").read_text().strip() == commit

    def test_git_that_refuses_the_owner_of_the_repository(
        repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(repository.directory, "shop/migrations/0002_gift.py", GIFT)
        repository.commit("Add gifts")
        delete(repository, "shop/migrations/0002_gift.py")
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        assert trace(repository) == {}


# Through the whole report


@pytest.fixture
def site(tmp_path: Path, repository: Repository) -> Iterator[Site]:
    with Site(repository.directory) as site:
        yield site


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_report_names_commit_branch_and_author(engine: str, site: Site, repository: Repository) -> None:
    site.deploy(shop=chain("shop", "0001_initial", "0002_gift", "0003_tax"))
    commit = repository.commit("Add gifts")
    site.migrate()
    repository.git("branch", "gifts")
    without = {"0003_tax": migration(after=[("shop", "0001_initial")], makes=["Tax"])}
    site.deploy(shop=chain("shop", "0001_initial") | without)
    repository.commit("Remove gifts")
    report = guard.inspect()
    assert [row.kind for row in report.rows] == [Kind.ACTIVE, Kind.ELSEWHERE, Kind.ACTIVE]
    (finding,) = report.findings
    assert finding.message == (
        "shop.0002_gift is recorded, and its file is only elsewhere in git (branch gifts, commit "
        f"{commit[:12]} by Ada Lovelace)."
    )
    assert {key: value for key, value in finding.evidence.items() if key != "recorded at"} == {
        "explanation": "orphaned, elsewhere",
        "because": f"git has shop/migrations/0002_gift.py in {commit[:12]}",
        "commit": commit,
        "author": "Ada Lovelace",
        "date": repository.git("show", "--no-patch", "--format=%aI", commit),
        "path": "shop/migrations/0002_gift.py",
        "branches": "gifts",
    }
    (command,) = finding.fixes[0].commands
    subprocess.run(command, check=True, cwd=site.directory)
    site.restart()
    assert {row.kind for row in guard.inspect().rows} == {Kind.ACTIVE}
