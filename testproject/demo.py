"""Makes orphaned, pending and conflicting migrations for real, and shows what the guard says about them.

`python testproject/demo.py` needs Python 3.11 or newer and, once, a package index; git where it is there.
It works on a temporary copy of the shop, with SQLite, and leaves nothing behind but `.venvs/demo`. It ends
with 0 if the guard said what it must at every stage, and with 1 if not.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bootstrap import environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).resolve().parent
MODELS = Path("orders", "models.py")
MIGRATIONS = Path("orders", "migrations")
LEAF = "0014_order_orders_order_queue"
NOT_COPIED = shutil.ignore_patterns("*.sqlite3*", "__pycache__", "bootstrap.py", "demo.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A line of work on the orders: one new field of a model, and the migration that Django writes for it."""

    branch: str
    above: str
    line: str
    migration: str

    @property
    def path(self) -> Path:
        """The migration's file, from the project's directory."""
        return MIGRATIONS / f"{self.migration}.py"

    def write(self, project: Path) -> None:
        """Adds the field to the model, below the line `above`."""
        models = project / MODELS
        text = models.read_text(encoding="utf-8").replace(self.above, f"{self.above}{self.line}\n", 1)
        models.write_text(text, encoding="utf-8", newline="\n")


GIFT_WRAP = Feature(
    branch="gift-wrap",
    above='    gift_note = models.TextField(blank=True, default="")\n',
    line="    gift_wrap = models.BooleanField(default=False)",
    migration="0015_order_gift_wrap",
)
DELIVERY_DAY = Feature(
    branch="delivery-day",
    above='    currency = models.CharField(max_length=3, default="EUR")\n',
    line="    deliver_on = models.DateField(null=True, blank=True)",
    migration="0016_order_deliver_on",
)
COUPON_END = Feature(
    branch="coupon-end",
    above="    percent = models.PositiveSmallIntegerField()\n",
    line="    valid_until = models.DateField(null=True, blank=True)",
    migration="0016_coupon_valid_until",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Runs commands in the project's directory and shows them as a person would have typed them."""

    project: Path
    programs: Mapping[str, str]
    """Where the programs are that the commands call by name."""
    variables: Mapping[str, str]

    def run(self, *command: str, answer: str = "", status: int | None = 0) -> int:
        """Shows a command and what it prints; `answer` is typed into it.

        Raises SystemExit where it does not end with `status`; None allows every status.
        """
        line = subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)
        print(f"$ {line}", flush=True)
        done = subprocess.run(self._argv(command), input=answer, text=True, check=False, **self._place())
        if status is not None and done.returncode != status:
            raise SystemExit(f"'{line}' ended with status {done.returncode}, not {status}.")
        return done.returncode

    def answer(self, *command: str) -> str:
        """What a command prints, without showing it."""
        done = subprocess.run(
            self._argv(command), stdout=subprocess.PIPE, encoding="utf-8", check=False, **self._place()
        )
        return str(done.stdout)

    def manage(self, *arguments: str) -> None:
        """Shows a command of manage.py that must succeed."""
        self.run("python", "manage.py", *arguments)

    def _argv(self, command: Sequence[str]) -> list[str]:
        return [self.programs.get(command[0], command[0]), *command[1:]]

    def _place(self) -> dict[str, Any]:
        return {"cwd": self.project, "env": dict(self.variables)}


class History(Protocol):
    """The ways in which a team's work comes and goes."""

    def start(self, feature: Feature) -> None:
        """Leaves the main line, adds the feature's field and lets Django write the migration."""

    def back(self, feature: Feature) -> None:
        """Returns to the main line, which does not know the feature."""

    def recover(self, feature: Feature, finding: Mapping[str, Any]) -> None:
        """Brings the feature's migration back, and nothing else, while the guard finds it orphaned."""

    def merge(self, feature: Feature) -> None:
        """Brings the feature into the main line."""


@dataclass(frozen=True, slots=True)
class Branches:
    """Work in branches of a real git repository."""

    shell: Shell

    def __post_init__(self) -> None:
        self.shell.run("git", "init", "--quiet", "--initial-branch=main")
        self._commit("The shop")

    def start(self, feature: Feature) -> None:
        self.shell.run("git", "switch", "--quiet", "-c", feature.branch)
        write(self.shell, feature)

    def back(self, feature: Feature) -> None:
        self._commit(f"Add {feature.branch}")
        self.shell.run("git", "switch", "--quiet", "main")

    def recover(self, feature: Feature, finding: Mapping[str, Any]) -> None:  # noqa: ARG002, the guard names it
        say("The fix that the guard offers brings the file back; then Django can take the migration back.\n")
        fix(self.shell, finding)

    def merge(self, feature: Feature) -> None:
        self.shell.run("git", "merge", "--quiet", "--no-edit", feature.branch)

    def _commit(self, message: str) -> None:
        self.shell.run("git", "add", "--all")
        self.shell.run("git", "commit", "--quiet", "-m", message)


