"""One computation in a thread of its own, for which any number of callers can wait a bounded time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Flight(Generic[T]):
    """Starts ``compute`` at once in a daemon thread, which does not hold up the end of the process.

    A thread cannot be ended from outside: a computation that hangs keeps its thread until the network
    gives up. Callers are not held by it.
    """

    def __init__(self, compute: Callable[[], T], *, name: str) -> None:
        self._compute = compute
        self.future: Future[T] = Future()
        self.future.set_running_or_notify_cancel()  # from here on nobody can cancel it
        self.started = time.monotonic()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        try:
            result = self._compute()
        except BaseException as error:  # noqa: BLE001 - it is raised again in the callers' threads
            self.future.set_exception(error)
        else:
            self.future.set_result(result)

    @property
    def landed(self) -> bool:
        """Whether the computation has ended."""
        return self.future.done()

    def result(self, *, within_seconds: float) -> T:
        """Wait until ``within_seconds`` after the start, then return what was computed or raise what was raised.

        Raises TimeoutError where the computation is still under way; it goes on.
        """
        remaining = self.started + within_seconds - time.monotonic()
        return self.future.result(timeout=max(0.0, remaining))


class Flights(Generic[T]):
    """One flight at a time a key. Safe for threads.

    Where a flight does not land for ten times what its callers wait, another one starts beside it: what it
    waits for may be a connection whose other end has gone, which the network notices after hours. Each that
    is given up doubles that time for the next, up to sixteen times, so that threads do not pile up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, Flight[T]] = {}
        self._given_up: dict[Hashable, int] = {}

    def join(self, key: Hashable, compute: Callable[[], T], *, name: str, within_seconds: float) -> Flight[T]:
        """Return the flight that is under way for ``key``; where there is none, start one for callers that
        wait ``within_seconds``.
        """
        with self._lock:
            flight = self._under_way.get(key)
            given_up = self._given_up.get(key, 0)
            if flight is not None and not flight.landed:
                if time.monotonic() - flight.started < 10 * within_seconds * 2 ** min(given_up, 4):
                    return flight
                self._given_up[key] = given_up + 1
            else:
                self._given_up.pop(key, None)
            self._under_way[key] = flight = Flight(compute, name=name)
            return flight


def after_fork(start_afresh: Callable[[], Any]) -> None:
    """Call ``start_afresh`` in every process forked from this one, where the parent's threads are not there."""
    if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
        os.register_at_fork(after_in_child=start_afresh)
