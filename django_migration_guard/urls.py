"""``path("health/", include("django_migration_guard.urls"))`` gives ``health/ready`` and ``health/live``."""

from django.urls import path

from .views import ReadyView, live

app_name = "migration_guard"
urlpatterns = [
    path("ready", ReadyView.as_view(), name="ready"),
    path("live", live, name="live"),
]
