"""A face: the readiness and liveness URLs for load balancers."""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from django.conf import settings as django_settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import caches
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from health_check.exceptions import ServiceWarning
from health_check.views import HealthCheckView

from . import conf
from .findings import Status
from .flights import Flight, Flights, after_fork
from .health import Migrations
from .reporters.probe import Answer, OtherCheck, render_json, render_openmetrics, render_text

logger = logging.getLogger("django_migration_guard")

_View = TypeVar("_View", bound=Callable[..., Any])

_JSON = "application/health+json"
_OPENMETRICS = "application/openmetrics-text"
_RENDERERS = {
    _JSON: render_json,
    "application/json": render_json,
    "text/plain": render_text,
    "text/html": render_text,
    _OPENMETRICS: render_openmetrics,
}
_CONTENT_TYPES = {
    "text/plain": "text/plain; charset=utf-8",
    "text/html": "text/plain; charset=utf-8",
    _OPENMETRICS: f"{_OPENMETRICS}; version=1.0.0; charset=utf-8",
}
_FORMATS = {"json": _JSON, "text": "text/plain", "openmetrics": _OPENMETRICS}


def _never_atomic(view: _View) -> _View:
    """Take a view out of ATOMIC_REQUESTS on every database that has it: a transaction would ask the database."""
    for alias in connections:
        view = transaction.non_atomic_requests(alias)(view)
    return view


@method_decorator([login_not_required, _never_atomic], name="dispatch")
class ReadyView(HealthCheckView):
    """Answers 200 where this process may take traffic, and 503 where it may not.

    OpenMetrics is the exception: a scrape is answered 200 whatever the verdict, because a scraper drops the
    body of anything else. An unknown ``?format=`` gets JSON: a probe gets the truth in any case.

    It is not asynchronous: under WSGI Django starts a thread and an event loop for each request to a view that
    is, which takes longer than a kept verdict; under ASGI it keeps a thread for each request in any case.
    """

    http_method_names = ("get", "head", "options")

    @property
    def checks(self) -> Iterable[Any]:
        """The migrations, then the checks that ``PROBE_CHECKS`` adds."""
        return (Migrations, *conf.current().probe_checks)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Dispatch as every view of Django does; the one of ``HealthCheckView`` is asynchronous."""
        return View.dispatch(self, request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002 - Django's signature
        """Ask everything at the same time, and answer in the format that was asked for."""
        chosen = conf.current()
        limit = chosen.probe_timeout_seconds
        others = [(_name(check), _departed(check, limit)) for check in chosen.probe_checks]
        details = _may_see_details(request, chosen)
        verdicts = Migrations().verdicts()
        answer = Answer(
            reports=[verdict.report for verdict in verdicts],
            ages=[verdict.age_seconds for verdict in verdicts],
            others=_told_apart([_landed(name, flight, limit) for name, flight in others]),
            details=details if isinstance(details, bool) else _is_known_as_staff(details, limit),
        )
        return _response(answer, self._media_type(request))

    @staticmethod
    def _media_type(request: HttpRequest) -> str:
        asked = request.GET.get("format")
        if asked is not None:
            return _FORMATS.get(asked, _JSON)
        # The accepted type is asked and not the offered one: Prometheus adds parameters, version=1.0.0 for example.
        matches = (offered for one in request.accepted_types for offered in _RENDERERS if one.match(offered))
        return next(matches, _JSON)


def _response(answer: Answer, media_type: str) -> HttpResponse:
    unhealthy = answer.status is Status.UNHEALTHY and media_type != _OPENMETRICS
    response = HttpResponse(
        _RENDERERS[media_type](answer),
        content_type=_CONTENT_TYPES.get(media_type, media_type),
        status=503 if unhealthy else 200,
    )
    add_never_cache_headers(response)
    patch_vary_headers(response, ["Accept"])
    return response


_further_checks: Flights[OtherCheck] = Flights()
after_fork(_further_checks.__init__)  # type: ignore[misc]


class _Executor(ThreadPoolExecutor):
    """Runs each call in a thread that nobody has to wait for, and that leaves no connection behind."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        def compute() -> Any:
            try:
                return call(*args, **kwargs)
            finally:
                _close_connections()

        return Flight(compute, name="migration-guard-further-check").future


