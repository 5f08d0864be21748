"""Replays kept on disk: the same files under the same versions promise the same schema."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db.migrations import Migration

from ..readers.disk import source_path
from .replay import Promise
from .values import Item, ItemKind, Schema

_FORMAT = 1
"""Raised whenever what a catalogue reader says of the same schema changes."""


def directory() -> Path:
    """Return where replays are kept: the setting ``CACHE_DIRECTORY``, or a directory of this user's own."""
    from .. import conf

    chosen = conf.current().cache_directory
    if chosen is not None:
        return Path(chosen)
    return Path(tempfile.gettempdir()) / f"django-migration-guard-{getpass.getuser()}"


def fingerprint(connection: Any, plan: Iterable[Migration]) -> str | None:
    """Name the promise of a plan on an engine; None where a migration has no file to go by."""
    digest = hashlib.sha256()
    facts = [
        str(_FORMAT),
        django.get_version(),
        connection.vendor,
        str(connection.get_database_version()),
        str(connection.vendor == "mysql" and connection.mysql_is_mariadb),
        connection.alias,
        settings.AUTH_USER_MODEL,
        settings.DEFAULT_AUTO_FIELD,
        repr(settings.DATABASE_ROUTERS),
        repr(settings.INSTALLED_APPS),
    ]
    digest.update("\0".join(facts).encode())
    for migration in plan:
        path = source_path(migration)
        if path is None:
            return None
        try:
            content = Path(path).read_bytes()
        except OSError:
            return None
        digest.update(
            f"\0{migration.app_label}.{migration.name}\0".encode() + hashlib.sha256(content).digest()
        )
    return digest.hexdigest()


def load(name: str) -> Promise | None:
    """Return the promise that was kept under a name; None where there is none that can be read."""
    try:
        document = json.loads((_own(directory()) / f"{name}.json").read_text(encoding="utf-8"))
        items = [
            Item(
                kind=ItemKind(one["kind"]),
                table=one["table"],
                subject=one["subject"],
                attributes=tuple((key, value) for key, value in one["attributes"]),
                name=one["name"],
            )
            for one in document["items"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Promise(schema=Schema.of(items), not_replayed={})


def keep(name: str, promise: Promise) -> None:
    """Keep a promise, all of it or nothing. One that is not whole is not kept; neither is a full disk an error."""
    if promise.not_replayed:
        return
    document = {
        "items": [
            {
                "kind": item.kind.value,
                "table": item.table,
                "subject": item.subject,
                "attributes": item.attributes,
                "name": item.name,
            }
            for item in promise.schema.items
        ]
    }
    with contextlib.suppress(OSError):
        place = directory()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=_own(place), encoding="utf-8", delete=False, suffix=".part"
        ) as part:
            json.dump(document, part)
        os.replace(part.name, place / f"{name}.json")  # noqa: PTH105 - the atomic one


def _own(place: Path) -> Path:
    """Refuse a directory of another user, who could put a promise of his own there."""
    if hasattr(os, "getuid") and place.exists() and place.stat().st_uid != os.getuid():
        raise PermissionError(f"{place} belongs to another user")
    return place
