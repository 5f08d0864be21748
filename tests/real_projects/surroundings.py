"""What a settings module takes from its process's environment: the database and the migration packages."""

from __future__ import annotations

import json
import os
from urllib.parse import parse_qs, unquote, urlsplit


def database() -> dict[str, object]:
    """Return the entry of ``DATABASES`` for the URL in ``DATABASE_URL``: of SQLite or of PostgreSQL.

    Raises:
        ValueError: the URL has another scheme.

    """
    url = os.environ["DATABASE_URL"]
    if url.startswith("sqlite:///"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///")}
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        msg = f"{url!r} names neither SQLite nor PostgreSQL."
        raise ValueError(msg)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.removeprefix("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parse_qs(parts.query).get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or ""),
    }


def migration_modules() -> dict[str, str]:
    """Return what ``MIGRATION_MODULES`` holds as JSON; nothing where it is not set."""
    modules: dict[str, str] = json.loads(os.environ.get("MIGRATION_MODULES", "{}"))
    return modules
