"""The probe worker as a Django app, added by `tests.probe_jobs.settings` only."""

from django.apps import AppConfig


class ProbeJobsConfig(AppConfig):
    """After `analysis`, whose worker it replaces."""

    name = "tests.probe_jobs"
    label = "probe_jobs"
