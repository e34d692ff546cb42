"""The composition root as a Django app, so that it can own commands."""

from django.apps import AppConfig


class HeimdallConfig(AppConfig):
    """Commands that need every product, and the checks and schema extensions of the API."""

    name = "heimdall_project"
    label = "heimdall"

    def ready(self) -> None:
        """Register the system checks, and teach the OpenAPI document our authentication."""
        from .api import checks, schema  # noqa: F401
        from .clients import checks as client_checks  # noqa: F401
