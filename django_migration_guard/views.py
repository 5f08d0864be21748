"""A face: the readiness and liveness URLs for load balancers."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Iterable
from typing import Any

from django.conf import settings as django_settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from health_check.base import HealthCheckResult
from health_check.exceptions import ServiceWarning
from health_check.views import HealthCheckView

from . import conf
from .findings import Status
from .health import Migrations
from .reporters.probe import Answer, OtherCheck, render_json, render_openmetrics, render_text

logger = logging.getLogger("django_migration_guard")

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


class ReadyView(HealthCheckView):
    """Answers 200 where this process may take traffic, and 503 where it may not.

    OpenMetrics is the exception: a scrape is answered 200 whatever the verdict, because a scraper drops the
    body of anything else. An unknown ``?format=`` gets JSON: a probe gets the truth in any case.
    """

    http_method_names = ("get", "head", "options")

    @property
    def checks(self) -> Iterable[Any]:
        """The migrations, then the checks that ``PROBE_CHECKS`` adds."""
        return (Migrations, *conf.current().probe_checks)

    async def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002 - Django's signature
        """Run the checks side by side and answer in the format that was asked for."""
        migrations, *others = self._instances()
        verdicts = migrations.fresh_verdicts()
        if verdicts is None:
            verdicts = await asyncio.to_thread(migrations.verdicts)
        results = await asyncio.gather(*(check.get_result() for check in others))
        answer = Answer(
            reports=[verdict.report for verdict in verdicts],
            ages=[verdict.age_seconds for verdict in verdicts],
            others=[_other(result) for result in results],
            details=await _may_see_details(request),
        )
        return _response(answer, self._media_type(request))

    def _instances(self) -> tuple[Any, ...]:
        return tuple(self.get_checks())

    @staticmethod
    def _media_type(request: HttpRequest) -> str:
        asked = request.GET.get("format")
        if asked is not None:
            return _FORMATS.get(asked, _JSON)
        return request.get_preferred_type(list(_RENDERERS)) or _JSON


def _response(answer: Answer, media_type: str) -> HttpResponse:
    unhealthy = answer.status is Status.UNHEALTHY and media_type != _OPENMETRICS
    return HttpResponse(
        _RENDERERS[media_type](answer),
        content_type=_CONTENT_TYPES.get(media_type, media_type),
        status=503 if unhealthy else 200,
    )


def _other(result: HealthCheckResult) -> OtherCheck:
    status = Status.HEALTHY
    if result.error is not None:
        status = Status.DEGRADED if isinstance(result.error, ServiceWarning) else Status.UNHEALTHY
    return OtherCheck(name=type(result.check).__name__, status=status, output=str(result.error or ""))


async def _may_see_details(request: HttpRequest) -> bool:
    """Tell whether names and reasons are for this caller: by setting, by token, or by a staff session."""
    chosen = conf.current()
    if chosen.probe_details:
        return True
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if chosen.probe_token is not None and scheme.lower() == "bearer":
        return hmac.compare_digest(token.strip().encode(), chosen.probe_token.encode())
    if django_settings.SESSION_COOKIE_NAME not in request.COOKIES or not hasattr(request, "auser"):
        return False
    try:
        user = await asyncio.wait_for(request.auser(), chosen.probe_timeout_seconds)
    except Exception:  # sessions live in a database or a cache that may be what is broken
        logger.warning(
            "the session of a probe could not be read; it is answered as a stranger", exc_info=True
        )
        return False
    return bool(user.is_active and user.is_staff)


@transaction.non_atomic_requests
@never_cache
@require_safe
async def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer 200 as long as the process can answer at all; touches no database and no cache."""
    return JsonResponse({"status": Status.HEALTHY.value}, content_type=_JSON)
