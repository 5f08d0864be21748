"""A generated Django project with any number of migrations, all of them recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from pprint import pformat
from typing import Any

_SETTINGS = """\
DATABASES = {databases}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "health_check",
    "django_migration_guard",
    *(f"app_{{number:03}}" for number in range({apps})),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {{
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        }},
    }},
]
ROOT_URLCONF = "urls"
ALLOWED_HOSTS = ["localhost"]
SECRET_KEY = "only the benchmark knows it"
STATIC_URL = "static/"
"""

_URLS = """\
from django.http import HttpResponse
from django.urls import include, path


def empty(request):
    return HttpResponse("")


urlpatterns = [path("empty", empty), path("health/", include("django_migration_guard.urls"))]
"""

_MANAGE = """\
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""

_MIGRATION = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = {initial}
    replaces = {replaces}
    dependencies = {dependencies}
    operations = [
{operations}
    ]
"""

_CREATE = """\
        migrations.CreateModel(
            name="Thing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
            ],
        ),"""

_ADD = """\
        migrations.AddField(
            model_name="thing",
            name="field_{number}",
            field=models.CharField(blank=True, default="", max_length=50),
        ),"""


def write(directory: Path, databases: dict[str, dict[str, Any]], *, apps: int, migrations: int) -> None:
    """Write a project of ``apps`` apps with ``migrations`` migrations each, five at least.

    Every fifth migration depends on one of the app before, and every tenth app has a squash of its first
    five beside the files that it replaces.
    """
    settings = _SETTINGS.format(databases=pformat(databases), apps=apps)
    (directory / "settings.py").write_text(settings, encoding="utf-8")
    (directory / "urls.py").write_text(_URLS, encoding="utf-8")
    (directory / "manage.py").write_text(_MANAGE, encoding="utf-8")
    for app in range(apps):
        package = directory / _label(app) / "migrations"
        package.mkdir(parents=True)
        (package.parent / "__init__.py").touch()
        (package / "__init__.py").touch()
        for number in range(1, migrations + 1):
            before = [(_label(app), _name(number - 1))] if number > 1 else []
            across = [(_label(app - 1), _name(number))] if app and number % 5 == 1 else []
            _write_migration(package / f"{_name(number)}.py", [number], before + across)
        if app % 10 == 0:
            replaced = [1, 2, 3, 4, 5]
            across = [(_label(app - 1), _name(1))] if app else []
            replaces = [(_label(app), _name(number)) for number in replaced]
            _write_migration(package / f"0001_squashed_{_name(5)}.py", replaced, across, replaces)


def _label(app: int) -> str:
    return f"app_{app:03}"


def _name(number: int) -> str:
    return "0001_initial" if number == 1 else f"{number:04}_thing_field_{number}"


def _write_migration(
    file: Path,
    numbers: Sequence[int],
    dependencies: Sequence[tuple[str, str]],
    replaces: Sequence[tuple[str, str]] = (),
) -> None:
    operations = [_CREATE if number == 1 else _ADD.format(number=number) for number in numbers]
    source = _MIGRATION.format(
        initial=numbers[0] == 1,
        replaces=list(replaces),
        dependencies=list(dependencies),
        operations="\n".join(operations),
    )
    file.write_text(source, encoding="utf-8")
