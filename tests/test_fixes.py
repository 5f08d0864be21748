"""Every fix that a finding offers is carried out on the state that it is offered for, and cures it.

On SQLite each command runs as it is printed, in a process of its own in a real project; on the other engines
Django's commands run in this process.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections

from django_migration_guard import conf, guard
from django_migration_guard.findings import Finding, Fix, Report
from tests import servers

from .projects import Site, chain, migration
from .situations import SITUATIONS, files, history, nested, rows, settings, squashes
from .situations.registry import BringAbout


@pytest.fixture
def site(engine: str, tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path / "project", engine) as site:
        yield site


def verbs(fix: Fix) -> str:
    """Say what the commands of a fix do, without the names that they do it to."""
    said = []
    for program, *arguments in fix.commands:
        words = (
            arguments[1:2]
            if arguments[0] == "manage.py"
            else [program, arguments[2 if program == "git" else 0]]
        )
        words += [word for word in arguments if word in {"--prune", "--merge"}]
        if words[0] == "shell":
            words += re.findall(
                r"\.(record_applied|record_unapplied|migrate|update|delete)\(", arguments[-1]
            )[:1]
        said.append(" ".join(words))
    return ", ".join(said)


def short(finding: Finding) -> str:
    return finding.code.removeprefix("migration_guard.")


def codes(report: Report) -> set[str]:
    return {short(finding) for finding in report.findings}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A fix by what its commands do. ``leaves`` are the codes that are to be seen when it has been carried out."""

    situation: BringAbout
    code: str
    does: str
    leaves: tuple[str, ...] = ()
    answer: str = ""

    def __str__(self) -> str:
        return (
            f"{self.code}-{self.does}-{self.situation.__name__}".replace(", ", "-")
            .replace(" ", "-")
            .replace("_", "-")
        )


RECORD = "sqlmigrate, shell record_applied"
CASES = [
    Case(situation=history.nothing_was_ever_migrated, code="W102", does="migrate"),
    Case(situation=history.applied_before_its_dependency, code="E104", does=RECORD),
    Case(situation=history.applied_before_its_dependency, code="E104", does="shell migrate"),
    Case(
        situation=history.applied_before_its_dependency,
        code="E104",
        does="shell record_unapplied",
        leaves=("W105",),
    ),
    Case(situation=squashes.applied_before_a_squash_that_is_not, code="E104", does=RECORD),
    Case(situation=squashes.applied_before_a_squash_that_is_not, code="E104", does="shell migrate"),
    Case(situation=history.newer_files_than_rows, code="W105", does="migrate"),
    Case(situation=squashes.squash_on_a_new_database, code="W105", does="migrate"),
    Case(situation=squashes.squash_of_what_is_recorded, code="I106", does="migrate"),
    Case(situation=history.gap_in_the_rows, code="E107", does=RECORD),
    Case(
        situation=squashes.hidden_behind_a_later_one_that_is_a_squash,
        code="E107",
        does="shell migrate",
    ),
    Case(situation=squashes.squash_hidden_behind_a_later_one, code="E107", does=RECORD),
    Case(situation=rows.newer_release_has_migrated_and_git_has_it, code="W110", does="git restore"),
    Case(situation=rows.file_is_on_another_branch, code="W111", does="git restore", leaves=("E204",)),
    Case(situation=rows.file_was_deleted_in_git, code="W111", does="git restore", leaves=("E204",)),
    Case(situation=rows.file_is_lost, code="W111", does="migrate --prune"),
    Case(
        situation=rows.file_is_lost_while_another_app_is_in_conflict,
        code="W111",
        does="shell record_unapplied",
        leaves=("E204",),
    ),
    Case(situation=squashes.file_is_lost_beside_a_squash, code="W111", does="shell record_unapplied"),
    Case(situation=rows.file_has_another_name_with_the_same_number, code="E112", does="shell update"),
    Case(situation=rows.two_files_were_renumbered, code="E112", does="shell update"),
    Case(situation=squashes.squash_is_finished, code="I115", does="migrate --prune"),
    Case(
        situation=nested.inner_squash_is_deleted_and_the_outer_is_new,
        code="I115",
        does="shell record_unapplied",
        leaves=("I106",),
    ),
    Case(situation=squashes.only_the_row_of_the_squash_is_there, code="E116", does="shell record_applied"),
    Case(
        situation=squashes.half_of_a_squash_is_recorded_and_the_files_are_gone,
        code="E117",
        does="shell record_applied",
        leaves=("I106",),
    ),
    Case(
        situation=squashes.half_of_a_squash_is_recorded_and_a_later_one_names_an_original,
        code="E117",
        does="shell record_applied",
        leaves=("I106", "W105"),
    ),
    Case(
        situation=squashes.half_of_a_squash_is_recorded_and_one_file_is_left,
        code="E117",
        does="shell record_applied",
        leaves=("I106",),
    ),
    Case(situation=history.two_runs_of_migrate_raced, code="W118", does="shell delete"),
    Case(
        situation=files.two_branches_were_merged,
        code="E204",
        does="makemigrations --merge",
        leaves=("W105",),
        answer="y\n",
    ),
    Case(situation=files.directory_without_init, code="E205", does="python -c"),
]


