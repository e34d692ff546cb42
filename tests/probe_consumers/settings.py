"""The settings, with the probe consumers added; for processes that tests start."""

from heimdall_project.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.probe_consumers"]  # noqa: F405
