"""The app; its `consumers` are found as those of every product."""

from django.apps import AppConfig


class NoopConfig(AppConfig):
    """After `analysis`, whose worker it replaces."""

    name = "benchmarks.noop"
