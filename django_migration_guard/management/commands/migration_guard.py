"""``manage.py migration_guard``: parse, call one verb, render, choose an exit status."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from django_migration_guard import __version__, guard
from django_migration_guard.findings import Level, Report
from django_migration_guard.reporters import json, text

NO_FINDINGS, FINDINGS, WRONG_USE, NOT_ASKED, CANCELLED = 0, 1, 2, 3, 130
_BEHIND = "_behind_the_verb"

_EPILOG = """\
exit status:
  0    nothing at or above --fail-level
  1    findings at or above it
  2    wrong use
  3    the question could not be asked: a database is silent, or the graph cannot be loaded
  130  cancelled

example:
  python manage.py migration_guard status --database default --format json
"""


class Command(BaseCommand):
    """Reports on migrations. Needs no system checks: it must work where they fail."""

    help = "Tells the truth about migrations: what is on disk, and what is recorded in every database."
    requires_system_checks: Any = ()

    def get_version(self) -> str:
        """Return the version of the guard, for ``--version``."""
        return __version__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the verbs. ``status`` is the one that is meant where none is named."""
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.epilog = _EPILOG
        _add_status_options(parser)
        verbs = parser.add_subparsers(dest="verb", title="verbs", metavar="status")
        status = verbs.add_parser(
            "status",
            help="what is pending, orphaned, conflicting or broken (the default)",
            description="Reports on every database: one line each, then the findings, worst first.",
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            argument_default=argparse.SUPPRESS,
        )
        _add_status_options(status, again=True)
        _add_common_options(status)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Report, and end with the exit status that the findings call for."""
        aliases = _known(_all(options, "databases"), connections.settings, "database alias")
        labels = _known(
            _all(options, "apps"), [config.label for config in apps.get_app_configs()], "app label"
        )
        try:
            reports = guard.inspect_all(aliases or None)
        except KeyboardInterrupt:
            self.stderr.write("Cancelled. Nothing was changed.")
            raise SystemExit(CANCELLED) from None
        if labels:
            reports = tuple(report.only(frozenset(labels)) for report in reports)
        plain = os.environ.get("NO_COLOR") and not options["force_color"]
        paint = text.plain if plain else self._paint
        self._write(
            json.render(reports)
            if options["format"] == "json"
            else text.render(reports, verbosity=options["verbosity"], paint=paint)
        )
        raise_for(reports, Level[options["fail_level"].upper()])

    def _write(self, rendered: str) -> None:
        """Write to the standard output, with escapes for what its encoding has not."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        try:
            self.stdout.write(rendered.encode(encoding, "backslashreplace").decode(encoding), ending="")
            self.stdout.flush()
        except BrokenPipeError:
            # The reader, `head` perhaps, has seen enough; Python would complain once more at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _paint(self, role: str, part: str) -> str:
        styles = {
            "error": self.style.ERROR,
            "unhealthy": self.style.ERROR,
            "warning": self.style.WARNING,
            "degraded": self.style.WARNING,
            "info": self.style.NOTICE,
            "healthy": self.style.SUCCESS,
        }
        return styles[role](part)


def raise_for(reports: Iterable[Report], fail_level: Level) -> None:
    """Raise SystemExit with the documented status, or return where there is nothing to fail for."""
    listed = list(reports)
    if any(not report.answered for report in listed):
        raise SystemExit(NOT_ASKED)
    if any(report.level is not None and report.level >= fail_level for report in listed):
        raise SystemExit(FINDINGS)


def _all(options: dict[str, Any], name: str) -> list[str]:
    """Return what a repeatable option was given before the verb and behind it."""
    return [*options[name], *options.get(f"{name}{_BEHIND}", [])]


def _known(chosen: list[str], possible: Iterable[str], what: str) -> list[str]:
    known = sorted(possible)
    for one in chosen:
        if one not in known:
            near = difflib.get_close_matches(one, known, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(known)}."
            raise CommandError(f"Unknown {what} '{one}'. {hint}", returncode=WRONG_USE)
    return list(dict.fromkeys(chosen))


def _add_status_options(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Add the options of ``status``; ``again`` where a verb repeats them, so that it overrides no earlier word."""

    def default(value: Any) -> Any:
        return argparse.SUPPRESS if again else value

    behind = _BEHIND if again else ""

    parser.add_argument(
        "--database",
        action="append",
        dest=f"databases{behind}",
        metavar="ALIAS",
        default=default([]),
        help="a database to look at; repeatable (default: all)",
    )
    parser.add_argument(
        "--app",
        action="append",
        dest=f"apps{behind}",
        metavar="LABEL",
        default=default([]),
        help="an app to report on; repeatable (default: all)",
    )
    parser.add_argument("--format", choices=["text", "json"], default=default("text"), help="default: text")
    parser.add_argument(
        "--fail-level",
        choices=[level.word for level in Level],
        default=default("warning"),
        help="the lowest level of finding that makes the exit status 1 (default: warning)",
    )


def _add_common_options(parser: argparse.ArgumentParser) -> None:
    """Let Django's own options stand behind a verb as well as before it."""
    suppressed: Any = argparse.SUPPRESS
    parser.add_argument(
        "-v", "--verbosity", type=int, choices=[0, 1, 2, 3], default=suppressed, help="default: 1"
    )
    parser.add_argument("--settings", default=suppressed, help="the Python path to a settings module")
    parser.add_argument("--pythonpath", default=suppressed, help="a directory to add to the Python path")
    parser.add_argument(
        "--traceback", action="store_true", default=suppressed, help="show tracebacks of errors"
    )
    parser.add_argument("--no-color", action="store_true", default=suppressed, help="no colours")
    parser.add_argument(
        "--force-color", action="store_true", default=suppressed, help="colours also where piped"
    )
