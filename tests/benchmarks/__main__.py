"""Measure, and write the tables: ``python -m tests.benchmarks``.

Needs what the tests need; ``TEST_POSTGRES_URL`` chooses the server, as in ``tests/servers.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import django

from tests import servers
from tests.benchmarks import project, tables
from tests.benchmarks.timing import medians
from tests.embedded import ServerError

ROOT = Path(__file__).resolve().parents[2]
SIZES = {1_000: (50, 20), 5_000: (100, 50)}
"""Migrations in all, and how they lie: apps, and migrations an app."""
ENGINES = {"sqlite": "SQLite", "postgres": "PostgreSQL", "mariadb": "MariaDB"}


def main(arguments: list[str]) -> None:
    """Measure each size on each engine."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--migrations", type=int, choices=SIZES, nargs="+", default=list(SIZES))
    parser.add_argument("--engine", choices=ENGINES, nargs="+", help="default: all that the run has")
    parser.add_argument(
        "--rounds", type=int, default=21, help="how often (default: 21); processes half as often"
    )
    parser.add_argument("--markdown", action="store_true", help="write the tables for docs/benchmarks.md")
    chosen = parser.parse_args(arguments)
    try:
        keeper = servers.Keeper()
    except ServerError as error:
        parser.error(str(error))
    try:
        engines = chosen.engine or servers.engines()
        absent = set(engines) - set(servers.engines())
        if absent:
            parser.error(f"this run has no {', '.join(sorted(absent))}; see tests/servers.py")
        projects = {}
        for engine in engines:
            for size in chosen.migrations:
                name = f"{ENGINES[engine]} {size:,}"
                print(f"measuring {name} …", file=sys.stderr)
                projects[name] = measured(engine, size, rounds=chosen.rounds)
        versions = ", ".join(f"{ENGINES[engine]} {servers.version(engine)}" for engine in engines)
    finally:
        keeper.close()
    print(f"Python {platform.python_version()}, Django {django.get_version()}, {versions}\n")
    for lines, corner in ((tables.RATIOS, "ratio"), (tables.MEDIANS, "median, ms")):
        print(tables.table(lines, projects, corner=corner, markdown=chosen.markdown))


def measured(engine: str, size: int, *, rounds: int) -> dict[str, float]:
    """Make a project and its database, measure within its process and around it, and remove both."""
    apps, migrations = SIZES[size]
    with (
        tempfile.TemporaryDirectory(prefix="guard-benchmark-") as directory,
        servers.database(engine, "benchmark") as database,
    ):
        project.write(Path(directory), {"default": database}, apps=apps, migrations=migrations)
        probes = _run(directory, "-m", "tests.benchmarks.probes", "--rounds", str(rounds))
        commands = {
            "`migration_guard`": _process(directory, "migration_guard", "status"),
            "`migrate --check`": _process(directory, "migrate", "--check"),
        }
        return {**json.loads(probes), **medians(commands, rounds=rounds // 2 + 1)}


def _process(directory: str, *arguments: str) -> Callable[[], str]:
    return lambda: _run(directory, "manage.py", *arguments)


def _run(directory: str, *arguments: str) -> str:
    path = os.pathsep.join([directory, str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "settings"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        encoding="utf-8",
    ).stdout


if __name__ == "__main__":
    main(sys.argv[1:])
