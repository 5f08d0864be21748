"""Run the tests on a machine that has Python 3.11 or newer and nothing else.

    python tests/run.py [--cov] [arguments of pytest]

makes a virtual environment under ``.venvs`` and runs pytest there, a worker for each processor. SQLite and a
PostgreSQL from PyPI need no server and no root; ``tests/servers.py`` tells how to have servers of your own.

``--cov`` adds the branches that the run takes to ``.coverage`` and prints what that file then holds.
``TEST_DJANGO=5.2`` and ``TEST_HEALTH_CHECK=4.0`` choose a series of Django and of django-health-check;
without them the newest are taken.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERIES = {"TEST_DJANGO": "Django", "TEST_HEALTH_CHECK": "django-health-check"}


def main(arguments: list[str]) -> int:
    """Make the environment, run pytest in it, and give its exit status."""
    coverage = "--cov" in arguments
    program = [str(python()), "-m"]
    tests = ["pytest", "--numprocesses=logical", "--dist=worksteal"]
    tests = [*(["coverage", "run", "-m"] if coverage else []), *tests]
    tests += [argument for argument in arguments if argument != "--cov"]
    status = subprocess.run([*program, *tests], cwd=ROOT, check=False).returncode
    if coverage:
        subprocess.run([*program, "coverage", "combine", "--append", "--quiet"], cwd=ROOT, check=True)
        subprocess.run([*program, "coverage", "report", "--fail-under=0"], cwd=ROOT, check=True)
    return status


def python() -> Path:
    """Make the environment of the chosen versions where it is missing, and give its interpreter."""
    sys.path.insert(0, str(ROOT / "testproject"))
    from bootstrap import environment

    chosen = {package: os.environ[name] for name, package in SERIES.items() if os.environ.get(name)}
    label = [f"python{sys.version_info.major}.{sys.version_info.minor}"]
    label += [f"{package}{series}" for package, series in chosen.items()]
    groups = ["test"]
    if os.environ.get("TEST_MARIADB_URL", "none") != "none":
        groups.append("mariadb")
        label.append("mariadb")
    requirements = [f"{package}=={series}.*" for package, series in chosen.items()]
    return environment("-".join(["test", *label]).lower(), groups=groups, requirements=requirements)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
