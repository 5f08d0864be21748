"""A person at a terminal: ``manage.py`` with its output and exit status, in this process or in one of its own."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.core.management import execute_from_command_line

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str


def manage(*arguments: str) -> Done:
    """Do in this process what ``manage.py`` does with these arguments, the exit included."""
    out, err = io.StringIO(), io.StringIO()
    status: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            execute_from_command_line(["manage.py", *arguments])
        except SystemExit as error:
            status = error.code or 0
    assert isinstance(status, int), status
    return Done(status=status, out=out.getvalue(), err=err.getvalue())


def guard(*arguments: str) -> Done:
    """Do in this process what ``manage.py migration_guard`` does with these arguments."""
    return manage("migration_guard", *arguments)


def environment(**changes: str) -> dict[str, str]:
    """Give the environment of a person's process: this project is installed, and nobody has set colours."""
    kept = {name: value for name, value in os.environ.items() if not re.search("COLOR", name)}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **changes}


def process(directory: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> Done:
    """Run ``manage.py`` of the project in ``directory`` with these arguments, as a process of its own."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=directory,
        env=environment(**(variables or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return Done(status=done.returncode, out=done.stdout, err=done.stderr)


@contextlib.contextmanager
def running(directory: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start ``manage.py`` of the project in ``directory``, and end it when the block ends."""
    with _started(directory, *arguments) as program:
        try:
            yield program
        finally:
            program.kill()


def _started(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start it so that Ctrl-C reaches it: what a shell runs in its background ignores SIGINT, and so do children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
    finally:
        signal.signal(signal.SIGINT, before)
