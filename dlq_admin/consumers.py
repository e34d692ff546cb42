"""Workers of dead letters."""

import time
from threading import Event
from typing import ClassVar

from django.conf import settings
from django.db import DatabaseError

from heimdall_project.errors import StopOnPurpose, TransientError
from heimdall_project.observability.crash import crash_point
from heimdall_project.streams import topics
from heimdall_project.streams.books import is_outage
from heimdall_project.streams.broker import producer
from heimdall_project.streams.consumer import Batch, BatchConsumer, BatchPolicy, Loop
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.outcomes import DUPLICATE
from heimdall_project.streams.ports import SystemClock
from heimdall_project.streams.records import Record
from heimdall_project.streams.registry import register
from heimdall_project.streams.relay import delivery_timeout

from .services import (
    LEASE,
    Indexed,
    Redriver,
    bounds_by_retention,
    letters_clean_up,
    letters_index,
    trend_forget,
)


@register
class DlqIndexer(BatchConsumer[Record]):
    """Turns each dead letter into a row: who failed on what, and why.

    Idempotent by the place of the original record and its group, and by redrive id. Total: whatever bytes
    come become a row. One that does not, by a defect of ours, stops the worker: a dead letter has no dead
    letters.
    """

    name = "dlq-indexer"
    topic = tuple(spec.name for spec in topics.specs() if spec.dead_letters is None)
    batch = BatchPolicy(records=1000, seconds=0.2)

    def handle(self, batch: Batch[Record]) -> None:
        """Index them, all in one transaction."""
        try:
            answers = letters_index(records=batch.records)
        except Exception as error:  # boundary: what is none of an outage must not become a dead letter
            if len(batch) > 1 or _is_away(error):
                raise  # offered again: later, or in halves until the culprit stands alone
            raise StopOnPurpose(f"{batch.records[0]} cannot be indexed: {type(error).__name__}") from error
        crash_point("dlq.after_index")
        for record, what in zip(batch.records, answers, strict=True):
            if what is Indexed.DUPLICATE:
                batch.settle(record, DUPLICATE)


def _is_away(error: Exception) -> bool:
    if isinstance(error, DatabaseError):
        return is_outage(error)
    return isinstance(error, TransientError | StopOnPurpose)


@register
class DlqRedriver(Loop):
    """Sends approved dead letters again, at the rate set, and finds out what became of them.

    Idempotent by redrive id, which is fixed before anything is sent: published perhaps twice after a crash,
    handled once.
    """

    name = "dlq-redriver"
    interval = 0.2
    step_budget: ClassVar[float] = delivery_timeout(settings.OUTBOX_LEASE) + 100.0

    def start(self) -> None:
        """Build the redriver of this process."""
        lease = Lease(LEASE, duration=settings.OUTBOX_LEASE, clock=SystemClock())
        patience = delivery_timeout(settings.OUTBOX_LEASE)
        self._redriver = Redriver(lease=lease, producer=producer(delivery_timeout=patience))

    def step(self, stop: Event) -> bool:
        """One round over all running batches."""
        return self._redriver.step()

    def close(self) -> None:
        """Let one that stands by take over at once."""
        self._redriver.close()


@register
class DlqCleanup(Loop):
    """Deletes bytes and rows of closed dead letters once their retention is over; never what is open.

    Idempotent by the row of each letter, which is locked and asked again; several may run.
    """

    name = "dlq-cleanup"
    interval = 1.0

    def __init__(self) -> None:
        self._due_at = 0.0

    def step(self, stop: Event) -> bool:
        """Now and then a bounded cleanup; True if there is more."""
        if time.monotonic() < self._due_at:
            return False
        bounds = bounds_by_retention()
        cleaned = letters_clean_up(actor=None, reason="retention", bounds=bounds)
        trend_forget(bounds=bounds)
        if not cleaned.more:
            self._due_at = time.monotonic() + settings.DLQ_CLEANUP_INTERVAL
        return cleaned.more
