"""The schema that a connection sees now."""

from __future__ import annotations

from typing import Any

from . import mysql, postgresql, sqlite
from .values import Schema


class UnknownEngineError(Exception):
    """The engine's catalogue cannot be read: it is none of SQLite, PostgreSQL, MariaDB and MySQL."""


def read_schema(connection: Any) -> Schema:
    """Read the first schema of the search path, or the database, in a constant number of queries.

    Raises :class:`UnknownEngineError`, and ``django.db.Error`` where the database refuses or is gone.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return Schema.of(postgresql.read_items(cursor))
        if connection.vendor == "sqlite":
            return Schema.of(sqlite.read_items(cursor))
        if connection.vendor == "mysql":
            return Schema.of(mysql.read_items(cursor, mariadb=connection.mysql_is_mariadb))
    raise UnknownEngineError(connection.vendor)
