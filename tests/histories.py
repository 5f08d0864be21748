"""Random histories: what projects do to their migrations in years, and what should not have happened to them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from django.db.migrations import Migration

from django_migration_guard.snapshot import AppState, MigrationKey

Keys = tuple[MigrationKey, ...]

LABELS = ("accounts", "blog", "catalog", "orders")
OTHER_APPS = {
    "switched": AppState.SWITCHED_OFF,
    "plain": AppState.UNMIGRATED,
    "ignored": AppState.IGNORED_PACKAGE,
}
NOT_INSTALLED = "removed"
PARTS = ("dependencies", "replaces", "run_before")
_WORDS = ("initial", "price", "owner", "slug", "status", "index", "backfill", "unique")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one migration file says."""

    dependencies: Keys = ()
    replaces: Keys = ()
    run_before: Keys = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A project at one moment, and the rows of one of its databases; ``rows`` is None where the table is absent."""

    apps: Mapping[str, AppState]
    files: Mapping[MigrationKey, Written]
    """In the order in which Django comes upon them."""
    ignored: tuple[str, ...]
    """Names of the files in the package that Django ignores."""
    rows: Keys | None

    def migrations(self) -> dict[MigrationKey, Migration]:
        """Make the migrations as Django's loader would from their files."""
        return {key: _loaded(key, written) for key, written in self.files.items()}

    def replaced(self, squash: MigrationKey) -> set[MigrationKey]:
        """Follow what a squash replaces, squashes of squashes to their ends; all of them are given."""
        found: set[MigrationKey] = set()
        todo = [squash]
        while todo:
            written = self.files.get(todo.pop())
            new = set(written.replaces) - found if written else set()
            found |= new
            todo += new
        return found

    @property
    def leads_back(self) -> bool:
        """Whether a squash replaces itself. Before 6.0 Django's plan may then raise KeyError, or never end."""
        return any(key in self.replaced(key) for key in self.files)

    def text(self) -> str:
        """Write it as the call that makes it again."""
        files = "".join(f"    {key!r}: {written!r},\n" for key, written in self.files.items())
        return (
            f"History(\n  apps={dict(self.apps)!r},\n  files={{\n{files}  }},\n"
            f"  ignored={self.ignored!r},\n  rows={self.rows!r},\n)"
        )


def _loaded(key: MigrationKey, written: Written) -> Migration:
    label, name = key
    said: dict[str, object] = {part: list(getattr(written, part)) for part in PARTS}
    loaded: type[Migration] = type("Migration", (Migration,), {**said, "__module__": f"{label}.{name}"})
    return loaded(name, label)


def source(written: Written) -> str:
    """Write the migration file; its one operation does nothing."""
    return (
        "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = {list(written.dependencies)!r}\n"
        f"    replaces = {list(written.replaces)!r}\n"
        f"    run_before = {list(written.run_before)!r}\n"
        "    operations = [migrations.RunSQL('SELECT 1', migrations.RunSQL.noop)]\n"
    )


def history(seed: int) -> History:
    """Make the history of this number: the same on every machine, every Python and every Django."""
    return _Author(random.Random(seed)).write()


