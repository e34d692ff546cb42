"""Dead letters as a Django app."""

from django.apps import AppConfig


class DlqAdminConfig(AppConfig):
    """Dead letters: what failed, why, and what is done about it."""

    name = "dlq_admin"
    verbose_name = "Dead letters"
    default_auto_field = "django.db.models.BigAutoField"
