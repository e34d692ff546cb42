"""The settings of the product, and a consumer that confirms what is sent again."""

from heimdall_project.settings import *  # noqa: F403

DEBUG = False  # or every query would be remembered
INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.confirming"]  # noqa: F405