def _departed(check: Any, limit: float) -> Flight[OtherCheck]:
    """Run a check of ``PROBE_CHECKS``, however many probes wait for it, in a thread that nobody has to wait for."""
    return _further_checks.join(
        repr(check), partial(_checked, check), name=f"migration-guard-{_name(check)}", within_seconds=limit
    )


def _checked(check: Any) -> OtherCheck:
    try:
        (instance,) = HealthCheckView(checks=(check,)).get_checks()
        with asyncio.Runner() as runner:
            runner.get_loop().set_default_executor(_Executor())
            error = runner.run(instance.get_result()).error
    except Exception:
        logger.exception("PROBE_CHECKS names %r, which cannot be run", check)
        return OtherCheck(name=_name(check), status=Status.UNHEALTHY, output="it cannot be run; see the log")
    status = Status.HEALTHY
    if error is not None:
        status = Status.DEGRADED if isinstance(error, ServiceWarning) else Status.UNHEALTHY
    return OtherCheck(name=_name(check), status=status, output="" if error is None else str(error))


def _landed(name: str, flight: Flight[OtherCheck], limit: float) -> OtherCheck:
    try:
        return flight.result(within_seconds=limit)
    except TimeoutError:
        return OtherCheck(name=name, status=Status.UNHEALTHY, output=f"no answer within {limit:g} seconds")


def _name(check: Any) -> str:
    check = check[0] if isinstance(check, list | tuple) else check
    return check.rpartition(".")[2] if isinstance(check, str) else check.__name__


def _told_apart(others: list[OtherCheck]) -> list[OtherCheck]:
    """Number the checks of one class: names of metrics must not be given twice."""
    names = [other.name for other in others]
    return [
        replace(other, name=f"{other.name} {earlier + 1}")
        if (earlier := names[:index].count(other.name))
        else other
        for index, other in enumerate(others)
    ]


def _close_connections() -> None:
    """Close what this thread has opened: nobody else can."""
    connections.close_all()
    caches.close_all()


_SESSIONS_AT_ONCE = 8
"""How many sessions are read at the same time. A caller beyond that is answered as a stranger."""


def _may_see_details(request: HttpRequest, chosen: conf.Settings) -> bool | Flight[bool]:
    """Tell whether names and reasons are for this caller: by setting, by token, or by a staff session.

    A session is read in a thread of its own, because its database or cache may be what hangs.
    """
    if chosen.probe_details:
        return True
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if chosen.probe_token is not None and scheme.lower() == "bearer":
        sent = token.strip().encode("latin-1", "replace")  # a server reads the bytes of headers as Latin-1
        return hmac.compare_digest(sent, chosen.probe_token.encode())
    if django_settings.SESSION_COOKIE_NAME not in request.COOKIES or not hasattr(request, "user"):
        return False
    name = "migration-guard-session"
    if sum(thread.name == name for thread in threading.enumerate()) >= _SESSIONS_AT_ONCE:
        return False
    return Flight(partial(_is_staff, request), name=name)


def _is_staff(request: HttpRequest) -> bool:
    try:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))
    finally:
        _close_connections()


def _is_known_as_staff(session: Flight[bool], limit: float) -> bool:
    try:
        return session.result(within_seconds=limit)
    except Exception:  # sessions live in a database or a cache that may be what is broken
        logger.warning(
            "the session of a probe could not be read; it is answered as a stranger", exc_info=True
        )
        return False


@login_not_required
@_never_atomic
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer 200 as long as the process can answer at all; touches no database and no cache."""
    return JsonResponse({"status": Status.HEALTHY.value}, content_type=_JSON)
