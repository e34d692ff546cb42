"""Settings of intake and writer that must fit each other."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from .budgets import HANDLER_BUDGET, longest_call


@register()
def writer(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Times and amounts against each other."""
    return [*_times(), *_amounts()]


def _times() -> Iterator[CheckMessage]:
    if settings.WRITER_INSERT_TIMEOUT >= settings.WORKER_DRAIN_BUDGET:
        yield Error(
            f"WRITER_INSERT_TIMEOUT ({settings.WRITER_INSERT_TIMEOUT} s) is not below WORKER_DRAIN_BUDGET "
            f"({settings.WORKER_DRAIN_BUDGET} s): a stop or a rebalance would give up an insert that runs.",
            hint="Lower the first or raise the second, and WORKER_STOP_GRACE with it.",
            id="ingestion.E001",
        )
    longest = longest_call(settings.WRITER_INSERT_TIMEOUT, settings.CLICKHOUSE_CONNECT_TIMEOUT)
    if longest >= HANDLER_BUDGET:
        yield Error(
            f"While ClickHouse hangs, one batch of the writer may take {longest} s, not below its budget of "
            f"{HANDLER_BUDGET} s: the watchdog would end the worker.",
            hint="Lower WRITER_INSERT_TIMEOUT or CLICKHOUSE_CONNECT_TIMEOUT.",
            id="ingestion.E002",
        )


def _amounts() -> Iterator[CheckMessage]:
    if settings.WRITER_BATCH_MEGABYTES > settings.WRITER_MAX_BUFFER_MEGABYTES:
        yield Error(
            f"WRITER_BATCH_MEGABYTES ({settings.WRITER_BATCH_MEGABYTES:g}) is above "
            f"WRITER_MAX_BUFFER_MEGABYTES ({settings.WRITER_MAX_BUFFER_MEGABYTES:g}): no batch could ever be "
            "full.",
            hint="Raise WRITER_MAX_BUFFER_MEGABYTES to a few batches.",
            id="ingestion.E004",
        )
    if settings.WRITER_BATCH_ROWS > settings.WRITER_MAX_BUFFER:
        yield Error(
            f"WRITER_BATCH_ROWS ({settings.WRITER_BATCH_ROWS}) is above WRITER_MAX_BUFFER "
            f"({settings.WRITER_MAX_BUFFER}): no batch could ever be full.",
            hint="Raise WRITER_MAX_BUFFER to a few batches.",
            id="ingestion.E003",
        )


@register()
def intake(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What one request may bring, and what a process takes on."""
    found: list[CheckMessage] = []
    if settings.INGEST_MAX_BATCH > settings.INGEST_MAX_EVENTS:
        found.append(
            Error(
                f"INGEST_MAX_BATCH ({settings.INGEST_MAX_BATCH}) is above INGEST_MAX_EVENTS "
                f"({settings.INGEST_MAX_EVENTS}): the largest batches would always be answered 429.",
                hint="Lower the first or raise the second.",
                id="ingestion.E010",
            )
        )
    if settings.INGEST_ACK_TIMEOUT >= settings.WORKER_STOP_GRACE:
        found.append(
            Error(
                f"INGEST_ACK_TIMEOUT ({settings.INGEST_ACK_TIMEOUT} s) is not below WORKER_STOP_GRACE "
                f"({settings.WORKER_STOP_GRACE} s): a web door that stops would be killed meanwhile.",
                hint="Lower the first or raise the second, and stop_grace_period with it.",
                id="ingestion.E011",
            )
        )
    return found
