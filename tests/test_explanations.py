"""Why a row is there: the order of questions, and what each rests on, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from django_migration_guard.explanations import (
    BrokenSquash,
    Explanation,
    Kind,
    broken_squashes,
    explain,
    number,
)
from django_migration_guard.readers.git import read_traces
from django_migration_guard.snapshot import (
    App,
    AppState,
    Disk,
    GitTrace,
    Graph,
    MigrationFile,
    MigrationKey,
    Records,
    Snapshot,
)

from .projects import Repository, migration


def shop(name: str) -> MigrationKey:
    return ("shop", name)


def file(key: MigrationKey, *replaces: MigrationKey) -> MigrationFile:
    return MigrationFile(key=key, path=f"{key[0]}/{key[1]}.py", replaces=replaces)


SHOP = App(label="shop", state=AppState.MIGRATED)


def disk(*files: MigrationFile, app: App = SHOP) -> Disk:
    return Disk(apps={app.label: app}, migrations={one.key: one for one in files})


def graph(
    *,
    applied: Iterable[str] = (),
    leaves: Iterable[str] = (),
    pending: Iterable[str] = (),
    nodes: Iterable[str] = (),
) -> Graph:
    """Write down an answer of Django's about one app; ``nodes`` are those beside applied and pending."""
    return Graph(
        nodes=frozenset(map(shop, {*applied, *pending, *nodes})),
        applied=frozenset(map(shop, applied)),
        plan=tuple(map(shop, pending)),
        skipped=(),
        leaves={"shop": tuple(leaves)} if leaves else {},
        inconsistent=(),
    )


def snapshot(
    *rows: str,
    on_disk: Disk,
    answer: Graph | None,
    traces: Mapping[MigrationKey, GitTrace] | None = None,
    kept_off: Iterable[str] = (),
) -> Snapshot:
    return Snapshot(
        alias="default",
        vendor="sqlite",
        disk=on_disk,
        records=Records(rows=tuple(map(shop, rows))),
        graph=answer,
        traces=traces,
        kept_off=frozenset(kept_off),
    )


def trace(name: str, *same: str) -> dict[MigrationKey, GitTrace]:
    return {
        shop(name): GitTrace(
            commit="0123456789abcdef",
            author="Ada",
            date="2024-05-06",
            path=f"shop/{name}.py",
            root="/project",
            same_operations_as=tuple(map(shop, same)),
        )
    }


def last(given: Snapshot) -> tuple[Kind, str, str | None]:
    """Explain the last row: kind, evidence and the partner's name."""
    row = explain(given)[-1]
    return row.kind, row.evidence, row.partner and row.partner[1]


INITIAL = file(shop("0001_initial"))
SQUASH = "0001_squashed_0003_tax"
REPLACING = file(shop(SQUASH), shop("0001_initial"), shop("0002_price"), shop("0003_tax"))
FINISHED = file(shop(SQUASH))
HERE = graph(applied=["0001_initial"], leaves=["0001_initial"])
WAITING = graph(applied=["0001_initial"], leaves=["0002_cost"], pending=["0002_cost"])
COST = file(shop("0002_cost"))
LATER = graph(applied=["0001_initial", "0009_later"], leaves=["0009_later"])
NOT_INSTALLED = Disk(apps={}, migrations={})

