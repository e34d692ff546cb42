"""The Kafka runtime as a Django app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class StreamsConfig(AppConfig):
    """Discovers every app's `consumers.py`, so that `streams` imports no product."""

    name = "heimdall_project.streams"
    label = "streams"
    verbose_name = "Event streams"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Fill the registries and the system checks."""
        from . import checks  # noqa: F401

        autodiscover_modules("consumers")
