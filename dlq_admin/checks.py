"""Settings of dead letters that must fit each other."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

from heimdall_project.streams import topics


def kept_on_topics() -> timedelta:
    """The longest time for which a topic holds its dead letters."""
    held = max(spec.retention_ms for spec in topics.specs() if spec.dead_letters is None)
    return timedelta(milliseconds=held)


@register()
def retention(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Bytes go before rows, and no row goes while its dead letter could be read again and come anew."""
    found: list[CheckMessage] = []
    if settings.DLQ_PAYLOAD_RETENTION > settings.DLQ_ROW_RETENTION:
        found.append(
            Error(
                f"DLQ_PAYLOAD_RETENTION ({settings.DLQ_PAYLOAD_RETENTION:g} s) is longer than "
                f"DLQ_ROW_RETENTION ({settings.DLQ_ROW_RETENTION:g} s): bytes go with their rows.",
                hint="Shorten the one or lengthen the other.",
                id="dlq_admin.E001",
            )
        )
    kept = kept_on_topics().total_seconds()
    if kept >= settings.DLQ_ROW_RETENTION:
        found.append(
            Error(
                f"DLQ_ROW_RETENTION ({settings.DLQ_ROW_RETENTION:g} s) is shorter than dead letters are kept "
                f"on their topics ({kept:g} s): an indexer that reads them again would take them for new.",
                hint="Lengthen the retention.",
                id="dlq_admin.E002",
            )
        )
    return found


@register()
def break_glass(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Whoever may approve alone is told so at each start."""
    if not settings.DLQ_BREAK_GLASS:
        return []
    return [
        checks.Warning(
            "DLQ_BREAK_GLASS is on: who has `dlq_admin.break_glass` sends dead letters again alone.",
            hint="Switch it off where two people are there to look.",
            id="dlq_admin.W001",
        )
    ]
