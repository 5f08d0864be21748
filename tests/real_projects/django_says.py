"""Django's own answers about this process's migrations and database, as JSON: the truth that verdicts are held to."""

from __future__ import annotations

import json
import sys
from importlib import import_module

import django


def _directory(package: str | None) -> str:
    assert package is not None
    return import_module(package).__path__[0]


def main() -> None:
    """Ask the loader, the recorder and the executor, and print what they answer."""
    django.setup()
    from django.db import connection
    from django.db.migrations.exceptions import InconsistentMigrationHistory
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    loader = executor.loader
    rows = executor.recorder.applied_migrations()
    nodes = set(loader.graph.nodes)
    unapplied = nodes.difference(loader.applied_migrations)
    refusal = None
    try:
        loader.check_consistent_history(connection)
    except InconsistentMigrationHistory as error:
        refusal = str(error)
    leaves: dict[str, list[str]] = {}
    parents = {}
    for app, name in loader.graph.leaf_nodes():
        leaves.setdefault(app, []).append(name)
        above = loader.graph.node_map[app, name].parents
        parents[f"{app}.{name}"] = sorted(parent[1] for parent in above if parent[0] == app)
    answers = {
        "total": len(nodes),
        "applied": len(nodes) - len(unapplied),
        "pending": [".".join(key) for key in sorted(unapplied)],
        "planned": [
            f"{migration.app_label}.{migration.name}"
            for migration, _ in executor.migration_plan(loader.graph.leaf_nodes())
        ],
        "recorded": len(rows),
        "active": sorted(".".join(key) for key in nodes.intersection(rows)),
        "conflicts": {app: sorted(names) for app, names in loader.detect_conflicts().items()},
        "refusal": refusal,
        "leaves": leaves,
        "parents": parents,
        "packages": {app: _directory(loader.migrations_module(app)[0]) for app in loader.migrated_apps},
    }
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
