"""The Django application."""

from django.apps import AppConfig
from django.core import checks as django_checks
from django.utils.translation import gettext_lazy as _


class MigrationGuardConfig(AppConfig):
    """Registers the system checks. Has no models and no migrations of its own."""

    name = "django_migration_guard"
    label = "migration_guard"
    verbose_name = _("Migration guard")

    def ready(self) -> None:
        """Register the checks: settings always, databases under ``check --deploy --database ALIAS`` only."""
        from . import checks

        django_checks.register(checks.check_settings, "migration_guard")
        django_checks.register(checks.check_databases, django_checks.Tags.database, deploy=True)
