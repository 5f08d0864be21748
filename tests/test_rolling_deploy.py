"""A rolling deploy with two releases on one database, every node a server process of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.projects import chain
from tests.served import PATIENCE_SECONDS, Served, manage, managed, until, write_migrations, write_project

OLD = chain("shop", "0001_initial", "0002_price")
SLOW = """\
import socket

from django.db import migrations, models


def wait(apps, schema_editor):
    with socket.create_connection(("127.0.0.1", {port})) as gate:
        gate.recv(1)


class Migration(migrations.Migration):
    dependencies = [("shop", "0003_stock")]
    operations = [
        migrations.CreateModel("Slow", [("id", models.BigAutoField(primary_key=True))]),
        migrations.RunPython(wait, migrations.RunPython.noop),
    ]
"""
ANSWERS_AT_MOST = 20_000
ANSWERS_A_PHASE = 10


class Client:
    """Asks one node again and again, as a load balancer does, and remembers every answer."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self._stop = threading.Event()
        self.answers: list[tuple[int, str, int]] = []
        """Status, verdict and number of pending migrations."""
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        while not self._stop.wait(0.04) and len(self.answers) < ANSWERS_AT_MOST:
            response = self._server.ask("/health/ready")  # a refused connection ends the thread, and the test
            (migrations,) = response.json["checks"]
            self.answers.append((response.status, response.json["status"], migrations["data"]["pending"]))

    def hear(self, answer: tuple[int, str, int]) -> None:
        """Wait until the node says this, and has said it several times."""

        def heard() -> bool:
            return self.answers[-ANSWERS_A_PHASE:] == [answer] * ANSWERS_A_PHASE

        until(heard, f"{self.answers[-1:]} and not {answer}")

    def stop(self) -> list[tuple[int, str, int]]:
        """Stop asking, and give the answers without those that are the same as the one before."""
        self._stop.set()
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()
        return [answer for answer, _ in groupby(self.answers)]


@contextmanager
def gate() -> Iterator[socket.socket]:
    """Listen for the slow migration, which goes on when its connection ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_SECONDS)
        yield listener


def project(directory: Path, database: dict[str, Any], migrations: dict[str, str]) -> Path:
    write_migrations(directory, migrations)
    guard = {"PROBE_CACHE_SECONDS": 0, "PROBE_TIMEOUT_SECONDS": PATIENCE_SECONDS}
    write_project(directory, {"default": database}, MIGRATION_GUARD=guard)
    return directory


@pytest.mark.parametrize(
    ("engine", "interface"),
    [
        pytest.param("sqlite", "wsgi", id="sqlite"),
        pytest.param("postgres", "asgi", id="postgres", marks=pytest.mark.postgres),
    ],
    indirect=["engine"],
)
def test_old_nodes_serve_throughout_and_new_ones_as_soon_as_they_may(
    engine: str, interface: str, tmp_path: Path
) -> None:
    keys = ("ENGINE", "NAME", "HOST", "PORT", "USER", "PASSWORD")
    database = {key: connections.settings[engine][key] for key in keys}
    with ExitStack() as stack:
        listener = stack.enter_context(gate())
        slow = SLOW.format(port=listener.getsockname()[1])
        new = {**chain("shop", "0001_initial", "0002_price", "0003_stock"), "0004_slow": slow}
        old_release = project(tmp_path / "old", database, OLD)
        new_release = project(tmp_path / "new", database, new)
        assert managed(old_release, "migrate", "--verbosity=0") == (0, "", "")

        def start(release: Path, *interfaces: str) -> list[Client]:
            servers = [stack.enter_context(Served(release, interface)) for interface in interfaces]
            clients = [Client(server) for server in servers]
            for client in clients:
                stack.callback(client.stop)
            return clients

        old_nodes, new_nodes = start(old_release, "asgi", "wsgi"), start(new_release, interface)
        for client in old_nodes:
            client.hear((200, "healthy", 0))
        for client in new_nodes:
            client.hear((503, "unhealthy", 2))

        migrate = manage(new_release, "migrate", "--verbosity=0")
        with listener.accept()[0]:  # 0003 is applied, and 0004 is under way
            for client in old_nodes:
                client.hear((200, "degraded", 0))
            for client in new_nodes:
                client.hear((503, "unhealthy", 1))
        assert migrate.communicate(timeout=PATIENCE_SECONDS) == ("", "")
        assert migrate.returncode == 0
        for client in new_nodes:
            client.hear((200, "healthy", 0))

        (rolled_back,) = start(old_release, "asgi")
        rolled_back.hear((200, "degraded", 0))

        for client in old_nodes:
            client.hear((200, "degraded", 0))
            assert client.stop() == [(200, "healthy", 0), (200, "degraded", 0)]
            assert len(client.answers) >= 3 * ANSWERS_A_PHASE
        for client in new_nodes:
            assert client.stop() == [(503, "unhealthy", 2), (503, "unhealthy", 1), (200, "healthy", 0)]
        assert rolled_back.stop() == [(200, "degraded", 0)]
