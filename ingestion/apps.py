"""The ingestion product as a Django app."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    """Events on their way into ClickHouse."""

    name = "ingestion"
    default_auto_field = "django.db.models.BigAutoField"
