"""The jobs product as a Django app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Fills the registry of event streams and the system checks."""

    name = "jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what others find by name."""
        from heimdall_project.api import stream as streams

        from . import checks, live  # noqa: F401
        from .stream import ROUTE, job_timeline

        streams.register(ROUTE, job_timeline)
        streams.register(live.ROUTE, live.job_news, parameters=live.PARAMETERS)
