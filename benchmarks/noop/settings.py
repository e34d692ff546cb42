"""The settings of the product, its worker with an analyzer that does nothing."""

from heimdall_project.settings import *  # noqa: F403

DEBUG = False  # or every query would be remembered
INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.noop"]  # noqa: F405
