"""Handlers at work: units of records of one partition, tried in a thread beside the poll loop.

A try ends in one of three ways: every record has a verdict or a failure; some are left because the try
must yield (partition taken away, stop, time is up); or some are left to be tried again after a wait.

What is handed over at once is a load: one unit, or several of one record each, that are handled together and
end each for itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from operator import attrgetter, itemgetter
from random import Random
from typing import Any, cast

from django.db import Error as DatabaseError
from django.db import close_old_connections

from ..errors import InvalidMessage, RetriesExhausted, StopOnPurpose, TransientError
from ..events import codec
from ..observability import metrics
from ..observability.crash import crash_point
from ..observability.logging import bound
from . import redrive, tracing
from .at_record import at_record
from .books import Books, is_outage
from .consumer import Batch, BatchConsumer, ConcurrentConsumer, Delivery, Effects, End, KafkaConsumer, Redrive
from .dead_letters import Failure, SkippedByOperator
from .outcomes import STORED
from .pace import SLICE
from .ports import Clock
from .records import Record
from .redrive import Addressed
from .redrive_gate import AtWork, RedriveGate
from .retry import OUTAGE
from .units import Load, Unit

BUSY = 0.2
"""Seconds after which a redrive is tried again of which another copy is at work."""


class TryAgain(Exception):
    """The rest of the unit is to be offered again after `delay` seconds."""

    def __init__(self, cause: Exception, delay: float) -> None:
        super().__init__(str(cause))
        self.cause, self.delay = cause, delay


class Hands:
    """Tries units of one consumer. Shared by its threads."""

    def __init__(
        self,
        consumer: KafkaConsumer,
        *,
        books: Books,
        clock: Clock,
        draw: Random,
        skips: Callable[[], frozenset[tuple[str, int, int]]],
    ) -> None:
        self._consumer = consumer
        self._books = books
        self._clock = clock
        self._draw = draw
        self._skips = skips
        self._gate = RedriveGate(consumer.group(), consumer.effects, books)
        self._group = consumer.group()
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
            if isinstance(self._consumer, BatchConsumer):
                self._batch(unit)
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
                self._failed(unit, record, error)
                continue
            if again is not None:
                self._gate.done([(record, again, verdict)])
            unit.verdicts[record.offset] = verdict

    def _prepare(self, unit: Unit, record: Record) -> tuple[Any, Redrive | None] | None:
        """The decoded event and the redrive of a record that is to be handled; None if it has its end."""
        if self._passed_by(unit, record):
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
            self._refuse(unit, [(record, error)])
            return None
        return event, again

    def _refuse(self, unit: Unit, refused: Sequence[tuple[Record, InvalidMessage]]) -> None:
        """End records that can not be decoded: in the dead letters, unless they are stored already."""
        kept = self._consumer.kept([record for record, _ in refused])
        for record, error in refused:
            if record.offset in kept:
                unit.verdicts[record.offset] = STORED
            else:
                self._fail(unit, record, self._consumer.explain(record, error))

    def _passed_by(self, unit: Unit, record: Record) -> bool:
        """Whether an operator ordered to skip this record; it has its end then."""
        skips = self._skips()
        if not skips or (record.topic, record.partition, record.offset) not in skips:
            return False
        self._fail(unit, record, SkippedByOperator("passed by on an operator's order"))
        return True

    def _failed(self, unit: Unit, record: Record, error: Exception) -> None:
        """End a record whose handler raised, or raise so that it is tried again."""
        if isinstance(error, InvalidMessage | RetriesExhausted):
            self._fail(unit, record, error)
            return
        if isinstance(error, StopOnPurpose | TransientError):
            raise error
        if _is_away(error):
            raise TransientError("postgresql", str(error).splitlines()[0][:200]) from error
        attempt = unit.attempts[record.offset] = unit.attempts.get(record.offset, 0) + 1
        if not self._consumer.retry.is_spent(attempt):
            raise TryAgain(error, self._consumer.retry.delay(attempt, self._draw)) from error
        self._fail(unit, record, error)

    def _fail(self, unit: Unit, record: Record, error: Exception) -> None:
        attempts = max(1, unit.attempts.get(record.offset, 1))
        unit.failures[record.offset] = Failure(record, error, attempts, self._clock.now())

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
            if not isinstance(error, StopOnPurpose | TransientError) and not _is_away(error):
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
            self._failed(unit, record, end)
        else:
            unit.verdicts[record.offset], unit.outages = end, 0

    # --- many at once -------------------------------------------------------------------------------------

    def _batch(self, unit: Unit) -> None:
        unit.call_began = self._clock.monotonic()
        left = unit.left()
        if not self._skips() and not _is_marked(left):
            self._decoded(unit, left, {})
            return
        waits: TryAgain | AtWork | None = None
        for part in _parts(left, alone=not self._may_repeat()):
            if unit.yielding:
                break
            try:
                self._part(unit, part)
            except (TryAgain, AtWork) as wait:  # the other parts need not wait for this one
                waits = wait
        if waits:
            raise waits

    def _may_repeat(self) -> bool:
        """Whether redriven records may stand in a batch that is handled again when a neighbour fails it."""
        consumer = cast(BatchConsumer[Any], self._consumer)
        return consumer.is_atomic and consumer.effects is Effects.IDEMPOTENT

    def _decoded(self, unit: Unit, records: Sequence[Record], redrives: dict[int, Redrive]) -> None:
        """Handle records, decoded together; those that do not decode end alone."""
        if self._consumer.event is None:
            self._handle(unit, records, records, redrives)
            return
        events = codec.decode_many(self._consumer.event, list(map(_value, records)))
        refused = (
            [(r, e) for r, e in zip(records, events, strict=True) if isinstance(e, InvalidMessage)]
            if any(issubclass(kind, InvalidMessage) for kind in set(map(type, events)))
            else []
        )
        if refused:
            self._refuse(unit, refused)
            gone = {record.offset for record, _ in refused}
            events = [
                event for record, event in zip(records, events, strict=True) if record.offset not in gone
            ]
            records = [record for record in records if record.offset not in gone]
        self._handle(unit, records, events, redrives)

    def _part(self, unit: Unit, part: Sequence[tuple[Record, Addressed | None]]) -> None:
        part = [(record, addressed) for record, addressed in part if not self._passed_by(unit, record)]
        ends = self._gate.enter_together([(record, a) for record, a in part if a])
        unit.verdicts.update(ends)
        part = [(record, addressed) for record, addressed in part if record.offset not in ends]
        redrives = {record.offset: addressed.redrive for record, addressed in part if addressed}
        try:
            self._decoded(unit, [record for record, _ in part], redrives)
        finally:
            self._gate.leave(again.redrive_id for again in redrives.values())

    def _handle(
        self, unit: Unit, records: Sequence[Record], events: Sequence[Any], redrives: dict[int, Redrive]
    ) -> None:
        """Handle a batch; if it fails as a whole, halve it until the culprit stands alone."""
        if not records:
            return
        batch = Batch(unit.place, records, events, redrives, go_on=lambda: not unit.yielding)
        unit.call_began = self._clock.monotonic()
        try:
            spans = tracing.HandlingBatch(records, worker=self._consumer.name, group=self._group)
            with self._timed(), spans as batch.traces:
                cast(BatchConsumer[Any], self._consumer).handle(batch)
        except Exception as error:  # boundary: every failure of a handler ends its record or its try
            if isinstance(error, StopOnPurpose | TransientError) or len(records) == 1:
                self._failed(unit, records[0], error)
                return
            if _is_away(error):
                self._failed(unit, records[0], error)
            self._halve(unit, records, events, redrives)
            return
        self._close(unit, batch)

    def _halve(
        self, unit: Unit, records: Sequence[Record], events: Sequence[Any], redrives: dict[int, Redrive]
    ) -> None:
        middle = len(records) // 2
        again: TryAgain | None = None
        for part in (slice(None, middle), slice(middle, None)):
            try:
                self._handle(unit, records[part], events[part], redrives)
            except TryAgain as wait:  # the other half need not wait for this one
                again = wait
        if again:
            raise again

    def _close(self, unit: Unit, batch: Batch[Any]) -> None:
        if batch.redrives:
            self._gate.done(
                (record, again, batch.verdicts.get(record.offset, STORED))
                for record in batch.records
                if (again := batch.redrives.get(record.offset))
                and record.offset not in batch.rejected
                and record.offset not in batch.left
            )
        if not batch.verdicts and not batch.rejected and not batch.left:
            if len(batch.records) == len(unit.records):
                unit.stored = True
                return
            unit.verdicts.update(dict.fromkeys([record.offset for record in batch.records], STORED))
            return
        waits: TryAgain | TransientError | None = None
        for record in batch.records:
            if record.offset in batch.left:
                continue
            error = batch.rejected.get(record.offset)
            if error is None:
                unit.verdicts[record.offset] = batch.verdicts.get(record.offset, STORED)
                continue
            try:
                self._failed(unit, record, error)
            except (TryAgain, TransientError) as wait:  # the rest of the batch has its end
                waits = wait
        if waits:
            raise waits


def _is_away(error: Exception) -> bool:
    return isinstance(error, DatabaseError) and is_outage(error)


def _is_redriven(unit: Unit) -> bool:
    """Whether a record is marked as redriven: it is handled alone, so that the failure of another does not
    have it handled again."""
    return any(record.headers and redrive.read(record) for record in unit.records)


def _parts(records: Sequence[Record], *, alone: bool) -> Iterator[list[tuple[Record, Addressed | None]]]:
    """Records that are handled together, with their marks: never two copies of one redrive.

    `alone`: redriven records stand alone, as the failure of another must not have them handled again.
    """
    part: list[tuple[Record, Addressed | None]] = []
    redrives: set[str] = set()
    for record in records:
        addressed = redrive.read(record) if record.headers else None
        redrive_id = addressed.redrive.redrive_id if addressed else None
        if part and (redrive_id in redrives or (alone and (addressed or redrives))):
            yield part
            part, redrives = [], set()
        part.append((record, addressed))
        if redrive_id is not None:
            redrives.add(redrive_id)
    if part:
        yield part


_headers, _value, _name = attrgetter("headers"), attrgetter("value"), itemgetter(0)


def _is_marked(records: Sequence[Record]) -> bool:
    """Whether a header of any record could make it a redrive."""
    return redrive.MAC in map(_name, chain.from_iterable(filter(None, map(_headers, records))))
