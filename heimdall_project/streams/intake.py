"""Events out of requests, straight to Kafka: bounded, shared by all threads, answered after the broker's ack.

The stated exception from the outbox: an accepted event is one that the broker has acknowledged, and nothing
of it is in PostgreSQL. Nothing is ever taken for accepted without that acknowledgement.
"""

import atexit
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

from django.conf import settings

from ..errors import Unavailable
from ..observability import hooks, metrics
from ..observability.logging import get_logger
from .admission import NOT_STORED, RETRY_BUSY, Admission
from .broker import Flight, Pair, SharedProducer
from .records import Headers

log = get_logger(__name__)
PROBE_PATIENCE = 2.0
"""Seconds that a request waits for a broker that let others wait in vain."""


class Intake:
    """What the requests of one process share."""

    def __init__(self, producer: SharedProducer, admission: Admission) -> None:
        self._producer, self.admission = producer, admission

    @contextmanager
    def request(self) -> Iterator[None]:
        """A block in which a request counts as under way. Raises Busy or Unavailable."""
        try:
            self.admission.enter()
        except Unavailable as refused:
            _count_refusal(refused)
            raise
        try:
            yield
        finally:
            self.admission.leave()

    def publish(
        self, topic: str, pairs: Iterable[Pair], *, number: int, headers: Headers, deadline: float
    ) -> Flight:
        """Send and wait for every acknowledgement until `deadline` (monotonic). See `Flight` for the answers.

        Raises Busy or Unavailable before anything is sent.
        """
        begun = time.monotonic()
        if begun >= deadline:
            raise _refuse_late()
        try:
            is_probe = self.admission.take(number, now=begun)
        except Unavailable as refused:
            _count_refusal(refused)
            raise
        try:
            if is_probe:  # it may have waited for a thread while others waited for the broker
                deadline = min(deadline, begun + PROBE_PATIENCE)
            flight = self._producer.send(topic, pairs, headers, number=number, ended=self._ended)
            if not flight.wait(max(0.0, deadline - time.monotonic())):
                self.admission.waited_in_vain(since=begun)
        finally:
            if is_probe:
                self.admission.probed()
        metrics.INTAKE_ACK_SECONDS.observe(time.monotonic() - begun)
        return flight

    def _ended(self, flight: Flight) -> None:
        self.admission.give_back(len(flight.places), acknowledged=flight.is_acknowledged)

    def stop(self) -> None:
        """Take no new requests; those under way get their answers."""
        if not self.admission.stopping:
            self.admission.stop()
            log.info("Intake stops.", action="intake_stops", requests=self.admission.requests)

    def close(self) -> None:
        """Wait for what no request waits for any more, as long as the broker may take for it."""
        self.stop()
        atexit.unregister(self.close)  # what is closed is not kept until the process ends
        if left := self._producer.close(settings.INGEST_ACK_TIMEOUT):
            log.warning("Events without an answer were given up.", action="intake_closed", events=left)


def refuse_full() -> Unavailable:
    """There is no room left for a single event of a request."""
    metrics.INTAKE_REFUSED.labels("buffer_full").inc()
    return Unavailable(f"The buffer for the broker is full; {NOT_STORED}.", retry_after=RETRY_BUSY)


def _refuse_late() -> Unavailable:
    """Before a request had its turn, its time was over."""
    metrics.INTAKE_REFUSED.labels("too_late").inc()
    return Unavailable(f"This server is too busy; {NOT_STORED}.", retry_after=RETRY_BUSY)


def _count_refusal(refused: Unavailable) -> None:
    metrics.INTAKE_REFUSED.labels("busy" if refused.status == 429 else "unavailable").inc()


_intake: Intake | None = None
_lock = Lock()


def intake() -> Intake:
    """The one of this process."""
    global _intake
    if _intake is not None:
        return _intake
    with _lock:
        if _intake is None:
            _intake = _of_settings()
            atexit.register(_intake.close)
    return _intake


def _of_settings() -> Intake:
    events: int = settings.INGEST_MAX_EVENTS
    producer = SharedProducer(timeout=settings.INGEST_ACK_TIMEOUT, most_records=events)
    return Intake(producer, Admission(requests=settings.INGEST_MAX_REQUESTS, events=events))


def stop() -> None:
    """The server was asked to stop: see `Intake.stop`."""
    intake().stop()


@hooks.scrape.add
def _measure() -> None:
    if _intake is not None:
        metrics.INTAKE_REQUESTS.set(_intake.admission.requests)
        metrics.INTAKE_UNACKNOWLEDGED.set(_intake.admission.events)


def _forget() -> None:
    """A forked child has neither the client of its parent nor its thread."""
    global _intake, _lock
    _intake, _lock = None, Lock()


os.register_at_fork(after_in_child=_forget)