def fixes(report: Report, case: Case) -> list[Fix]:
    """Return the fixes that do this, of all findings of the code; one that several findings share counts once."""
    found = [fix for finding in report.findings if short(finding) == case.code for fix in finding.fixes]
    return list(dict.fromkeys(fix for fix in found if verbs(fix) == case.does))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_commands_cure_the_finding(case: Case, site: Site) -> None:
    case.situation(site)
    offered = fixes(guard.inspect(site.alias), case)
    assert offered
    connections[site.alias].close()
    for fix in offered:
        for command in fix.commands:
            site.run(*command, answer=case.answer)
    site.restart()
    assert codes(guard.inspect(site.alias)) == set(case.leaves)


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
    indirect=True,
)
@pytest.mark.parametrize(
    "case", [case for case in CASES if re.match("shell|migrate|sqlmigrate", case.does)], ids=str
)
def test_commands_of_django_cure_the_finding_on_another_engine(case: Case, site: Site) -> None:
    case.situation(site)
    offered = fixes(guard.inspect(site.alias), case)
    assert offered
    for fix in offered:
        for _, _, name, *arguments in fix.commands:
            call_command(name, *arguments)
    site.restart()
    assert codes(guard.inspect(site.alias)) == set(case.leaves)


def test_oldest_of_equal_rows_is_kept(site: Site) -> None:
    history.two_runs_of_migrate_raced(site)
    before = site.rows()
    ((fix,),) = [finding.fixes for finding in guard.inspect(site.alias).findings]
    for _, _, name, *arguments in fix.commands:
        call_command(name, *arguments)
    assert before is not None
    assert site.rows() == before[:2]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A fix without commands: its words, and what a person does who follows them."""

    situation: BringAbout
    code: str
    summary: Callable[[Site], str]
    follow: Callable[[Site], object]
    leaves: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}-{self.situation.__name__}-{self.follow.__name__}".replace("_", "-")


ADVICE: list[Advice] = []


def advice(
    code: str, situation: BringAbout, summary: str | Callable[[Site], str], *, leaves: tuple[str, ...] = ()
) -> Callable[[Callable[[Site], object]], Callable[[Site], object]]:
    """Register what a person does who follows the words."""

    def register(follow: Callable[[Site], object]) -> Callable[[Site], object]:
        words = (lambda _: summary) if isinstance(summary, str) else summary
        ADVICE.append(Advice(situation=situation, code=code, summary=words, follow=follow, leaves=leaves))
        return follow

    return register


def place(label: str, name: str, line: int) -> Callable[[Site], str]:
    return lambda site: f"{site.file(label, name)}:{line}"


ACCEPTS = {option.key: option.accepts for option in conf.OPTIONS}


@advice("W001", settings.misspelt_key, "Rename the key to 'PROBE_TOKEN'.")
def rename_the_key(site: Site) -> None:
    site.restart(MIGRATION_GUARD={"PROBE_TOKEN": None})


@advice("W002", settings.wrong_value, f"It accepts {ACCEPTS['PROBE_CACHE_SECONDS']}.")
def give_a_value_that_it_accepts(site: Site) -> None:
    site.restart(MIGRATION_GUARD={"PROBE_CACHE_SECONDS": 0})


@advice(
    "W002",
    settings.no_dictionary,
    f"Set MIGRATION_GUARD to a dictionary with keys from {', '.join(ACCEPTS)}.",
)
def make_it_a_dictionary(site: Site) -> None:
    site.restart(MIGRATION_GUARD={"DATABASES": None})


@advice("E003", settings.router_raises, "Mend allow_migrate() in the routers that DATABASE_ROUTERS names.")
def mend_allow_migrate(site: Site) -> None:
    site.route("return None")


@advice(
    "E101",
    history.database_that_is_not_there,
    lambda site: (
        "Mend NAME in the DATABASES settings of this alias, or the rights to the file."
        if site.alias == "default"
        else "Start the server, or mend the DATABASES settings of this alias."
    ),
)
def mend_the_settings(site: Site) -> None:
    connections["elsewhere"].settings_dict["NAME"] = connections[site.alias].settings_dict["NAME"]


@advice(
    "E103",
    history.history_table_dropped,
    "Restore django_migrations from the backup or dump that this database came from.",
)
def restore_the_history_table(site: Site) -> None:
    site.record("shop", "0001_initial", "0002_price")


@advice(
    "E103",
    history.history_table_dropped,
    "Where the data is worth nothing, drop the tables and migrate from empty.",
)
def drop_the_tables_and_migrate(site: Site) -> None:
    site.execute("DROP TABLE shop_initial")
    site.execute("DROP TABLE shop_price")
    site.migrate()


def to(site: Site) -> str:
    """The option that names the database, where it is not the default."""
    return "" if site.alias == "default" else f" --database {site.alias}"


@advice(
    "E112",
    rows.file_has_another_name_with_the_same_number,
    lambda site: (
        "Where shop.0002_cost is another migration, of which the schema has nothing (python manage.py sqlmigrate "
        f"shop 0002_cost{to(site)} shows what it does), apply it with python manage.py migrate{to(site)}; the row of "
        "shop.0002_price is then orphaned."
    ),
    leaves=("W111",),
)
def apply_it_by_migrate(site: Site) -> None:
    site.migrate()


@advice(
    "E116",
    squashes.only_the_row_of_the_squash_is_there,
    "Where every database has the squash, take 'replaces' out of its file.",
)
def take_replaces_out(site: Site) -> None:
    site.deploy(shop=squashes.FINISHED)


@advice(
    "E117",
    squashes.half_of_a_squash_is_recorded_and_the_files_are_gone,
    "Bring the files of shop.0002_price back from version control, and migrate.",
)
def bring_the_files_back_and_migrate(site: Site) -> None:
    site.deploy(shop=squashes.SQUASHED | squashes.ORIGINALS)
    site.migrate()


@advice(
    "E201", files.failing_import, lambda site: f"Mend {site.file('shop', '0002_price')}:2.", leaves=("I113",)
)
def mend_the_file(site: Site) -> None:
    site.write("shop/migrations/0002_price.py", squashes.ORIGINALS["0002_price"])


@advice("E201", files.package_that_is_not_there, "Mend what the reason names.")
def mend_what_the_reason_names(site: Site) -> None:
    site.restart(MIGRATION_MODULES={"shop": "shop.migrations"})


@advice(
    "E202",
    files.dependency_is_not_there,
    lambda site: (
        f"Bring shop.0001_first back, or mend the dependency in {site.file('shop', '0002_price')}:5."
    ),
    leaves=("I113",),
)
def mend_the_dependency(site: Site) -> None:
    site.write("shop/migrations/0002_price.py", squashes.ORIGINALS["0002_price"])


@advice(
    "E202",
    files.app_of_the_dependency_is_not_installed,
    lambda site: (
        "Put the app 'removed' into INSTALLED_APPS, or mend the dependency in "
        f"{site.file('shop', '0002_price')}:5."
    ),
    leaves=("E204",),
)
def put_the_app_back(site: Site) -> None:
    site.write("removed/__init__.py", "")
    site.write("removed/migrations/__init__.py", "")
    site.write("removed/migrations/0001_initial.py", migration())
    site.restart(INSTALLED_APPS=["removed", *site.settings["INSTALLED_APPS"]])


@advice(
    "E202",
    files.app_of_the_dependency_has_an_empty_package,
    lambda site: f"Give stock a migration, or mend the dependency in {site.file('shop', '0001_initial')}:5.",
    leaves=("W102",),
)
def give_the_app_a_migration(site: Site) -> None:
    site.write("stock/migrations/0001_initial.py", migration())


@advice(
    "E203",
    files.two_migrations_wait_for_each_other,
    lambda site: (
        "Take one dependency of the cycle out "
        f"({site.file('shop', '0001_initial')}:5); split a squash that caused it."
    ),
    leaves=("I113",),
)
def take_one_dependency_out(site: Site) -> None:
    site.write("shop/migrations/0001_initial.py", squashes.ORIGINALS["0001_initial"])


@advice(
    "E204",
    files.two_branches_were_merged,
    "Or renumber the later one and make it depend on the other, where no database has it yet.",
    leaves=("W105",),
)
def renumber_the_later_one(site: Site) -> None:
    gift = {"0003_gift": migration(after=[("shop", "0002_price")], makes=["Gift"])}
    site.deploy(shop=chain("shop", "0001_initial", "0002_price") | gift)


@pytest.mark.parametrize("advice", ADVICE, ids=str)
def test_advice_that_is_followed_cures_the_finding(advice: Advice, site: Site) -> None:
    alias = advice.situation(site).alias or site.alias
    report = guard.inspect(alias)
    offered = [fix for finding in report.findings if short(finding) == advice.code for fix in finding.fixes]
    assert Fix(summary=advice.summary(site)) in offered
    advice.follow(site)
    site.restart()
    assert codes(guard.inspect(alias)) == set(advice.leaves)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_every_fix_of_every_situation_is_carried_out_by_a_test(engine: str, tmp_path: Path) -> None:
    commands, words = set(), set()
    for number, situation in enumerate(SITUATIONS):
        with Site(tmp_path / str(number), engine) as site:
            expected = situation.bring_about(site)
            report = guard.inspect(expected.alias or engine, thorough=expected.thorough)
        for finding in report.findings:
            commands |= {(short(finding), verbs(fix)) for fix in finding.fixes if fix.commands}
            words |= {short(finding) for fix in finding.fixes if not fix.commands}
        connections.close_all()
        servers.empty("sqlite", servers.name())
    assert commands == {(case.code, case.does) for case in CASES}
    assert words == {one.code for one in ADVICE}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_migrate_cures_wherever_it_is_offered_without_a_condition(engine: str, tmp_path: Path) -> None:
    offered, conditional = set(), set()
    for number, situation in enumerate(SITUATIONS):
        with Site(tmp_path / str(number), engine) as site:
            if situation.bring_about(site).alias is None:
                findings = guard.inspect(engine).findings
                curable = {
                    short(finding): fix
                    for finding in findings
                    for fix in finding.fixes
                    if verbs(fix) == "migrate"
                }
                if any(fix.summary.endswith(", after the errors are solved.") for fix in curable.values()):
                    conditional.add(str(situation))
                    assert {short(finding) for finding in findings} & REFUSED
                elif curable:
                    offered.add(str(situation))
                    site.migrate()
                    site.restart()
                    assert not codes(guard.inspect(engine)) & set(curable)
        connections.close_all()
        servers.empty("sqlite", servers.name())
    assert "W105-newer-files-than-rows" in offered
    assert "E204-two-branches-were-merged" in conditional


REFUSED = {"E104", "E204", "E112", "E116", "E117"}
"""With these, ``migrate`` refuses, dies, or applies again what the schema already has."""


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_nothing_is_advised_that_removes_rows_while_the_graph_cannot_be_loaded(site: Site) -> None:
    files.squash_is_faulty(site)
    site.record("shop", "0009_gone")
    findings = guard.inspect(site.alias).findings
    assert [(short(finding), len(finding.fixes)) for finding in findings] == [
        ("E201", 1),
        ("W111", 0),
        ("I115", 0),
        ("I115", 0),
    ]