ORDER = [
    pytest.param(
        snapshot("0001_initial", on_disk=disk(INITIAL), answer=HERE),
        (Kind.ACTIVE, "shop/0001_initial.py", None),
        id="on-disk",
    ),
    pytest.param(
        snapshot(
            "0001_initial", on_disk=disk(MigrationFile(key=shop("0001_initial"), path=None)), answer=HERE
        ),
        (Kind.ACTIVE, "", None),
        id="on-disk-without-source",
    ),
    pytest.param(
        snapshot("0001_initial", on_disk=disk(INITIAL, REPLACING), answer=graph(applied=[SQUASH])),
        (Kind.REPLACED, f"shop.{SQUASH} replaces it", SQUASH),
        id="on-disk-and-replaced",
    ),
    pytest.param(
        snapshot("0001_initial", on_disk=disk(INITIAL, REPLACING), answer=HERE),
        (Kind.ACTIVE, "shop/0001_initial.py", None),
        id="on-disk-and-the-squash-is-not-used",
    ),
    pytest.param(
        snapshot(SQUASH, on_disk=disk(REPLACING), answer=graph(applied=[SQUASH])),
        (Kind.ACTIVE, f"shop/{SQUASH}.py", None),
        id="squash-that-is-applied",
    ),
    pytest.param(
        snapshot(SQUASH, on_disk=disk(REPLACING), answer=graph(pending=[SQUASH])),
        (Kind.GHOST_SQUASH, "not every migration that it replaces is recorded", None),
        id="squash-that-is-not-applied",
    ),
    pytest.param(
        snapshot(SQUASH, on_disk=disk(REPLACING), answer=None),
        (Kind.GHOST_SQUASH, "not every migration that it replaces is recorded", None),
        id="squash-without-its-rows-and-without-a-graph",
    ),
    pytest.param(
        snapshot("0001_initial", "0002_price", "0003_tax", SQUASH, on_disk=disk(REPLACING), answer=None),
        (Kind.ACTIVE, f"shop/{SQUASH}.py", None),
        id="squash-with-its-rows-and-without-a-graph",
    ),
    pytest.param(
        snapshot("0002_price", on_disk=disk(REPLACING), answer=graph(applied=[SQUASH])),
        (Kind.REPLACED, f"shop.{SQUASH} replaces it", SQUASH),
        id="replaced-and-not-on-disk",
    ),
    pytest.param(
        snapshot("0002_price", on_disk=disk(REPLACING), answer=graph()),
        (Kind.BROKEN_SQUASH, f"shop.{SQUASH} is dropped by Django", SQUASH),
        id="replaced-by-a-squash-that-is-dropped",
    ),
    pytest.param(
        snapshot("0002_price", on_disk=disk(file(("other", "0001_all"), shop("0002_price"))), answer=None),
        (Kind.REPLACED, "other.0001_all replaces it", "0001_all"),
        id="replaced-by-a-squash-of-another-app",
    ),
    pytest.param(
        snapshot(
            "0002_price",
            on_disk=Disk(
                apps={}, migrations={("other", "0001_all"): file(("other", "0001_all"), shop("0002_price"))}
            ),
            answer=None,
        ),
        (Kind.REPLACED, "other.0001_all replaces it", "0001_all"),
        id="replaced-comes-before-app-not-installed",
    ),
    pytest.param(
        snapshot("0001_initial", on_disk=NOT_INSTALLED, answer=None),
        (Kind.APP_NOT_INSTALLED, "no installed app has the label 'shop'", None),
        id="app-not-installed",
    ),
    pytest.param(
        snapshot(
            "0001_initial", on_disk=disk(app=App(label="shop", state=AppState.SWITCHED_OFF)), answer=None
        ),
        (Kind.SWITCHED_OFF, "MIGRATION_MODULES['shop'] is None", None),
        id="migrations-switched-off",
    ),
    pytest.param(
        snapshot("0001_initial", on_disk=disk(app=App(label="shop", state=AppState.UNMIGRATED)), answer=None),
        (Kind.NO_MIGRATIONS, "the app 'shop' has no migrations", None),
        id="app-without-migrations",
    ),
    pytest.param(
        snapshot(
            "0001_initial",
            on_disk=disk(
                app=App(
                    label="shop",
                    state=AppState.IGNORED_PACKAGE,
                    directory="shop/migrations",
                    names=frozenset({"0001_initial"}),
                )
            ),
            answer=None,
        ),
        (Kind.IGNORED_PACKAGE, "shop/migrations has no __init__.py", None),
        id="file-in-an-ignored-package",
    ),
    pytest.param(
        snapshot(
            "0002_price",
            on_disk=disk(
                app=App(
                    label="shop",
                    state=AppState.IGNORED_PACKAGE,
                    directory="shop/migrations",
                    names=frozenset({"0001_initial"}),
                )
            ),
            answer=None,
        ),
        (Kind.NO_MIGRATIONS, "the app 'shop' has no migrations", None),
        id="no-file-in-an-ignored-package",
    ),
    pytest.param(
        snapshot(
            SQUASH,
            "0002_price",
            on_disk=disk(FINISHED, COST),
            answer=graph(applied=[SQUASH], pending=["0002_cost"]),
        ),
        (Kind.LEFT_OVER, f"its number lies within shop.{SQUASH}", SQUASH),
        id="left-over-comes-before-renamed",
    ),
    pytest.param(
        snapshot("0001_initial", "0002_price", on_disk=disk(INITIAL, COST), answer=WAITING),
        (Kind.RENAMED, "it has the same number", "0002_cost"),
        id="renamed-by-its-number",
    ),
    pytest.param(
        snapshot(
            "0001_initial",
            "0002_price",
            on_disk=disk(INITIAL, COST),
            answer=graph(applied=["0001_initial"], leaves=["0001_initial"], pending=["0002_cost"]),
        ),
        (Kind.RENAMED, "it has the same number", "0002_cost"),
        id="renamed-comes-before-ahead",
    ),
    pytest.param(
        snapshot(
            "0001_initial", "0002_price", on_disk=disk(INITIAL), answer=HERE, traces=trace("0002_price")
        ),
        (Kind.AHEAD, "git has shop/0002_price.py in 0123456789ab", None),
        id="ahead-comes-before-elsewhere",
    ),
    pytest.param(
        snapshot("0001_initial", "0002_price", on_disk=disk(INITIAL), answer=HERE, traces={}),
        (Kind.AHEAD, "recorded after this release's own leaf node of the app", None),
        id="ahead",
    ),
    pytest.param(
        snapshot(
            "0001_initial",
            "0009_later",
            "0002_price",
            on_disk=disk(INITIAL),
            answer=None,
            traces=trace("0002_price"),
        ),
        (Kind.ELSEWHERE, "git has shop/0002_price.py in 0123456789ab", None),
        id="elsewhere-where-the-graph-cannot-tell-ahead",
    ),
    pytest.param(
        snapshot("0002_price", "0001_initial", "0002_price", on_disk=disk(INITIAL), answer=HERE),
        (Kind.DUPLICATE, "an earlier row records the same migration", None),
        id="duplicate-of-whatever-it-is",
    ),
]


