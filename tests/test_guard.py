"""What ``inspect`` takes over from an earlier report, and what it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from django_migration_guard import guard
from django_migration_guard.readers.migrations import current_release

from .projects import Site, chain

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def site(engine: str, tmp_path: Path) -> Iterator[Site]:
    """A shop whose last migration is pending."""
    with Site(tmp_path / "project", engine) as site:
        site.deploy(shop=chain("shop", "0001_initial", "0002_price"))
        site.migrate("shop", "0001")
        yield site


@pytest.mark.parametrize("thorough", [False, True], ids=["probe", "thorough"])
@pytest.mark.parametrize(
    "silenced",
    [
        pytest.param([], id="nothing-silenced"),
        pytest.param(["models.W042"], id="a-check-of-others-silenced"),
        pytest.param(["migration_guard.W105"], id="the-finding-silenced"),
    ],
)
def test_where_nothing_has_changed_nobody_judges_again(
    site: Site, silenced: list[str], *, thorough: bool
) -> None:
    with override_settings(SILENCED_SYSTEM_CHECKS=silenced):
        before = guard.inspect(thorough=thorough)
        asked = current_release().graph.cache_info()
        again = guard.inspect(thorough=thorough, previous=before)
    assert again.rows is before.rows
    assert again.snapshot is before.snapshot
    assert again.checked_at >= before.checked_at
    assert current_release().graph.cache_info() == asked


def unrecorded(site: Site) -> None:
    site.unrecord("shop", "0001_initial")


def recorded(site: Site) -> None:
    site.record("shop", "0002_price")


def deployed(site: Site) -> None:
    site.deploy(shop=chain("shop", "0001_initial", "0002_price", "0003_weight"))


def rewired(site: Site) -> None:
    site.deploy(shop=chain("shop", "0001_initial") | chain("shop", "0002_price"))


def routed(site: Site) -> None:
    site.route("return False")


def configured(site: Site) -> None:
    site.restart(MIGRATION_GUARD={"NO_KEY": 1})


def silenced(site: Site) -> None:
    site.restart(SILENCED_SYSTEM_CHECKS=["migration_guard.W105"])


@pytest.mark.parametrize("thorough", [False, True], ids=["probe", "thorough"])
@pytest.mark.parametrize(
    "change",
    [unrecorded, recorded, deployed, rewired, routed, configured, silenced],
    ids=lambda change: change.__name__,
)
def test_after_a_change_the_earlier_report_makes_no_difference(
    site: Site, change: Callable[[Site], None], *, thorough: bool
) -> None:
    before = guard.inspect(thorough=thorough)
    change(site)
    fresh = guard.inspect(thorough=thorough)
    again = guard.inspect(thorough=thorough, previous=before)
    assert again.snapshot == fresh.snapshot
    assert (again.rows, again.findings, again.counts) == (fresh.rows, fresh.findings, fresh.counts)
    assert (fresh.findings, fresh.snapshot.graph) != (before.findings, before.snapshot.graph)
