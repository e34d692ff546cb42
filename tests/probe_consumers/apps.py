"""The probe consumers as a Django app, added by `tests.probe_consumers.settings` only."""

from django.apps import AppConfig


class ProbeConsumersConfig(AppConfig):
    """Its `consumers.py` is discovered like that of any product."""

    name = "tests.probe_consumers"
    label = "probe_consumers"
