"""One computation in a thread of its own, for which any number of callers can wait a bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Flight(Generic[T]):
    """Starts ``compute`` at once in a daemon thread, which does not hold up the end of the process.

    A thread cannot be ended from outside: a computation that hangs keeps its thread until the network
    gives up. Callers are not held by it, and a new flight is not started while this one is under way.
    """

    def __init__(self, compute: Callable[[], T], *, name: str) -> None:
        self._compute = compute
        self._done = threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None
        self.started = time.monotonic()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        try:
            self._result = self._compute()
        except BaseException as error:  # noqa: BLE001 - it is raised again in the callers' threads
            self._error = error
        finally:
            self._done.set()

    @property
    def landed(self) -> bool:
        """Whether the computation has ended."""
        return self._done.is_set()

    def result(self, *, within_seconds: float) -> T:
        """Wait until ``within_seconds`` after the start, then return what was computed or raise what was raised.

        Raises TimeoutError where the computation is still under way; it goes on.
        """
        remaining = self.started + within_seconds - time.monotonic()
        if not self._done.wait(max(0.0, remaining)):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]
