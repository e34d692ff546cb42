"""The analysis product as a Django app."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    """See the package's modules."""

    name = "analysis"
    default_auto_field = "django.db.models.BigAutoField"
