"""The settings of the product, its worker with an engine that does what the log says."""

from heimdall_project.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.probe_jobs"]  # noqa: F405
