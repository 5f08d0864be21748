"""Virtual environments of the project, made by Python alone."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".venvs"
RECEIPT = "bootstrap.sha256"


def environment(
    name: str,
    *,
    groups: Sequence[str] = (),
    extras: Sequence[str] = (),
    requirements: Sequence[str] = (),
) -> Path:
    """The interpreter of the virtual environment `.venvs/<name>`, which holds the project, editable.

    `groups` are dependency groups and `extras` optional dependencies of pyproject.toml; `requirements` are
    further requirements, as pip reads them. The environment is made when it is first asked for, and made
    again, from nothing, when pyproject.toml, the arguments, this interpreter or the project's place have
    changed, or when it was not finished. Making it needs a package index and takes a minute or so; what
    happens is told on stderr.

    Raises SystemExit with a message for people when this Python is older than 3.11, has no `ensurepip`, or
    pip fails.
    """
    if sys.version_info < (3, 11):  # noqa: UP036, the first file that an older Python meets
        raise SystemExit(f"This needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.")
    directory = ENVIRONMENTS / name
    python = directory / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    receipt = directory / RECEIPT
    wanted = _digest(groups, extras, requirements)
    if python.exists() and receipt.exists() and receipt.read_text(encoding="ascii") == wanted:
        return python

    print(f"Making the virtual environment {directory.relative_to(ROOT)} ...", file=sys.stderr, flush=True)
    try:
        import ensurepip  # noqa: F401, some systems ship Python without it
    except ImportError as error:
        raise SystemExit(
            f"{sys.executable} cannot make virtual environments, because its module ensurepip is missing. "
            "On Debian and Ubuntu the package python3-venv holds it."
        ) from error
    venv.EnvBuilder(clear=True, with_pip=True, symlinks=os.name != "nt").create(directory)
    _pip(python, "install", "--upgrade", "pip>=25.1")  # the first one that reads dependency groups
    project = f".[{','.join(extras)}]" if extras else "."
    chosen = [word for group in groups for word in ("--group", group)]
    _pip(python, "install", "--editable", project, *chosen, *requirements)
    receipt.write_text(wanted, encoding="ascii")
    return python


def _digest(*arguments: Sequence[str]) -> str:
    said = json.dumps([sys.executable, sys.version, str(ROOT), [sorted(argument) for argument in arguments]])
    return hashlib.sha256(said.encode() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()


def _pip(python: Path, *arguments: str) -> None:
    """Runs pip in the project's root, quietly; its own words are shown when it fails."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments, "--quiet"]
    run = subprocess.run(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if run.returncode:
        raise SystemExit(f"{run.stdout}\n{' '.join(command)}\nended with status {run.returncode}.")
