"""Dead letters as a Django app."""

from django.apps import AppConfig


class DlqAdminConfig(AppConfig):
    """Dead letters: what failed, why, and what is done about it."""

    name = "dlq_admin"
    verbose_name = "Dead letters"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what others find by name, and the system checks."""
        from heimdall_project.api import stream as streams

        from . import checks, stream  # noqa: F401

        streams.register(stream.COUNTS, stream.letter_news)
        streams.register(stream.BATCH, stream.batch_news)
