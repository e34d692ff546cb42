"""Settings of jobs that must fit each other."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

AROUND_THE_LOG = 32 * 1024
"""Bytes of a request event beside the log: metadata, names, headers."""


@register()
def sizes(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """A request event must fit a record, or its job could never be published."""
    if settings.LOG_CONTENT_MAX_BYTES + AROUND_THE_LOG <= settings.KAFKA_MAX_RECORD_BYTES:
        return []
    return [
        Error(
            f"LOG_CONTENT_MAX_BYTES ({settings.LOG_CONTENT_MAX_BYTES}) leaves no room in a record of "
            f"KAFKA_MAX_RECORD_BYTES ({settings.KAFKA_MAX_RECORD_BYTES}).",
            hint=f"Keep them at least {AROUND_THE_LOG} bytes apart.",
            id="jobs.E001",
        )
    ]
