"""The ingestion product as a Django app."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    """Events on their way into ClickHouse."""

    name = "ingestion"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what others find by name."""
        from . import checks  # noqa: F401
