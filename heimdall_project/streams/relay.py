"""The relay publishes the outbox: one leader, rows in order of id, marked after the broker's answer.

One step: hold the lease, read the oldest unsent rows, publish them all, then mark what arrived, under the
lease's fence and together with the publish hooks. A crash anywhere in between publishes some rows again,
with the same event id. docs/adr/0002-outbox.md argues each part.
"""

from collections import Counter
from collections.abc import Sequence
from random import Random
from threading import Event

from ..errors import Fenced, TransientError
from ..observability import metrics
from ..observability.crash import crash_point
from ..observability.logging import get_logger
from . import tracing
from .lease import Lease
from .outbox_store import OutboxStore, Waiting
from .ports import Clock, Producer
from .records import Delivered
from .relay_holds import Holds, Settled, settle

BATCH_BYTES = 16 * 1024 * 1024
"""Bytes of values that the relay takes in hand at a time; the last row may go beyond."""
DELIVERY_SHARE = 0.5
MEASURE_EVERY = 5.0
HOOKS_EVERY = 5.0
HOOKS_ROWS = 1000
PURGE_EVERY = 60.0
PURGE_AGAIN = 1.0
"""Wait after a purge that left something over."""
PURGE_ROWS = 5000

log = get_logger(__name__)


def delivery_timeout(lease: float) -> float:
    """Seconds the broker has to answer, for a lease of so many seconds.

    The relay publishes only under a fresh lease (`lease.RENEW_BELOW`), and the client discards what was not
    sent by then, also if the process was frozen: before another relay can lead, nothing is left to send.
    """
    return lease * DELIVERY_SHARE


class Relay:
    """Publishes the outbox while it holds the lease, else stands by. Used from one thread."""

    def __init__(
        self,
        *,
        store: OutboxStore,
        lease: Lease,
        producer: Producer,
        clock: Clock,
        batch: int,
        retention: float,
        seed: int | None = None,
    ) -> None:
        self._store = store
        self._lease = lease
        self._producer = producer
        self._clock = clock
        self._batch = batch
        self._retention = retention
        self._holds = Holds(Random(seed))  # noqa: S311 - jitter
        self._measure_at = self._hooks_at = self._purge_at = 0.0
        self._hooks_after = 0
        self.published_at = float("-inf")
        """Monotonic time at which something was published last."""

    def step(self, stop: Event) -> bool:
        """Publish one batch; whether there is more. Raises TransientError while the database is away."""
        try:
            if not self._lease.hold():
                self._stand_by()
                return False
            metrics.RELAY_LEADER.set(1)
            more = self._publish(stop)
            self._keep_house()
        except Fenced:
            self._stand_by()  # what this one published and could not mark, its successor publishes again
            return False
        except TransientError:
            self._lease.doubt()
            raise
        return more

    def close(self) -> None:
        """Give the lease back and the client up. A lease that cannot be given back runs out by itself."""
        try:
            self._lease.release()
        except TransientError as error:
            log.warning("The lease runs out by itself", action="lease_not_released", error=str(error))
        self._stand_by()
        self._producer.close()

    def _stand_by(self) -> None:
        # What a leader measures, only the leader shows.
        metrics.RELAY_LEADER.set(0)
        metrics.OUTBOX_UNSENT.set(0)
        metrics.OUTBOX_OLDEST.set(0)
        metrics.OUTBOX_HELD.set(0)

    def _publish(self, stop: Event) -> bool:
        held = self._holds.held(self._clock.monotonic())
        due = self._store.waiting(rows=self._batch, most_bytes=BATCH_BYTES, held=held)
        crash_point("relay.after_select")
        if not due.rows or stop.is_set():
            return False
        if not self._lease.is_fresh:
            return True  # reading took long, or the process was frozen: ask for the lease again first
        rows = [due.rows[position] for position in self._holds.probe(row.key for row in due.rows)]
        keys = [row.key for row in rows]
        records = [row.record for row in rows]
        publication = tracing.Publication(records)
        answers = self._producer.publish(records)
        publication.answered(answers)
        crash_point("relay.after_delivery")
        settled = settle(keys, answers)
        places = [(rows[n], answer) for n in settled.sent if isinstance(answer := answers[n], Delivered)]
        if places:
            self._store.mark(self._lease, places)
            self.published_at = self._clock.monotonic()
        crash_point("relay.after_mark")
        self._holds.learn(keys, settled, self._clock.monotonic())
        self._report(rows, settled)
        return due.more or len(rows) < len(due.rows)

    def _report(self, rows: Sequence[Waiting], settled: Settled) -> None:
        for topic, count in Counter(rows[n].record.topic for n in settled.sent).items():
            metrics.OUTBOX_PUBLISHED.labels(topic).inc(count)
        if not settled.failed:
            return
        failed = Counter(key.topic for key in settled.failed)
        for topic, count in failed.items():
            metrics.OUTBOX_FAILED.labels(topic).inc(count)
        log.warning(
            "The broker did not take some events; their keys wait, the others go on",
            action="outbox_refused",
            keys=dict(failed),
            reason=next(iter(settled.failed.values())),
        )

    def _keep_house(self) -> None:
        now = self._clock.monotonic()
        if now >= self._measure_at:
            self._measure_at = now + MEASURE_EVERY
            backlog = self._store.backlog()
            metrics.OUTBOX_UNSENT.set(backlog.rows)
            metrics.OUTBOX_OLDEST.set(backlog.oldest)
            metrics.OUTBOX_HELD.set(len(self._holds))
        if now >= self._hooks_at:
            self._hooks_at = now + HOOKS_EVERY
            self._hooks_after = self._store.run_due_hooks(
                self._lease, after=self._hooks_after, rows=HOOKS_ROWS
            )
        if now >= self._purge_at:
            purged = self._store.purge(older_than=self._retention, rows=PURGE_ROWS)
            self._purge_at = now + (PURGE_AGAIN if purged >= PURGE_ROWS else PURGE_EVERY)
