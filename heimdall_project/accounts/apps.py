"""Accounts as a Django app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles, audit."""

    name = "heimdall_project.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
