"""Settings of the shop. Nothing needs to be set to run it on a development machine.

Environment:
    DATABASE_URL            see `shop.databases`; default: shop.sqlite3 beside manage.py
    DATABASE_CONN_MAX_AGE   seconds that a connection is kept, or `none` for ever; default 0
    DJANGO_DEBUG            1 or 0; default 1
    DJANGO_ALLOWED_HOSTS    host names separated by commas; default: this machine only
    DJANGO_SECRET_KEY       default: a key for development, which anybody can read here
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from .databases import databases

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = os.environ.get(
    "DJANGO_SECRET_KEY", "for development only: this key can be read in the repository"
)
DEBUG = os.environ.get("DJANGO_DEBUG", "1") == "1"
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "health_check",
    "django_migration_guard",
    "accounts",
    "analytics",
    "catalog",
    "inventory",
    "orders",
    "payments",
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

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"

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

_max_age = os.environ.get("DATABASE_CONN_MAX_AGE", "0")
DATABASES = databases(
    os.environ.get("DATABASE_URL") or f"sqlite:///{quote((BASE_DIR / 'shop.sqlite3').as_posix())}",
    conn_max_age=None if _max_age == "none" else int(_max_age),
)
DATABASE_ROUTERS = ["shop.routers.AnalyticsRouter"]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
