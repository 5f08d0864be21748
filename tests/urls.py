"""The URLs of the tests: the guard's own, as a project includes them, and a plain page of django-health-check."""

from django.contrib import admin
from django.urls import include, path
from health_check.views import HealthCheckView

from django_migration_guard.health import Migrations

urlpatterns = [
    path("admin/", admin.site.urls),
    path("health/", include("django_migration_guard.urls")),
    path("plain/", HealthCheckView.as_view(checks=[Migrations]), name="plain"),
    path(
        "strict/",
        HealthCheckView.as_view(checks=[(Migrations, {"warn_when_degraded": True})]),
        name="strict",
    ),
]
