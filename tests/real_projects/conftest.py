"""Each published project, migrated once on each engine in a run; every test gets a copy of its own."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from bootstrap import environment

from tests import servers
from tests.real_projects.releases import Release

_PROJECTS = {"wagtail": ("wagtail==8.0.*", "wagtailcore"), "oscar": ("django-oscar==4.2.*", "catalogue")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A published project on one engine; ``template`` names the database that is migrated once and then copied."""

    engine: str
    template: str
    release: Release


@contextmanager
def _shared(name: str) -> Iterator[sqlite3.Connection]:
    """Hold what this run's workers share under this name: they do it one after another, and keep notes in it."""
    notes = Path(os.environ[servers._DIRECTORY]) / f"{name}.shared.sqlite3"
    with closing(sqlite3.connect(notes, timeout=1800, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("CREATE TABLE IF NOT EXISTS note (text)")
        yield connection
        connection.execute("COMMIT")


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(
            (project, engine),
            id=f"{project}-{engine}",
            marks=[pytest.mark.postgres] if engine == "postgres" else [],
        )
        for project in _PROJECTS
        for engine in ("sqlite", "postgres")
    ],
)
def site(request: pytest.FixtureRequest) -> Site:
    """Each project on each engine, installed in an environment of its own."""
    project, engine = request.param
    requirement, app = _PROJECTS[project]
    template = f"{servers._PREFIX}_{os.environ[servers._RUN]}_{project}"
    with _shared(project):
        python = environment(
            f"real-{project}-python{sys.version_info.major}.{sys.version_info.minor}",
            extras=("postgres",),
            requirements=(requirement,),
        )
    release = Release(
        python=python,
        settings=f"tests.real_projects.{project}_settings",
        url=servers.url(engine, template),
        app=app,
    )
    return Site(engine=engine, template=template, release=release)


@pytest.fixture
def empty(site: Site) -> Iterator[Release]:
    """A project whose database was made and never migrated."""
    database = servers.name("empty")
    servers.create(site.engine, database)
    yield replace(site.release, url=servers.url(site.engine, database))
    servers.drop(site.engine, database)


@pytest.fixture(scope="session")
def migrated(site: Site) -> Release:
    """A project whose database was migrated from empty; the run's end drops it."""
    with _shared(f"{site.template}_{site.engine}") as notes:
        note = notes.execute("SELECT text FROM note").fetchone()
        if note is None:
            servers.create(site.engine, site.template)
            site.release.manage("migrate")
            note = (json.dumps(site.release.django_says()),)
            notes.execute("INSERT INTO note VALUES (?)", note)
    truth: dict[str, Any] = json.loads(note[0])
    (leaf,) = truth["leaves"][site.release.app]
    (parent,) = truth["parents"][f"{site.release.app}.{leaf}"]
    return replace(site.release, truth=truth, leaf=leaf, parent=parent)


@pytest.fixture
def release(site: Site, migrated: Release) -> Iterator[Release]:
    """A project on a migrated database of this test's own."""
    database = servers.name("copy")
    url = servers.url(site.engine, database)
    if site.engine == "sqlite":
        shutil.copyfile(migrated.url.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
    else:
        server = replace(migrated, url=servers.url(site.engine, "postgres"))
        server.sql(f'CREATE DATABASE "{database}" TEMPLATE "{site.template}"')
    yield replace(migrated, url=url)
    servers.drop(site.engine, database)
