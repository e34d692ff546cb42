"""The probe consumers as a Django app, added by `tests.probe_consumers.settings` only."""

import os

from django.apps import AppConfig


class ProbeConsumersConfig(AppConfig):
    """Its `consumers.py` is discovered like that of any product."""

    name = "tests.probe_consumers"
    label = "probe_consumers"

    def ready(self) -> None:
        """Another version of a contract, where the test wants one."""
        if version := os.environ.get("PROBE_CONTRACT"):
            from .contracts import use

            use(version)
