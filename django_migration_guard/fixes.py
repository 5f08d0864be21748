"""Ways out that rules offer: commands as data, each an argv that a person can paste."""

from __future__ import annotations

from .findings import Fix
from .snapshot import GitTrace, MigrationKey, dotted

_RECORDER = (
    "from django.db import connections; from django.db.migrations.recorder import MigrationRecorder as R; "
)


def manage(*arguments: str, alias: str | None = None) -> tuple[str, ...]:
    """Write a management command; ``--database`` stands only where it is not the default."""
    database = ("--database", alias) if alias not in (None, "default") else ()
    return ("python", "manage.py", *arguments, *database)


def recorder(alias: str, *calls: str) -> tuple[str, ...]:
    """Write a command that changes rows through Django's own recorder, which works when ``migrate`` refuses."""
    return (
        "python",
        "manage.py",
        "shell",
        "-c",
        f'{_RECORDER}r = R(connections["{alias}"]); ' + "; ".join(calls),
    )


def record(key: MigrationKey) -> str:
    """Write the recorder's call that records a migration."""
    return f'r.record_applied("{key[0]}", "{key[1]}")'


def run_out_of_turn(key: MigrationKey, *, alias: str) -> tuple[str, ...]:
    """Write a command that runs a migration by Django's executor, which plans what ``migrate`` skips or refuses."""
    imports = "from django.db import connections; from django.db.migrations.executor import MigrationExecutor as E; "
    call = f'E(connections["{alias}"]).migrate([("{key[0]}", "{key[1]}")])'
    return ("python", "manage.py", "shell", "-c", imports + call)


def unrecord(key: MigrationKey) -> str:
    """Write the recorder's call that removes a migration's rows."""
    return f'r.record_unapplied("{key[0]}", "{key[1]}")'


def rename_row(old: MigrationKey, new: MigrationKey) -> str:
    """Write the recorder's call that gives a row the name of the file that took its place."""
    return f'r.migration_qs.filter(app="{old[0]}", name="{old[1]}").update(name="{new[1]}")'


def keep_first_row(key: MigrationKey) -> str:
    """Write the recorder's call that leaves the oldest of several equal rows."""
    rows = f'r.migration_qs.filter(app="{key[0]}", name="{key[1]}")'
    return f'rows = {rows}; rows.exclude(pk=rows.order_by("pk").first().pk).delete()'


def look_at_sql(key: MigrationKey, *, alias: str) -> tuple[str, ...]:
    """Write the command that shows what a migration does to the schema."""
    return manage("sqlmigrate", *key, alias=alias)


def restore_file(trace: GitTrace, key: MigrationKey) -> Fix:
    """Bring a file back from git."""
    return Fix(
        summary=f"Bring the file of {dotted(key)} back; then keep it, or migrate {key[0]} back and delete it again.",
        commands=(("git", "-C", trace.root, "restore", f"--source={trace.commit}", "--", trace.path),),
    )
