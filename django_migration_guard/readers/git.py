"""What git still knows of migration files that are not on disk."""

from __future__ import annotations

import ast
import os
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..snapshot import AppState, Disk, GitTrace, MigrationKey

TIMEOUT_SECONDS = 10.0

# What git sets for its hooks: it would look into the hook's repository and not into the project's.
_OF_A_HOOK = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
_ASKING = {"GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
# A person's settings must not change what is read.
_SETTINGS = ("log.follow=false", "log.showSignature=false", "i18n.logOutputEncoding=UTF-8")


def read_traces(disk: Disk, keys: Iterable[MigrationKey]) -> dict[MigrationKey, GitTrace]:
    """Look in every branch's history for the files of ``keys``; the newest commit that holds one counts.

    Runs ``git`` to read only, and fetches nothing. A directory outside a repository, git not installed, or a git
    that does not answer within ``TIMEOUT_SECONDS`` leaves a key without a trace: git is evidence here, never a
    condition.
    """
    git = _Git()
    wanted: dict[str, dict[str, MigrationKey]] = {}
    places: dict[str, tuple[str, str] | None] = {}
    for key in sorted(set(keys)):
        app = disk.apps.get(key[0])
        if app is None or app.state is not AppState.MIGRATED or app.directory is None or not _is_name(key[1]):
            continue
        if app.directory not in places:
            places[app.directory] = git.place(app.directory)
        place = places[app.directory]
        if place is not None:
            root, prefix = place
            wanted.setdefault(root, {})[f"{prefix}{key[1]}.py"] = key
    traces: dict[MigrationKey, GitTrace] = {}
    for root, paths in wanted.items():
        traces |= _traces(git, disk, root, paths)
    return traces


def _is_name(name: str) -> bool:
    """Tell whether a row's name can be a file's: rows hold anything."""
    return not set(name) & set("/\\\0\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Commit:
    name: str
    author: str
    date: str


class _Git:
    """Runs git to read; all that is asked takes ``TIMEOUT_SECONDS`` together at most."""

    def __init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
        self._environment = kept | _ASKING
        self._until = time.monotonic() + TIMEOUT_SECONDS

    def ask(self, directory: str, *arguments: str, answer: Iterable[str] = ()) -> str | None:
        """Return what git printed, or None where it is absent, refuses or is late."""
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        try:
            done = subprocess.run(  # noqa: S603 - an argv of our own, no shell
                ["git", *settings, "--literal-pathspecs", "-C", directory, *arguments],  # noqa: S607 - the git of the person's PATH is the right one
                capture_output=True,
                check=False,
                env=self._environment,
                input="".join(f"{line}\n" for line in answer).encode("utf-8", "surrogateescape"),
                timeout=max(0.0, self._until - time.monotonic()),
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None

    def place(self, directory: str) -> tuple[str, str] | None:
        """Return the root of the work tree and the directory's path in it, which is empty or ends with a slash."""
        said = self.ask(directory, "rev-parse", "--show-toplevel", "--show-prefix")
        root, _, prefix = (said or "").replace("\r\n", "\n").partition("\n")
        return (root, prefix.removesuffix("\n")) if root else None


def _traces(
    git: _Git, disk: Disk, root: str, paths: Mapping[str, MigrationKey]
) -> dict[MigrationKey, GitTrace]:
    commits = _newest_commits(git, root, paths)
    branches = {commit.name: _branches(git, root, commit) for commit in commits.values()}
    objects = [f"{commit.name}:{path}" for path, commit in commits.items()]
    objects += [f"{branch}:{path}" for path, commit in commits.items() for branch in branches[commit.name]]
    sources = _sources(git, root, objects)
    on_disk = {label: _operations_on_disk(disk, label) for label in {paths[path][0] for path in commits}}
    traces = {}
    for path, commit in commits.items():
        key = paths[path]
        operations = _operations(sources.get(f"{commit.name}:{path}"))
        traces[key] = GitTrace(
            commit=commit.name,
            author=commit.author,
            date=commit.date,
            path=path,
            root=root,
            branches=tuple(name for name in branches[commit.name] if f"{name}:{path}" in sources),
            same_operations_as=tuple(
                sorted(other for other, tree in on_disk[key[0]].items() if operations and tree == operations)
            ),
        )
    return traces


def _newest_commits(git: _Git, root: str, paths: Iterable[str]) -> dict[str, _Commit]:
    """Walk all history once; for each path the newest commit counts that writes it."""
    said = git.ask(
        root,
        "log",
        "--all",
        "--full-history",  # also what came and went within a branch before it was merged
        "--no-renames",
        "--diff-filter=AMT",
        "--name-only",
        "-z",
        "--format=%x01%H%x00%an%x00%aI",
        "--stdin",
        answer=["--", *paths],
    )
    found: dict[str, _Commit] = {}
    parts = iter((said or "").split("\0"))
    commit = None
    for part in parts:
        if part.startswith("\x01"):
            author = next(parts, "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            commit = _Commit(name=part[1:], author=author, date=next(parts, ""))
        elif commit is not None and part.strip("\n"):
            found.setdefault(part.strip("\n"), commit)
    return found


def _branches(git: _Git, root: str, commit: _Commit) -> tuple[str, ...]:
    """Name the branches that have a commit; not what merely points to another, as ``origin/HEAD`` does."""
    names = git.ask(
        root,
        "for-each-ref",
        "--contains",
        commit.name,
        "--format=%(if)%(symref)%(then)%(else)%(refname:short)%(end)",
        "refs/heads",
        "refs/remotes",
    )
    return tuple((names or "").split())


def _sources(git: _Git, root: str, objects: Iterable[str]) -> dict[str, str]:
    """Return the text of each ``revision:path`` that is there."""
    wanted = list(dict.fromkeys(objects))
    rest = (git.ask(root, "cat-file", "--batch", answer=wanted) or "").encode("utf-8", "surrogateescape")
    found = {}
    for one in wanted:
        header, _, rest = rest.partition(b"\n")
        _, _, kind_and_size = header.partition(b" ")
        kind, _, size = kind_and_size.partition(b" ")
        if kind == b"blob":
            found[one] = rest[: int(size)].decode("utf-8", "replace")
            rest = rest[int(size) + 1 :]
    return found


def _operations_on_disk(disk: Disk, label: str) -> dict[MigrationKey, str]:
    found = {}
    for key, file in disk.migrations.items():
        if key[0] == label and file.path is not None:
            try:
                source = Path(file.path).read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            tree = _operations(source)
            if tree:
                found[key] = tree
    return found


def _operations(source: str | None) -> str | None:
    """Return the syntax tree of ``operations`` as text, without positions; None where there are none."""
    try:
        tree = ast.parse(source or "")
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == "Migration":
            for statement in node.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                if any(isinstance(target, ast.Name) and target.id == "operations" for target in targets):
                    dumped = ast.dump(statement.value)  # type: ignore[attr-defined]
                    return (
                        None
                        if dumped in {"List(elts=[], ctx=Load())", "List(ctx=Load())", "List()"}
                        else dumped
                    )
    return None
