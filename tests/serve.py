"""Serve the project in the working directory: ``python -m tests.serve asgi`` or ``wsgi``.

Prints the port once it listens.
"""

from __future__ import annotations

import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer


def serve_asgi() -> None:
    """Serve by uvicorn."""
    import uvicorn
    from django.core.asgi import get_asgi_application

    config = uvicorn.Config(get_asgi_application(), lifespan="off", log_level="warning")
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(config).run(sockets=[listener])


class _Server(WSGIServer):
    """Hands requests to threads that stay, and closes no database connection behind anybody's back."""

    request_queue_size = 128
    threads = ThreadPoolExecutor(max_workers=4)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.threads.submit(self._process, request, client_address)

    def _process(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        finally:
            self.shutdown_request(request)


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it overrides
        """Say nothing of requests."""


def serve_wsgi() -> None:
    """Serve by wsgiref, in four threads."""
    from django.core.wsgi import get_wsgi_application

    server = _Server(("127.0.0.1", 0), _Handler)
    server.set_app(get_wsgi_application())
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    {"asgi": serve_asgi, "wsgi": serve_wsgi}[sys.argv[1]]()
