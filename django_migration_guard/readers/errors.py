"""What a database error means, by SQLSTATE and error number; by text only on SQLite, which has nothing better."""

from __future__ import annotations

from enum import Enum
from typing import Any


class Meaning(Enum):
    """What the database said no for."""

    TABLE_MISSING = "a table is missing"
    TIMEOUT = "the answer took too long"
    DENIED = "the user has no right to it"
    OTHER = "anything else"


# PostgreSQL: appendix A of its manual. MariaDB and MySQL: their server error references.
_SQLSTATES = {
    "42P01": Meaning.TABLE_MISSING,
    "3F000": Meaning.TABLE_MISSING,
    "57014": Meaning.TIMEOUT,
    "55P03": Meaning.TIMEOUT,
    "42501": Meaning.DENIED,
}
_NUMBERS = {
    1146: Meaning.TABLE_MISSING,
    1969: Meaning.TIMEOUT,  # MariaDB: max_statement_time exceeded
    3024: Meaning.TIMEOUT,  # MySQL: MAX_EXECUTION_TIME exceeded
    1205: Meaning.TIMEOUT,  # lock wait timeout exceeded
    1142: Meaning.DENIED,
    1143: Meaning.DENIED,
}
_TEXTS = {
    "no such table": Meaning.TABLE_MISSING,
    "database is locked": Meaning.TIMEOUT,
    "database table is locked": Meaning.TIMEOUT,
}


def meaning(error: BaseException, vendor: str) -> Meaning:
    """Classify an exception that Django raised for a statement; ``vendor`` is ``connection.vendor``."""
    cause: Any = error.__cause__ or error
    if vendor == "postgresql":
        return _SQLSTATES.get(
            getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None) or "", Meaning.OTHER
        )
    if vendor == "mysql":
        number = cause.args[0] if cause.args else None
        return _NUMBERS.get(number, Meaning.OTHER) if isinstance(number, int) else Meaning.OTHER
    text = str(cause)
    return next((known for part, known in _TEXTS.items() if part in text), Meaning.OTHER)


def wording(error: BaseException, vendor: str) -> str:
    """Return the text of an exception on one line, with the number that MariaDB and MySQL give behind it."""
    cause: Any = error.__cause__ or error
    text = getattr(getattr(cause, "diag", None), "message_primary", None) or str(error)
    if vendor == "mysql" and len(cause.args) == 2:
        text = f"{cause.args[1]} (error {cause.args[0]})"
    return " ".join(text.split())