@pytest.mark.parametrize(("given", "expected"), ORDER)
def test_first_question_that_hits_explains_the_row(
    given: Snapshot, expected: tuple[Kind, str, str | None]
) -> None:
    assert last(given) == expected


@pytest.mark.parametrize(
    ("traces", "expected"),
    [
        pytest.param(
            trace("0002_price"),
            (Kind.ELSEWHERE, "git has shop/0002_price.py in 0123456789ab", None),
            id="elsewhere",
        ),
        pytest.param({}, (Kind.LOST, "no file on disk, and git knows none", None), id="lost"),
        pytest.param(None, (Kind.ORPHANED, "no file on disk; git was not asked", None), id="git-not-asked"),
    ],
)
def test_orphan_from_before_the_leaf_is_told_by_git(
    traces: dict[MigrationKey, GitTrace] | None, expected: tuple[Kind, str, str | None]
) -> None:
    on_disk = disk(INITIAL, file(shop("0009_later")))
    given = snapshot("0001_initial", "0002_price", "0009_later", on_disk=on_disk, answer=LATER, traces=traces)
    row = explain(given)[1]
    assert (row.kind, row.evidence, row.partner) == expected


TWO = graph(applied=["0001_initial", "0002_a", "0002_b"], leaves=["0002_a", "0002_b"])


@pytest.mark.parametrize(
    ("rows", "answer", "kind"),
    [
        pytest.param("0001_initial 0002_a 0002_b 0003_new", TWO, Kind.AHEAD, id="after-both-leaf-nodes"),
        pytest.param("0001_initial 0002_a 0003_new 0002_b", TWO, Kind.LOST, id="between-two-leaf-nodes"),
        pytest.param(
            "0001_initial 0003_new",
            graph(applied=["0001_initial"], leaves=["0002_a"], pending=["0002_a"]),
            Kind.LOST,
            id="leaf-is-not-applied",
        ),
        pytest.param("0003_new", graph(), Kind.LOST, id="app-has-no-leaf"),
        pytest.param("0001_initial 0003_new", None, Kind.LOST, id="no-graph"),
        pytest.param(
            "0001_initial 0002_price 0003_tax 0004_new",
            graph(applied=[SQUASH], leaves=[SQUASH]),
            Kind.AHEAD,
            id="after-all-that-the-leaf-replaces",
        ),
        pytest.param(
            f"0001_initial 0002_price 0003_tax 0004_new {SQUASH}",
            graph(applied=[SQUASH], leaves=[SQUASH]),
            Kind.AHEAD,
            id="before-the-leaf-and-after-all-that-it-replaces",
        ),
        pytest.param(
            "0001_initial 0002_price 0004_new 0003_tax",
            graph(applied=[SQUASH], leaves=[SQUASH]),
            Kind.LOST,
            id="before-the-last-that-the-leaf-replaces",
        ),
    ],
)
def test_ahead_is_what_was_recorded_after_every_leaf_node(
    rows: str, answer: Graph | None, kind: Kind
) -> None:
    names = rows.split()
    given = snapshot(*names, on_disk=disk(REPLACING), answer=answer, traces={})
    new = next(name for name in names if name.endswith("_new"))
    assert {row.key: row.kind for row in explain(given)}[shop(new)] is kind


