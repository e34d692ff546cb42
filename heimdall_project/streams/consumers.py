"""The workers of the runtime itself."""

from threading import Event
from typing import ClassVar

from django.conf import settings

from .broker import producer
from .consumer import Loop
from .lease import Lease
from .outbox_store import OutboxStore
from .ports import SystemClock
from .registry import register
from .relay import Relay, delivery_timeout

RELAY_LEASE = "outbox"
QUICK_POLL = 0.01
AWAKE = 1.0
"""Seconds after the last event for which the relay looks for more that often."""


def poll_after(silence: float) -> float:
    """Seconds to the next look, when the last event went out `silence` seconds ago.

    An event is seldom alone, and what it is part of waits for each look: a job passes the outbox twice.
    """
    return min(QUICK_POLL, settings.OUTBOX_POLL) if silence < AWAKE else settings.OUTBOX_POLL


@register
class OutboxRelay(Loop):
    """Publish the outbox as its only leader, or stand by. Idempotent by event id, which a repeat carries."""

    name: ClassVar[str] = "outbox-relay"
    interval = settings.OUTBOX_POLL
    step_budget: ClassVar[float] = delivery_timeout(settings.OUTBOX_LEASE) + 100.0
    """Waiting for the broker, and then for PostgreSQL, whose statements have bounds of their own."""

    def start(self) -> None:
        """Build the relay of this process; the Kafka client comes with the first event."""
        self._clock = clock = SystemClock()
        self._relay = Relay(
            store=OutboxStore(),
            lease=Lease(RELAY_LEASE, duration=settings.OUTBOX_LEASE, clock=clock),
            producer=producer(delivery_timeout=delivery_timeout(settings.OUTBOX_LEASE), gapless=True),
            clock=clock,
            batch=settings.OUTBOX_BATCH,
            retention=settings.OUTBOX_RETENTION,
        )

    def step(self, stop: Event) -> bool:
        """Publish one batch; True if there is more, or may be: events were written meanwhile."""
        before = self._relay.published_at
        more = self._relay.step(stop)
        self.interval = poll_after(self._clock.monotonic() - self._relay.published_at)
        return more or self._relay.published_at > before

    def close(self) -> None:
        """Let a relay that stands by take over at once."""
        self._relay.close()