class Copies:
    """Work without git: files are deleted and written again."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.models = ""
        self.files: dict[Feature, str] = {}

    def start(self, feature: Feature) -> None:
        self.models = (self.shell.project / MODELS).read_text(encoding="utf-8")
        write(self.shell, feature)

    def back(self, feature: Feature) -> None:
        path = self.shell.project / feature.path
        self.files[feature] = path.read_text(encoding="utf-8")
        say(f"[{feature.path.as_posix()} is deleted, and the model is as it was]")
        path.unlink()
        (self.shell.project / MODELS).write_text(self.models, encoding="utf-8", newline="\n")

    def recover(self, feature: Feature, finding: Mapping[str, Any]) -> None:  # noqa: ARG002, it offers no fix
        say("The guard cannot look the file up without git; here it is known, and comes back.\n")
        say(f"[{feature.path.as_posix()} is written again]")
        self._write_migration(feature)

    def merge(self, feature: Feature) -> None:
        say(f"[{feature.path.as_posix()} and the field are written again]")
        self._write_migration(feature)
        feature.write(self.shell.project)

    def _write_migration(self, feature: Feature) -> None:
        (self.shell.project / feature.path).write_text(self.files[feature], encoding="utf-8", newline="\n")


def say(text: str) -> None:
    """Prints at once, so that the words stand in order with those of the commands."""
    print(text, flush=True)


def title(text: str) -> None:
    """Prints the heading of a stage."""
    say(f"\n== {text}\n")


def write(shell: Shell, feature: Feature) -> None:
    """Adds a feature's field and lets Django write its migration."""
    say(f"[orders/models.py gets the line: {feature.line.strip()}]")
    feature.write(shell.project)
    shell.manage("makemigrations", "orders")


def status(
    shell: Shell, *, verdict: str, default: Sequence[str] = (), analytics: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Shows the guard's status and returns its findings, for each database the worst first.

    `default` and `analytics` are the codes that these databases must have, each once or more, and no others.
    Raises SystemExit where the guard said something else, in its JSON or by its exit status.
    """
    command = ("python", "manage.py", "migration_guard", "status")
    ended = shell.run(*command, status=None)
    say(f"[exit status {ended}]\n")
    try:
        said = json.loads(shell.answer(*command, "--format", "json"))
    except json.JSONDecodeError as error:
        raise SystemExit(f"What the guard printed is not JSON: {error}.") from None
    findings = [finding for database in said["databases"] for finding in database["findings"]]
    found = (said["status"], sorted({(one["alias"], one["code"]) for one in findings}), ended)
    expected = [("analytics", code) for code in analytics] + [("default", code) for code in default]
    must = (verdict, [(alias, f"migration_guard.{code}") for alias, code in expected], 1 if expected else 0)
    if found != must:
        raise SystemExit(f"The guard said {found}; it had to say {must}.")
    return findings


def fix(shell: Shell, finding: Mapping[str, Any], answer: str = "") -> None:
    """Runs the commands of the safest fix that a finding offers."""
    for command in finding["fixes"][0]["commands"]:
        shell.run(*command, answer=answer)


def demonstrate(shell: Shell, history: History) -> None:
    """Goes through the stages. Raises SystemExit at the first that is not as it must be."""
    title("Healthy: a shop with a long history and two databases, migrated")
    shell.manage("migrate", "--verbosity", "0")
    shell.manage("migrate", "--verbosity", "0", "--database", "analytics")
    status(shell, verdict="healthy")

    title("Orphaned: a migration is applied, and then its branch is left")
    history.start(GIFT_WRAP)
    shell.manage("migrate", "orders")
    history.back(GIFT_WRAP)
    (orphan,) = status(shell, verdict="degraded", default=["W110"])
    history.recover(GIFT_WRAP, orphan)
    status(shell, verdict="healthy")
    shell.manage("migrate", "orders", LEAF)
    say(f"[{GIFT_WRAP.path.as_posix()} is deleted]")
    (shell.project / GIFT_WRAP.path).unlink()
    status(shell, verdict="healthy")

    title("Pending: the branch is merged, and nobody has migrated")
    history.merge(GIFT_WRAP)
    (pending,) = status(shell, verdict="unhealthy", default=["W105"])
    say("The fix that the guard offers:\n")
    fix(shell, pending)
    status(shell, verdict="healthy")

    title("Conflicting: two branches add a migration after the same one, and both are merged")
    for feature in (DELIVERY_DAY, COUPON_END):
        history.start(feature)
        history.back(feature)
    history.merge(DELIVERY_DAY)
    history.merge(COUPON_END)
    conflict, *_ = status(shell, verdict="unhealthy", default=["E204", "W105"], analytics=["E204"])
    say("The fix that the guard offers for the worst finding, answered with y:\n")
    fix(shell, conflict, answer="y\n")
    pending, *_ = status(shell, verdict="unhealthy", default=["W105"])
    say("And the one for what is left:\n")
    fix(shell, pending)
    status(shell, verdict="healthy")


def variables(directory: Path) -> dict[str, str]:
    """The environment of the commands: no setting of this person's projects or of their git leaks in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "GIT_"))}
    for name in ("DATABASE_URL", "DATABASE_CONN_MAX_AGE", "PYTHONPATH", "PYTHONHOME"):
        kept.pop(name, None)
    configuration = directory / "gitconfig"
    configuration.touch()
    people = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Robin"), ("EMAIL", "robin@shop.invalid"))
    }
    return {
        **kept,
        **people,
        "GIT_CONFIG_GLOBAL": str(configuration),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }


def working_git() -> str | None:
    """Where git is, or None. On a Mac without developer tools a program of that name only asks for them."""
    program = shutil.which("git")
    if program is None:
        return None
    answered = subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
    return program if answered else None


def main() -> int:
    """Prepares the copy, goes through the stages, cleans up. Returns the exit status."""
    python = environment("demo")
    git = working_git()
    if git is None:
        say("git is not here: the orphan is made by deleting a file, and the guard cannot say where it went.")
    with tempfile.TemporaryDirectory(prefix="migration-guard-demo-") as directory:
        project = Path(directory).resolve() / "shop"
        shutil.copytree(HERE, project, ignore=NOT_COPIED)
        (project / ".gitignore").write_text("*.sqlite3\n__pycache__/\n", encoding="utf-8")
        shell = Shell(
            project=project,
            programs={"python": str(python), "git": git or "git"},
            variables=variables(Path(directory).resolve()),
        )
        demonstrate(shell, Branches(shell) if git else Copies(shell))
    title("The guard said what it must at every stage")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