@pytest.mark.parametrize(
    ("pending", "expected"),
    [
        pytest.param(
            ["0003_price"], ("it has the same name under another number", "0003_price"), id="renumbered"
        ),
        pytest.param(["0002_cost"], ("it has the same number", "0002_cost"), id="renamed"),
        pytest.param(["2_cost"], ("it has the same number", "2_cost"), id="number-without-zeros"),
        pytest.param(
            ["0002_cost", "0003_price"],
            ("it has the same name under another number", "0003_price"),
            id="name-counts-more-than-number",
        ),
        pytest.param(["0003_cost"], None, id="neither"),
        pytest.param([], None, id="nothing-pending"),
    ],
)
def test_renamed_without_git(pending: list[str], expected: tuple[str, str] | None) -> None:
    answer = graph(applied=["0001_initial"], leaves=["0001_initial"], pending=pending)
    given = snapshot("0002_price", "0001_initial", on_disk=disk(INITIAL), answer=answer, traces={})
    row = explain(given)[0]
    if expected is None:
        assert row.kind is Kind.LOST
    else:
        assert (row.kind, row.evidence, row.partner) == (Kind.RENAMED, expected[0], shop(expected[1]))


def test_file_without_a_number_is_renamed_by_its_name_alone() -> None:
    answer = graph(applied=["0001_initial"], leaves=["0001_initial"], pending=["price", "0002_price"])
    given = snapshot("cost", "0001_initial", on_disk=disk(INITIAL), answer=answer, traces={})
    assert explain(given)[0].kind is Kind.LOST


def test_pending_migrations_of_another_app_are_no_new_names() -> None:
    answer = Graph(
        nodes=frozenset({("stock", "0002_price")}),
        applied=frozenset(),
        plan=(("stock", "0002_price"),),
        skipped=(),
        leaves={},
        inconsistent=(),
    )
    given = snapshot("0002_price", on_disk=disk(INITIAL), answer=answer, traces={})
    assert last(given) == (Kind.LOST, "no file on disk, and git knows none", None)


@pytest.mark.parametrize(
    ("name", "is_left_over"),
    [
        pytest.param("0001_initial", True, id="first"),
        pytest.param("0003_tax", True, id="last"),
        pytest.param("0004_new", False, id="after-the-last"),
        pytest.param("0000_before", False, id="before-the-first"),
        pytest.param("price", False, id="no-number"),
    ],
)
def test_left_over_lies_within_the_numbers_of_a_squash(name: str, is_left_over: bool) -> None:
    answer = graph(applied=[SQUASH])
    given = snapshot(SQUASH, name, on_disk=disk(FINISHED), answer=answer, traces={})
    assert (last(given)[0] is Kind.LEFT_OVER) is is_left_over


