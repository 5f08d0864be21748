"""One URL in, Django's DATABASES out."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ENGINES = {
    "mariadb": "django.db.backends.mysql",
    "mysql": "django.db.backends.mysql",
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
    "sqlite": "django.db.backends.sqlite3",
}


def databases(url: str, *, conn_max_age: int | None = 0) -> dict[str, dict[str, Any]]:
    """The aliases `default` and `analytics` for one URL.

    `postgres://user:password@host:port/name` and `mariadb://…` (also `postgresql://`, `mysql://`) name a
    server; `analytics` is the database `name_analytics` beside it. `sqlite:///relative/shop.sqlite3` and
    `sqlite:////absolute/shop.sqlite3` name a file; `analytics` is `shop_analytics.sqlite3` beside it. `host`
    and `port` in the query serve a server behind a Unix socket; every other pair goes to OPTIONS, with
    `true`, `false` and whole numbers read as such (`?pool=true`).

    Raises ImproperlyConfigured for an unknown scheme, a port that is no number, or a URL without a name.
    """
    parts = urlsplit(url)
    engine = ENGINES.get(parts.scheme)
    if engine is None:
        known = ", ".join(ENGINES)
        raise ImproperlyConfigured(f"DATABASE_URL starts with {parts.scheme!r}: use one of {known}.")
    name = unquote(parts.path).removeprefix("/")
    if not name:
        raise ImproperlyConfigured("DATABASE_URL ends without the name of a database.")
    options = {key: _value(text) for key, text in parse_qsl(parts.query)}

    if parts.scheme == "sqlite":
        analytics = Path(name).with_stem(f"{Path(name).stem}_analytics")
        names = {"default": name, "analytics": str(analytics)}
        server: dict[str, Any] = {}
    else:
        names = {"default": name, "analytics": f"{name}_analytics"}
        try:
            port = parts.port
        except ValueError as error:
            raise ImproperlyConfigured(f"DATABASE_URL has a port that is no number: {error}.") from error
        server = {
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": str(options.pop("host", parts.hostname or "")),
            "PORT": str(options.pop("port", port or "")),
        }
    return {
        alias: {
            "ENGINE": engine,
            "NAME": database,
            "CONN_MAX_AGE": conn_max_age,
            "OPTIONS": dict(options),
            **server,
        }
        for alias, database in names.items()
    }


def _value(text: str) -> bool | int | str:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdecimal() else text
