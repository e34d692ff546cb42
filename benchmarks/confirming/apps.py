"""The app; its `consumers` are found as those of every product."""

from django.apps import AppConfig


class ConfirmingConfig(AppConfig):
    """Beside all products."""

    name = "benchmarks.confirming"