@pytest.mark.parametrize(
    ("squash", "numbers"),
    [
        pytest.param("0001_squashed_0002_price", {1, 2}, id="squash"),
        pytest.param(
            "0001_squashed_0002_price_squashed_0004_x", {1, 2, 3, 4}, id="squash-of-a-squash-and-more"
        ),
        pytest.param("0001_initial_squashed_0003_squashed_0004_x", {1, 2, 3, 4}, id="last-one-was-a-squash"),
        pytest.param("0003_all", set(), id="squash-with-a-name-of-its-own"),
    ],
)
def test_numbers_of_a_squash_are_read_from_its_name(squash: str, numbers: set[int]) -> None:
    rows = [f"{one:04}_row" for one in range(6)]
    given = snapshot(
        squash, *rows, on_disk=disk(file(shop(squash))), answer=graph(applied=[squash]), traces={}
    )
    found = {int(row.key[1][:4]) for row in explain(given) if row.kind is Kind.LEFT_OVER}
    assert found == numbers


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(graph(applied=[SQUASH]), Kind.LEFT_OVER, id="applied"),
        pytest.param(graph(pending=[SQUASH]), Kind.LOST, id="pending"),
    ],
)
def test_only_a_squash_that_is_applied_leaves_rows_over(answer: Graph, kind: Kind) -> None:
    inner, outer = "0001_squashed_0002_price", file(shop(SQUASH), shop("0001_squashed_0002_price"))
    given = snapshot(inner, "0002_gone", on_disk=disk(outer), answer=answer, traces={})
    assert last(given)[0] is kind


@pytest.mark.parametrize(
    ("name", "digits"),
    [
        ("0001_initial", "1"),
        ("0001", "1"),
        ("12_x", "12"),
        ("0000_before", "0"),
        ("initial", ""),
        ("0001x", ""),
        ("x_0001", ""),
        ("", ""),
    ],
)
def test_number_of_a_name(name: str, digits: str) -> None:
    assert number(name) == digits


INNER = "0001_squashed_0002_price"
INNER_FILE = file(shop(INNER), shop("0001_initial"), shop("0002_price"))
OUTER_FILE = file(shop("0001_all"), shop(INNER), shop("0003_tax"))


@pytest.mark.parametrize(
    ("rows", "on_disk", "answer", "expected"),
    [
        pytest.param(
            "0001_initial",
            disk(REPLACING),
            graph(),
            {SQUASH: ("0001_initial", "0002_price 0003_tax")},
            id="half-recorded-and-files-gone",
        ),
        pytest.param(
            "0001_initial",
            disk(REPLACING),
            None,
            {SQUASH: ("0001_initial", "0002_price 0003_tax")},
            id="half-recorded-and-no-graph",
        ),
        pytest.param(
            "0001_initial",
            disk(REPLACING, file(shop("0002_price"))),
            graph(),
            {SQUASH: ("0001_initial", "0003_tax")},
            id="some-files-gone",
        ),
        pytest.param(
            "0001_initial",
            disk(REPLACING, file(shop("0002_price")), file(shop("0003_tax"))),
            graph(),
            {},
            id="files-are-there",
        ),
        pytest.param("", disk(REPLACING), graph(pending=[SQUASH]), {}, id="nothing-recorded"),
        pytest.param("", disk(REPLACING), None, {}, id="nothing-recorded-and-no-graph"),
        pytest.param(
            "0001_initial 0002_price 0003_tax",
            disk(REPLACING),
            graph(applied=[SQUASH]),
            {},
            id="all-recorded",
        ),
        pytest.param(SQUASH, disk(REPLACING), graph(pending=[SQUASH]), {}, id="ghost"),
        pytest.param(
            "0003_tax",
            disk(INNER_FILE, OUTER_FILE),
            graph(pending=[INNER]),
            {},
            id="inner-squash-can-do-what-is-missing",
        ),
        pytest.param(
            "0001_initial",
            disk(INNER_FILE, OUTER_FILE),
            graph(),
            {
                "0001_all": ("0001_initial", "0002_price 0003_tax"),
                INNER: ("0001_initial", "0002_price"),
            },
            id="inner-and-outer",
        ),
        pytest.param(
            INNER,
            disk(OUTER_FILE),
            graph(),
            {"0001_all": (INNER, "0003_tax")},
            id="inner-is-not-on-disk-any-more",
        ),
    ],
)
def test_broken_squashes(
    rows: str, on_disk: Disk, answer: Graph | None, expected: dict[str, tuple[str, str]]
) -> None:
    def keys(names: str) -> tuple[MigrationKey, ...]:
        return tuple(map(shop, names.split()))

    assert broken_squashes(snapshot(*rows.split(), on_disk=on_disk, answer=answer)) == tuple(
        BrokenSquash(squash=shop(squash), recorded=keys(recorded), gone=keys(gone))
        for squash, (recorded, gone) in expected.items()
    )


