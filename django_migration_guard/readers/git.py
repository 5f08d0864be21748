"""What git still knows of migration files that are not on disk."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..snapshot import AppState, Disk, GitTrace, MigrationKey

TIMEOUT_SECONDS = 10.0


def read_traces(disk: Disk, keys: Iterable[MigrationKey]) -> dict[MigrationKey, GitTrace]:
    """Look in every branch's history for the files of ``keys``; the newest commit that holds one counts.

    Runs ``git`` to read only. A directory outside a repository, git not installed, or a git that does not
    answer within ``TIMEOUT_SECONDS`` leaves a key without a trace: git is evidence here, never a condition.
    """
    traces = {}
    for key in sorted(set(keys)):
        app = disk.apps.get(key[0])
        if app is not None and app.state is AppState.MIGRATED and app.directory is not None:
            trace = _trace(Path(app.directory), key, _operations_on_disk(disk, key[0]))
            if trace is not None:
                traces[key] = trace
    return traces


def _git(directory: Path, *arguments: str) -> str | None:
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - an argv of our own, no shell
            ["git", "-C", str(directory), *arguments],  # noqa: S607 - the git of the person's PATH is the right one
            capture_output=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _trace(directory: Path, key: MigrationKey, on_disk: Mapping[MigrationKey, str]) -> GitTrace | None:
    root = (_git(directory, "rev-parse", "--show-toplevel") or "").rstrip("\r\n")
    if not root:
        return None
    path = (directory / f"{key[1]}.py").resolve().relative_to(Path(root).resolve()).as_posix()
    held = _git(
        Path(root), "log", "--all", "-1", "--diff-filter=AMRCT", "--format=%H%x00%an%x00%aI", "--", path
    )
    if not held or held.count("\0") != 2:
        return None
    commit, author, date = held.strip().split("\0")
    names = _git(
        Path(root),
        "for-each-ref",
        "--contains",
        commit,
        "--format=%(refname:short)",
        "refs/heads",
        "refs/remotes",
    )
    branches = tuple(
        name
        for name in (names or "").split()
        if _git(Path(root), "cat-file", "-e", f"{name}:{path}") is not None
    )
    operations = _operations(_git(Path(root), "show", f"{commit}:{path}"))
    return GitTrace(
        commit=commit,
        author=author,
        date=date,
        path=path,
        root=root,
        branches=branches,
        same_operations_as=tuple(
            sorted(other for other, tree in on_disk.items() if operations and tree == operations)
        ),
    )


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