class _Author:
    """Lets a project live: migrations, squashes, squashes of squashes, deleted files; then a database of it."""

    def __init__(self, luck: random.Random) -> None:
        self.luck = luck
        self.labels = sorted(luck.sample(LABELS, luck.choice((1, 2, 2, 3, 4))))
        self.apps = dict.fromkeys(self.labels, AppState.MIGRATED)
        self.apps |= {label: state for label, state in OTHER_APPS.items() if self.happens(0.4)}
        self.files: dict[MigrationKey, Written] = {}
        self.ever: list[MigrationKey] = []
        """Every migration but squashes, in an order in which they could have been applied."""
        self.squashes: dict[MigrationKey, Keys] = {}
        """Every squash with what it was made from, squashes of squashes followed to their ends."""
        self.lines: dict[str, list[MigrationKey]] = {label: [] for label in self.labels}
        """Each app as its developers see it: a squash stands for what it was made from."""
        self.heads: dict[str, list[MigrationKey]] = {label: [] for label in self.labels}

    def happens(self, chance: float) -> bool:
        return self.luck.random() < chance

    def write(self) -> History:
        for _ in range(self.luck.randint(2, 6) * len(self.labels)):
            self.add(self.luck.choice(self.labels))
        self.run_some_before_others()
        for label in self.luck.sample(self.labels, self.luck.randint(0, len(self.labels))):
            for _ in range(self.luck.choice((1, 1, 2, 2, 3))):
                self.squash(label)
                if self.happens(0.4):
                    self.add(self.luck.choice(self.labels))
        for squash in list(self.squashes):
            self.age(squash)
        self.lose_files()
        self.botch()
        keys = sorted(self.files)
        if self.happens(0.5):
            self.luck.shuffle(keys)
            keys.sort(key=lambda key: key[0])
        ignored = ("0001_initial", "0002_price") if "ignored" in self.apps else ()
        files = {key: self.files[key] for key in keys}
        return History(apps=self.apps, files=files, ignored=ignored, rows=self.database())

    def add(self, label: str) -> None:
        """Write the next migration of an app: on its head, on an older one, or as a merge of its heads."""
        line, heads = self.lines[label], self.heads[label]
        number = 1 + sum(key[0] == label for key in self.ever)
        key = (label, f"{number:04d}_{'initial' if number == 1 else self.luck.choice(_WORDS)}")
        parents = heads[-1:]
        if len(heads) > 1 and self.happens(0.6):
            parents = list(heads)
        elif len(line) > 1 and self.happens(0.06):
            parents = [self.luck.choice(line)]
        self.heads[label] = [head for head in heads if head not in parents] + [key]
        self.files[key] = Written(dependencies=(*parents, *self.other_apps(label)))
        self.ever.append(key)
        line.append(key)

    def other_apps(self, label: str) -> Iterator[MigrationKey]:
        others = [other for other in self.labels if other != label and self.lines[other]]
        if others and self.happens(0.35):
            other = self.luck.choice(others)
            yield self.luck.choice([*self.lines[other], *(key for key in self.ever if key[0] == other)])
        if others and self.happens(0.06):
            yield self.luck.choice(others), self.luck.choice(("__first__", "__first__", "__latest__"))
        if self.happens(0.03):
            yield self.luck.choice([label, *self.apps]), "__first__"
        if self.happens(0.002):
            yield NOT_INSTALLED, self.luck.choice(("__first__", "0001_initial"))

    def run_some_before_others(self) -> None:
        for earlier, key in enumerate(self.ever):
            later = [other for other in self.ever[earlier + 1 :] if other[0] != key[0]]
            if later and self.happens(0.05):
                self.files[key] = replace(self.files[key], run_before=(self.luck.choice(later),))

    def squash(self, label: str) -> None:
        """Squash a part of an app's line, squashes in it included, as ``squashmigrations`` does or as people do."""
        line = self.lines[label]
        if len(line) < 2:
            return
        start = 0 if self.happens(0.6) else self.luck.randrange(len(line) - 1)
        end = self.luck.randint(start + 2, len(line))
        part = line[start:end]
        name = f"{part[0][1][:4]}_squashed_{part[-1][1].rpartition('_squashed_')[2]}"
        while (label, name) in self.files:
            name += "_again"
        squash = (label, name)
        inside = {one for key in part for one in (key, *self.targets(key))}
        replaces = part
        if self.happens(0.3):
            replaces = [one for key in part for one in self.targets(key)]
        elif self.happens(0.1):
            replaces = [one for key in part for one in dict.fromkeys((*self.targets(key), key))]
        dependencies = dict.fromkeys(
            one for key in part for one in self.files[key].dependencies if one not in inside
        )
        before = dict.fromkeys(one for key in part for one in self.files[key].run_before)
        self.files[squash] = Written(
            dependencies=tuple(dependencies), replaces=tuple(replaces), run_before=tuple(before)
        )
        self.squashes[squash] = tuple(one for key in part for one in self.targets(key))
        line[start:end] = [squash]
        if self.happens(0.6):
            self.heads[label] = [squash if head in part else head for head in self.heads[label]]

    def targets(self, key: MigrationKey) -> Keys:
        return self.squashes.get(key, (key,))

    def age(self, squash: MigrationKey) -> None:
        """Bring a squash to a later stage: files of what it replaces deleted, then ``replaces`` taken out."""
        stage = self.luck.choice(("new", "new", "new", "deleted", "deleted", "in part", "finished"))
        replaced = [*self.files[squash].replaces]
        if stage == "new":
            return
        if self.happens(0.6):
            replaced += [one for one in self.targets(squash) if one not in replaced]
        if stage == "in part":
            replaced = self.luck.sample(replaced, self.luck.randint(1, len(replaced)))
        repointed = self.happens(0.8)
        for key in replaced:
            self.files.pop(key, None)
        for key, written in self.files.items():
            if repointed and key != squash:
                depends = dict.fromkeys(squash if one in replaced else one for one in written.dependencies)
                before = dict.fromkeys(squash if one in replaced else one for one in written.run_before)
                self.files[key] = replace(written, dependencies=tuple(depends), run_before=tuple(before))
        if stage == "finished" and squash in self.files:
            self.files[squash] = replace(self.files[squash], replaces=())

    def lose_files(self) -> None:
        """Roll an app back by some files from its end, or lose one from the middle."""
        for label in self.labels:
            if self.happens(0.2):
                for _ in range(self.luck.randint(1, 2)):
                    needed = {one for written in self.files.values() for one in written.dependencies}
                    needed |= {one for written in self.files.values() for one in written.run_before}
                    ends = [key for key in self.files if key[0] == label and key not in needed]
                    if ends:
                        del self.files[ends[-1]]
        if len(self.files) > 1 and self.happens(0.06):
            del self.files[self.luck.choice(list(self.files))]

    def botch(self) -> None:
        """Edit a file as nobody should."""
        if not self.files or not self.happens(0.12):
            return
        key, other = self.luck.choice(list(self.files)), self.luck.choice([*self.files, *self.ever])
        written = self.files[key]
        match self.luck.choice(("dependencies", "run_before", "replaces", "forgotten")):
            case "dependencies":
                self.files[key] = replace(written, dependencies=(*written.dependencies, other))
            case "run_before":
                self.files[key] = replace(written, run_before=(*written.run_before, other))
            case "replaces":
                self.files[key] = replace(written, replaces=(*written.replaces, other))
            case _:
                self.files[key] = replace(written, dependencies=written.dependencies[1:])

    def database(self) -> Keys | None:
        """Record a part of what ever was: as ``migrate`` does, as rolling releases do, and as people do by hand."""
        if self.happens(0.03):
            return None
        everything = [*self.ever, *self.squashes]
        match self.luck.choice(("whole", "whole", "prefix", "prefix", "prefixes", "random", "nothing")):
            case "whole":
                rows = list(self.ever)
            case "prefix":
                rows = self.ever[: self.luck.randint(0, len(self.ever))]
            case "prefixes":
                ends = {label: self.luck.randint(0, 8) for label in self.labels}
                rows = [key for key in self.ever if int(key[1][:4]) <= ends[key[0]]]
            case "random":
                density = self.luck.choice((0.15, 0.5, 0.9))
                rows = [key for key in everything if self.happens(density)]
            case _:
                rows = []
        for squash in self.squashes:
            self.record_squash(squash, rows)
        self.add_noise(rows)
        return tuple(rows)

    def record_squash(self, squash: MigrationKey, rows: list[MigrationKey]) -> None:
        targets = self.targets(squash)
        if all(one in rows for one in targets):
            if squash not in rows and self.happens(0.6):
                rows.append(squash)
            if self.happens(0.1):  # pruned, too early or in time
                rows[:] = [one for one in rows if one not in targets]
        elif squash not in rows and self.happens(0.08):
            rows.append(squash)

    def add_noise(self, rows: list[MigrationKey]) -> None:
        if rows and self.happens(0.25):
            for key in self.luck.sample(rows, min(len(rows), self.luck.choice((1, 1, 2)))):
                rows.remove(key)
        for label in self.labels:
            number = self.luck.randint(1, 9)
            names = ("lost", self.luck.choice(_WORDS), self.luck.choice(_WORDS))
            rows += [(label, f"{number:04d}_{name}") for name in names if self.happens(0.08)]
        for label in (*OTHER_APPS, NOT_INSTALLED):
            names = ("0001_initial", "0005_gone", "unnumbered")
            rows += [(label, name) for name in names if self.happens(0.1)]
        if rows and self.happens(0.12):
            rows.insert(self.luck.randint(0, len(rows)), self.luck.choice(rows))
        if self.happens(0.15):
            self.luck.shuffle(rows)
