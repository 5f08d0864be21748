"""What can be measured only within a project's own process: ``python -m tests.benchmarks.probes``.

Runs with the settings of the generated project, records its migrations, and writes JSON: medians in seconds,
and numbers of queries.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.util import setup_testing_defaults

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, connections
from django.db.backends.signals import connection_created
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings
from django.utils import timezone

from tests.benchmarks.timing import medians

_BATCH = 50
"""Requests in one timed call."""
_READY = "/health/ready"
_ASKED, _KEPT = {"PROBE_CACHE_SECONDS": 0}, {"PROBE_CACHE_SECONDS": 86_400}


def record_all() -> None:
    """Write a row for every migration on disk, the squashes as well, without running any."""
    MigrationRecorder(connection).ensure_schema()
    rows = [(*key, timezone.now()) for key in sorted(MigrationLoader(None).disk_migrations or {})]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", rows)


def probes(rounds: int) -> dict[str, float]:
    """Time a warm probe on an open connection in turn with the bare SELECT and with Django's plan."""
    from django_migration_guard import guard

    connection.ensure_connection()
    report = guard.inspect(thorough=False)
    if report.findings:
        raise RuntimeError(f"the generated project is not in sync: {report.findings}")

    def probe() -> None:
        nonlocal report
        report = guard.inspect(thorough=False, previous=report)

    def select() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            cursor.fetchall()

    def plan() -> None:
        executor = MigrationExecutor(connection)
        executor.migration_plan(executor.loader.graph.leaf_nodes())

    return medians(
        {"bare SELECT": select, "warm probe": probe, "Django's plan": plan},
        rounds=rounds,
        turns=[*["bare SELECT", "warm probe"] * 10, "Django's plan"],
    )


def requests(rounds: int) -> dict[str, float]:
    """Time a request through Django's handlers: readiness with the verdict kept, beside an empty view."""
    times: dict[str, float] = {}
    for stack, middleware in (("", []), (" with middleware", settings.MIDDLEWARE)):
        with override_settings(MIDDLEWARE=middleware, MIGRATION_GUARD=_KEPT), asyncio.Runner() as runner:
            times |= medians(
                {
                    f"{view}, {protocol}{stack}": batch(path)
                    for protocol, batch in (("WSGI", _wsgi_batches()), ("ASGI", _asgi_batches(runner)))
                    for view, path in (("verdict kept", _READY), ("empty view", "/empty"))
                },
                rounds=rounds,
            )
    with override_settings(MIDDLEWARE=[], MIGRATION_GUARD=_ASKED):
        times |= medians({"verdict asked for, WSGI": _wsgi_batches()(_READY)}, rounds=rounds)
    return {name: seconds / _BATCH for name, seconds in times.items()}


def queries() -> dict[str, float]:
    """Count the queries a probe, where the database is asked and where the verdict is kept."""
    ready = _wsgi_batches()(_READY)
    with override_settings(MIGRATION_GUARD=_ASKED), _counted() as asked:
        ready()
    with override_settings(MIGRATION_GUARD=_KEPT), _counted() as kept:
        ready()
    return {
        "queries, verdict asked for": len(asked) / _BATCH,
        "queries, verdict kept": len(kept) / _BATCH,
    }


def _wsgi_batches() -> Callable[[str], Callable[[], None]]:
    handler: Any = WSGIHandler()

    def answered(status: str, headers: list[tuple[str, str]]) -> None:
        if status != "200 OK":
            raise RuntimeError(status)

    def batch(path: str) -> Callable[[], None]:
        def run() -> None:
            for _ in range(_BATCH):
                environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_HOST": "localhost"}
                setup_testing_defaults(environ)
                response = handler(environ, answered)
                b"".join(response)
                response.close()

        return run

    return batch


def _asgi_batches(runner: asyncio.Runner) -> Callable[[str], Callable[[], None]]:
    handler = ASGIHandler()

    async def send(message: Any) -> None:
        if message.get("status", 200) != 200:
            raise RuntimeError(message)

    def batch(path: str) -> Callable[[], None]:
        scope: Any = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }

        async def ask() -> None:
            for _ in range(_BATCH):
                incoming: asyncio.Queue[Any] = asyncio.Queue()
                incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
                await handler(scope, incoming.get, send)

        return lambda: runner.run(ask())

    return batch


@contextmanager
def _counted() -> Iterator[list[str]]:
    """Note every statement, whatever the thread: connections are opened anew, and each is told on."""
    statements: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        statements.append(sql)
        return execute(sql, *arguments)

    def install(connection: Any, **_: Any) -> None:
        connection.execute_wrappers.append(note)

    connections.close_all()
    connection_created.connect(install)
    try:
        yield statements
    finally:
        connection_created.disconnect(install)
        connections.close_all()


def main() -> None:
    """Record, measure, and write the answers."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.probes")
    parser.add_argument("--rounds", type=int, required=True)
    rounds = parser.parse_args().rounds
    django.setup()
    record_all()
    json.dump(probes(rounds) | requests(rounds) | queries(), sys.stdout)


if __name__ == "__main__":
    main()
