"""Budgets that must fit each other, checked before anything runs."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

from . import registry
from .consumer import Loop
from .relay import delivery_timeout


@register()
def budgets(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Time limits against each other."""
    found: list[CheckMessage] = []
    if settings.WORKER_DRAIN_BUDGET >= settings.WORKER_STOP_GRACE:
        found.append(
            Error(
                f"WORKER_DRAIN_BUDGET ({settings.WORKER_DRAIN_BUDGET} s) is not below WORKER_STOP_GRACE "
                f"({settings.WORKER_STOP_GRACE} s): workers would be killed while they drain.",
                hint="Lower the first or raise the second, and stop_grace_period with it.",
                id="streams.E001",
            )
        )
    if settings.KAFKA_SESSION_TIMEOUT > settings.KAFKA_MAX_POLL_INTERVAL:
        found.append(
            Error(
                "KAFKA_SESSION_TIMEOUT is above KAFKA_MAX_POLL_INTERVAL; the client refuses that.",
                hint="Keep the poll interval at several sessions.",
                id="streams.E002",
            )
        )
    if settings.WORKER_DRAIN_BUDGET >= settings.KAFKA_MAX_POLL_INTERVAL:
        found.append(
            Error(
                "WORKER_DRAIN_BUDGET is not below KAFKA_MAX_POLL_INTERVAL: giving partitions back could take "
                "longer than the group waits.",
                hint="Lower WORKER_DRAIN_BUDGET.",
                id="streams.E003",
            )
        )
    if (patience := delivery_timeout(settings.OUTBOX_LEASE)) >= settings.WORKER_DRAIN_BUDGET:
        found.append(
            Error(
                f"The outbox relay may wait {patience} s for the broker, half of OUTBOX_LEASE, not below "
                "WORKER_DRAIN_BUDGET: it would be killed while it waits.",
                hint="Lower OUTBOX_LEASE or raise WORKER_DRAIN_BUDGET.",
                id="streams.E006",
            )
        )
    for worker in registry.workers():
        budget = worker.step_budget if issubclass(worker, Loop) else worker.handler_budget  # type: ignore[attr-defined]
        if budget >= settings.KAFKA_MAX_POLL_INTERVAL:
            found.append(
                Error(
                    f"{worker.name}: one call may take {budget} s, not below KAFKA_MAX_POLL_INTERVAL.",
                    hint="Lower handler_budget or raise KAFKA_MAX_POLL_INTERVAL.",
                    id="streams.E004",
                )
            )
    return found


@register(deploy=True)
def production(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """What is fine on a laptop only."""
    if settings.KAFKA_REPLICATION_FACTOR >= 2:
        return []
    return [
        CheckWarning(
            "KAFKA_REPLICATION_FACTOR is 1: the loss of one broker loses accepted events.",
            hint="Use 2 or more in production.",
            id="streams.W001",
        )
    ]


@register()
def crash_points(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Fault injection must not be left on."""
    if not settings.CRASH_AT or settings.DEBUG:
        return []
    return [
        Error(
            f"HEIMDALL_CRASH_AT is set to {settings.CRASH_AT!r}: processes will end themselves there.",
            hint="Unset it; it is for fault tests.",
            id="streams.E005",
        )
    ]
