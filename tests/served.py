"""Real servers for tests: a project behind uvicorn or a threaded WSGI server, and a database that says nothing."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 60.0
"""How long a test waits for what must come. Nothing takes this long unless it is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case."""
    body: str

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


class Served:
    """The project in a directory, served by a process of its own until the ``with`` block ends."""

    def __init__(self, directory: Path, interface: str) -> None:
        """Start ``asgi`` (uvicorn) or ``wsgi`` (four threads that stay, as under gunicorn)."""
        self._lock = threading.Lock()
        self._line = b""
        self._log = directory / f"{interface}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.serve", interface],
                cwd=directory,
                env=environment(directory),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)
        self._process.stdout.close()

    @property
    def port(self) -> int:
        """Where it listens; waits until it does."""
        assert self._process.stdout is not None
        with self._lock:
            self._line = self._line or self._process.stdout.readline()
        assert self._line, self.log
        return int(self._line)

    @property
    def log(self) -> str:
        """What the process wrote to standard error."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def ask(self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> Response:
        """Send one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return Response(
                status=answer.status,
                headers={name.lower(): value for name, value in answer.getheaders()},
                body=answer.read().decode(),
            )


_URLS = """\
from django.urls import include, path

urlpatterns = [path("health/", include("django_migration_guard.urls"))]
"""


def write_project(directory: Path, databases: Mapping[str, Mapping[str, Any]], **settings: Any) -> None:
    """Write a project around the apps that are in a directory, or will be: ``settings.py`` and ``urls.py``."""
    directory.mkdir(parents=True, exist_ok=True)
    chosen = {
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "DATABASES": {alias: dict(database) for alias, database in databases.items()},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": ["shop", "health_check", "django_migration_guard"],
        "ROOT_URLCONF": "urls",
        "SECRET_KEY": "only the tests know it",
        "USE_TZ": True,
        **settings,
    }
    lines = [f"{name} = {value!r}\n" for name, value in chosen.items()]
    (directory / "settings.py").write_text("".join(lines), encoding="utf-8")
    (directory / "urls.py").write_text(_URLS, encoding="utf-8")


def write_migrations(directory: Path, sources: Mapping[str, str]) -> None:
    """Write the app ``shop`` with these migrations, sources by name."""
    package = directory / "shop" / "migrations"
    package.mkdir(parents=True)
    for place in (package.parent, package):
        (place / "__init__.py").touch()
    for name, source in sources.items():
        (package / f"{name}.py").write_text(source, encoding="utf-8")


def manage(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command of the project in a directory."""
    return subprocess.Popen(
        [sys.executable, "-m", "django", *arguments],
        cwd=directory,
        env=environment(directory),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def managed(directory: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command of the project to its end: exit status, output, errors."""
    process = manage(directory, *arguments)
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, output, errors


def environment(directory: Path) -> dict[str, str]:
    """Give the variables for a process that runs the project in a directory."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": os.pathsep.join([str(directory), str(_ROOT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


class SilentServer:
    """Accepts connections and never says a word, as a database behind a network that has lost it."""

    def __init__(self, *, hang_up_at: int | None = None) -> None:
        """Listen on a free port; from the ``hang_up_at``-th connection on, hang up on everybody."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._hang_up_at = hang_up_at
        self._open: list[socket.socket] = []
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._accept, name="silent-server", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._closing:
                connection.close()
                return
            with self._changed:
                self._open.append(connection)
                if self._hang_up_at is not None and len(self._open) >= self._hang_up_at:
                    self._close_all()
                self._changed.notify_all()

    def _close_all(self) -> None:
        for connection in self._open:
            connection.close()

    def hang_up(self) -> None:
        """Hang up on everybody who has called, and on everybody who calls from now on."""
        with self._changed:
            self._hang_up_at = 0
            self._close_all()

    def wait_for_callers(self, number: int) -> None:
        """Wait until this many connections were made in all."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._open) >= number, PATIENCE_SECONDS)

    @property
    def callers(self) -> int:
        """How many connections were made in all."""
        with self._changed:
            return len(self._open)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        socket.create_connection(("127.0.0.1", self.port)).close()  # wakes the thread
        self._thread.join(PATIENCE_SECONDS)
        self._listener.close()
        self._close_all()


def until(holds: Callable[[], bool], what: str) -> None:
    """Ask until a condition holds, and fail where it does not in :data:`PATIENCE_SECONDS`."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError(what)


@contextlib.contextmanager
def together(number: int, act: Callable[[], Any]) -> Iterator[list[Any]]:
    """Act in this many threads at the same time; what they return is in the list when the block has ended."""
    results: list[Any] = []
    start = threading.Barrier(number)

    def run() -> None:
        start.wait(PATIENCE_SECONDS)
        results.append(act())

    threads = [threading.Thread(target=run, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    yield results
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