def test_squash_that_replaces_itself_ends() -> None:
    first, second = file(shop("0001_a"), shop("0001_b")), file(shop("0001_b"), shop("0001_a"))
    assert disk(first, second).squashes() == {
        shop("0001_a"): frozenset({shop("0001_a")}),
        shop("0001_b"): frozenset({shop("0001_b")}),
    }


def test_every_row_has_one_explanation_with_its_time() -> None:
    moment = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    records = Records(rows=(shop("0001_initial"), shop("0001_initial")), recorded_at=(moment, moment))
    given = Snapshot(alias="default", vendor="sqlite", disk=disk(INITIAL), records=records, graph=HERE)
    assert explain(given) == (
        Explanation(
            key=shop("0001_initial"), kind=Kind.ACTIVE, evidence="shop/0001_initial.py", recorded_at=moment
        ),
        Explanation(
            key=shop("0001_initial"),
            kind=Kind.DUPLICATE,
            evidence="an earlier row records the same migration",
            recorded_at=moment,
        ),
    )


def test_no_history_table_has_nothing_to_explain() -> None:
    given = Snapshot(alias="default", vendor="sqlite", disk=disk(INITIAL), records=Records(), graph=graph())
    assert explain(given) == ()


# What git knows of a file decides: one app in a real repository, whose files come and go.


class Shop:
    """An app's migrations package in a repository."""

    def __init__(self, directory: Path) -> None:
        self.repository = Repository(directory)
        self.package = directory / "shop" / "migrations"
        self.package.mkdir(parents=True)

    def write(self, name: str, source: str) -> None:
        (self.package / f"{name}.py").write_text(source, encoding="utf-8", newline="\n")

    def delete(self, name: str) -> None:
        (self.package / f"{name}.py").unlink()

    def disk(self) -> Disk:
        files = [
            MigrationFile(key=shop(path.stem), path=str(path)) for path in sorted(self.package.glob("0*.py"))
        ]
        app = App(label="shop", state=AppState.MIGRATED, directory=str(self.package))
        return Disk(apps={"shop": app}, migrations={one.key: one for one in files})

    def explain(self, row: str, answer: Graph) -> Explanation:
        """Explain a row that stands before that of the leaf, ``0009_later``."""
        traces = read_traces(self.disk(), [shop(row)])
        given = snapshot(row, "0009_later", on_disk=self.disk(), answer=answer, traces=traces)
        return explain(given)[0]


PRICE = migration(makes=["Price"])
COST_SOURCE = migration(makes=["Cost"])
BESIDE = graph(applied=["0009_later"], leaves=["0009_later"], pending=["0002_cost"])


@pytest.fixture
def package(tmp_path: Path) -> Shop:
    package = Shop(tmp_path / "project with a space")
    package.write("0009_later", migration(makes=["Later"]))
    return package


def test_git_finds_the_same_operations_under_another_name(package: Shop) -> None:
    package.write("0002_price", PRICE)
    package.repository.commit("Price")
    package.delete("0002_price")
    # Another dependency, another layout, a comment: what it does is the same.
    package.write("0002_cost", "# renamed\n" + migration(after=[("stock", "0001_initial")], makes=["Price"]))
    row = package.explain("0002_price", BESIDE)
    assert (row.kind, row.evidence, row.partner) == (
        Kind.RENAMED,
        "its operations in git are the same",
        shop("0002_cost"),
    )


def test_git_knows_better_than_a_number_that_is_the_same(package: Shop) -> None:
    package.write("0002_price", PRICE)
    commit = package.repository.commit("Price")
    package.delete("0002_price")
    package.write("0002_cost", COST_SOURCE)
    row = package.explain("0002_price", BESIDE)
    evidence = f"git has shop/migrations/0002_price.py in {commit[:12]}"
    assert (row.kind, row.evidence, row.partner) == (Kind.ELSEWHERE, evidence, None)


def test_two_migrations_without_operations_are_not_the_same(package: Shop) -> None:
    package.write("0002_price", migration())
    package.repository.commit("Merge")
    package.delete("0002_price")
    package.write("0002_cost", migration())
    assert package.explain("0002_price", BESIDE).kind is Kind.ELSEWHERE


def test_file_that_was_never_committed_is_lost(package: Shop) -> None:
    package.repository.commit("Without it")
    package.write("0002_price", PRICE)
    package.delete("0002_price")
    assert package.explain("0002_price", LATER).kind is Kind.LOST
