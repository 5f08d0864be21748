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
from types import TracebackType
from typing import Any, Self

_ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 10.0
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
        self._log = directory / f"{interface}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("serve.py")), interface],
                cwd=directory,
                env=environment(directory),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.log
        self.port = int(line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)
        self._process.stdout.close()

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
        """Listen on a free port; hang up on everybody as soon as ``hang_up_at`` connections are open."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._hang_up_at = hang_up_at
        self._open: list[socket.socket] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._accept, name="silent-server", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self._open.append(connection)
                if len(self._open) == self._hang_up_at:
                    self._hang_up()
                self._changed.notify_all()

    def _hang_up(self) -> None:
        for connection in self._open:
            connection.close()

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
        # Closing alone does not wake a thread that accepts; one more caller does.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            self._listener.close()
        self._thread.join(PATIENCE_SECONDS)
        self._hang_up()


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
