"""The probe workers as a Django app, added by `tests.worker_settings` only."""

from django.apps import AppConfig


class ProbeWorkersConfig(AppConfig):
    """Its `consumers.py` is discovered like that of any product."""

    name = "tests.probe_workers"
    label = "probe_workers"
