"""Which app lives in which database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Model

ANALYTICS = "analytics"


class AnalyticsRouter:
    """The app `analytics` has the database `analytics` to itself; everything else lives in `default`."""

    def db_for_read(self, model: type[Model], **_hints: Any) -> str | None:
        return ANALYTICS if _label(model) == ANALYTICS else None

    def db_for_write(self, model: type[Model], **_hints: Any) -> str | None:
        return ANALYTICS if _label(model) == ANALYTICS else None

    def allow_relation(self, one: Model, other: Model, **_hints: Any) -> bool | None:
        return (_label(one) == ANALYTICS) == (_label(other) == ANALYTICS)

    def allow_migrate(self, db: str, app_label: str, **_hints: Any) -> bool | None:
        return (db == ANALYTICS) == (app_label == ANALYTICS)


def _label(model: type[Model] | Model) -> str:
    return model._meta.app_label  # noqa: SLF001, Django documents `_meta`
