"""The composition root as a Django app, so that it can own commands."""

from django.apps import AppConfig


class HeimdallConfig(AppConfig):
    """Commands that need every product."""

    name = "heimdall_project"
    label = "heimdall"
