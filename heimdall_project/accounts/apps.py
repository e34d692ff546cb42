"""Accounts as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Users, roles, audit."""

    name = "heimdall_project.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Keep the roles in line with their table."""
        from . import checks  # noqa: F401
        from .roles import sync_roles

        # After every app's migration, since each brings rights of its own.
        post_migrate.connect(sync_roles, dispatch_uid="accounts.sync_roles")
