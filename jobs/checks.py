"""Settings of jobs that must fit each other."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from heimdall_project.streams import topics
from heimdall_project.streams.topics import Topic

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


@register()
def times(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What waits on a topic must not be deleted, nor what tells of it forgotten, while it may still come."""
    kept = topics.spec(Topic.ANALYSIS_REQUEST).retention_ms / 1000
    found: list[CheckMessage] = []
    if kept <= settings.JOB_QUEUE_DEADLINE:
        found.append(
            Error(
                f"JOB_QUEUE_DEADLINE ({settings.JOB_QUEUE_DEADLINE:g} s) is longer than requests are kept on "
                f"their topic ({kept:g} s): jobs would wait for requests that are gone.",
                hint="Shorten the deadline.",
                id="jobs.E002",
            )
        )
    if kept >= settings.JOB_RETENTION:
        found.append(
            Error(
                f"JOB_RETENTION ({settings.JOB_RETENTION:g} s) is shorter than requests are kept on their "
                f"topic ({kept:g} s): one that comes again would be analysed again.",
                hint="Lengthen the retention.",
                id="jobs.E003",
            )
        )
    return found
