"""Handlers at work: units of records of one partition, tried in a thread beside the poll loop.

A try ends in one of three ways: every record has a verdict or a failure; some are left because the try
must yield (partition taken away, stop, time is up); or some are left to be tried again after a wait.

What is handed over at once is a load: one unit, or several of one record each, that are handled together and
end each for itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, cast

from django.db import close_old_connections

from ..errors import InvalidMessage, StopOnPurpose, TransientError
from ..events import codec
from ..observability import metrics
from ..observability.crash import crash_point
from ..observability.logging import bound
from . import redrive
from .at_record import at_record
from .batching import Batching
from .books import Books
from .consumer import BatchConsumer, ConcurrentConsumer, Delivery, End, KafkaConsumer, Redrive
from .failing import Failing, Skips, TryAgain, is_away
from .outcomes import STORED
from .pace import SLICE
from .ports import Clock
from .records import Record
from .redrive_gate import AtWork, RedriveGate
from .retry import OUTAGE
from .units import Load, Unit

BUSY = 0.2
"""Seconds after which a redrive is tried again of which another copy is at work."""


class Hands:
    """Tries units of one consumer. Shared by its threads."""

    def __init__(
        self,
        consumer: KafkaConsumer,
        *,
        books: Books,
        clock: Clock,
        draw: Random,
        skips: Skips,
    ) -> None:
        self._consumer = consumer
        self._clock = clock
        self._draw = draw
        self._gate = RedriveGate(consumer.group(), consumer.effects, books)
        self._failing = Failing(consumer, clock=clock, draw=draw, skips=skips)
        self._batching = (
            Batching(consumer, gate=self._gate, failing=self._failing, clock=clock)
            if isinstance(consumer, BatchConsumer)
            else None
        )
        self._seconds = metrics.HANDLE_SECONDS.labels(consumer.name)
        self._timed = self._seconds.time

    def work(self, load: Load) -> Load:
        """Try each unit of a load once. Raises StopOnPurpose, and what is a fault of the runtime itself."""
        close_old_connections()  # one that broke is replaced here
        began = self._clock.monotonic()
        alone = load.units if len(load.units) == 1 else [u for u in load.units if _is_redriven(u)]
        self._together([unit for unit in load.units if unit not in alone])
        for unit in alone:
            self._try(unit)
        for unit in load.units:
            load.handled += len(unit.verdicts) + len(unit.failures)
            crash_point("runner.after_handle")
        load.seconds = self._clock.monotonic() - began
        return load

    def _try(self, unit: Unit) -> None:
        with self._ending(unit):
            if self._batching is not None:
                self._batching.handle(unit)
            else:
                self._one_by_one(unit)
            unit.outages = 0

    @contextmanager
    def _ending(self, unit: Unit) -> Iterator[None]:
        """What a try raises becomes the wait of its unit."""
        unit.waits_for = None
        try:
            with bound(worker=self._consumer.name, topic=unit.place.topic, partition=unit.place.number):
                yield
        except TransientError as error:
            unit.outages += 1
            self._wait(unit, error, OUTAGE.delay(unit.outages, self._draw))
        except TryAgain as again:
            self._wait(unit, again.cause, again.delay)
        except AtWork as busy:
            self._wait(unit, busy, BUSY)
        finally:
            unit.call_began = None

    def _wait(self, unit: Unit, cause: Exception, delay: float) -> None:
        unit.waits_for = cause
        unit.not_before = self._clock.monotonic() + delay

    # --- one record at a time -----------------------------------------------------------------------------

    def _one_by_one(self, unit: Unit) -> None:
        for record in unit.left():
            if unit.yielding:
                return
            unit.call_began = self._clock.monotonic()
            prepared = self._prepare(unit, record)
            if prepared is None:
                continue
            event, again = prepared
            try:
                with self._timed(), at_record(self._consumer, record):
                    verdict = self._consumer.handle(Delivery(record, event, again)) or STORED  # type: ignore[arg-type]
            except Exception as error:  # boundary: every failure of a handler ends its record or its try
                self._gate.leave([again.redrive_id] if again else ())
                self._failing.failed(unit, record, error)
                continue
            if again is not None:
                self._gate.done([(record, again, verdict)])
            unit.verdicts[record.offset] = verdict

    def _prepare(self, unit: Unit, record: Record) -> tuple[Any, Redrive | None] | None:
        """The decoded event and the redrive of a record that is to be handled; None if it has its end."""
        if self._failing.passed_by(unit, record):
            return None
        addressed = redrive.read(record) if record.headers else None
        again = addressed.redrive if addressed else None
        if addressed and (verdict := self._gate.enter(record, addressed)):
            unit.verdicts[record.offset] = verdict
            return None
        try:
            event = (
                record if self._consumer.event is None else codec.decode(self._consumer.event, record.value)
            )
        except InvalidMessage as error:
            self._gate.leave([again.redrive_id] if again else ())
            self._failing.refuse(unit, [(record, error)])
            return None
        return event, again

    # --- several, each for itself -------------------------------------------------------------------------

    def _together(self, units: Sequence[Unit]) -> None:
        """Handle units of one record each together. A redriven record is never among them (`work`)."""
        began = self._clock.monotonic()
        ready: list[tuple[Unit, Delivery[Any]]] = []
        for unit in units:
            with self._ending(unit):
                [record] = unit.records
                if not unit.yielding and (prepared := self._prepare(unit, record)):
                    ready.append((unit, Delivery(record, prepared[0])))
        if not ready:
            return

        def go_on() -> bool:
            return self._clock.monotonic() < began + SLICE and not any(unit.yielding for unit in units)

        with bound(worker=self._consumer.name):
            self._several(ready, go_on)

    def _several(self, ready: Sequence[tuple[Unit, Delivery[Any]]], go_on: Callable[[], bool]) -> None:
        began = self._clock.monotonic()
        for unit, _ in ready:
            unit.call_began = began
        try:
            consumer = cast(ConcurrentConsumer[Any], self._consumer)
            ends = consumer.handle_many([delivery for _, delivery in ready], go_on)
        except Exception as error:  # boundary: every failure of a handler ends its record or its try
            if not isinstance(error, StopOnPurpose | TransientError) and not is_away(error):
                for unit, _ in ready:  # whose failure it is shows when each is handled alone
                    self._try(unit)
                return
            ends = [error] * len(ready)  # an outage is everybody's
        share = (self._clock.monotonic() - began) / len(ready)
        for (unit, delivery), end in zip(ready, ends, strict=True):
            with self._ending(unit):
                self._ended(unit, delivery.record, end, share)

    def _ended(self, unit: Unit, record: Record, end: End, seconds: float) -> None:
        if end is None:
            return
        self._seconds.observe(seconds)
        if isinstance(end, Exception):
            self._failing.failed(unit, record, end)
        else:
            unit.verdicts[record.offset], unit.outages = end, 0


def _is_redriven(unit: Unit) -> bool:
    """Whether a record is marked as redriven: it is handled alone, so that the failure of another does not
    have it handled again."""
    return any(record.headers and redrive.read(record) for record in unit.records)
