"""A shop of django-oscar with every app that the distribution names, the guard, and nothing of its own."""

from __future__ import annotations

from oscar import INSTALLED_APPS as OSCAR_APPS  # type: ignore[import-not-found]
from oscar.defaults import *  # type: ignore[import-not-found] # noqa: F403 - its documented way

from tests.real_projects.surroundings import database, migration_modules

SECRET_KEY = "real-projects"
USE_TZ = True
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": database()}
MIGRATION_MODULES = migration_modules()
ROOT_URLCONF = "tests.real_projects.no_urls"
STATIC_URL = "/static/"
SITE_ID = 1
INSTALLED_APPS = [*OSCAR_APPS, "django_migration_guard"]
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
