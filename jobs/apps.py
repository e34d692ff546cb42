"""The jobs product as a Django app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """See the package's modules."""

    name = "jobs"
    default_auto_field = "django.db.models.BigAutoField"
