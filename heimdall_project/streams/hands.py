"""Handlers at work: one unit of records of one partition, tried in a thread beside the poll loop.

A try ends in one of three ways: every record has a verdict or a failure; some are left because the try
must yield (partition taken away, stop); or some are left to be tried again after a wait.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
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
from .books import Books, is_outage
from .consumer import Batch, BatchConsumer, Delivery, KafkaConsumer, Redrive
from .dead_letters import Failure, SkippedByOperator
from .outcomes import STORED, Verdict
from .ports import Clock
from .records import Partition, Record
from .redrive_gate import AtWork, RedriveGate
from .retry import OUTAGE

BUSY = 0.2
"""Seconds after which a redrive is tried again of which another copy is at work."""


@dataclass(slots=True)
class Unit:
    """Records handed over together. Touched by one thread at a time; `yielding` is set from the poll loop."""

    place: Partition
    epoch: int
    records: Sequence[Record]
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    failures: dict[int, Failure] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    outages: int = 0
    not_before: float = 0.0
    call_began: float | None = None
    """Monotonic start of the handler call under way; the watchdog reads it."""
    yielding: bool = False
    stored: bool = False
    """Every record was stored, so there is no verdict for each."""
    waits_for: Exception | None = None
    """Why the unit must be tried again."""

    def left(self) -> Sequence[Record]:
        """Records without an end."""
        if self.stored:
            return []
        if not self.verdicts and not self.failures:
            return self.records
        return [r for r in self.records if r.offset not in self.verdicts and r.offset not in self.failures]


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
        self._timed = metrics.HANDLE_SECONDS.labels(consumer.name).time

    def work(self, unit: Unit) -> Unit:
        """Try a unit once. Raises StopOnPurpose, and what is a fault of the runtime itself."""
        unit.waits_for = None
        close_old_connections()  # one that broke is replaced here
        try:
            with bound(worker=self._consumer.name, topic=unit.place.topic, partition=unit.place.number):
                if isinstance(self._consumer, BatchConsumer):
                    self._batch(unit)
                else:
                    self._one_by_one(unit)
        except TransientError as error:
            unit.outages += 1
            self._wait(unit, error, OUTAGE.delay(unit.outages, self._draw))
        except TryAgain as again:
            self._wait(unit, again.cause, again.delay)
        except AtWork as busy:
            self._wait(unit, busy, BUSY)
        else:
            unit.outages = 0
        finally:
            unit.call_began = None
        crash_point("runner.after_handle")
        return unit

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
                trace = tracing.handling(record, worker=self._consumer.name, group=self._group)
                names = {"trace_id": trace.trace_id, **_names(record)}
                with self._timed(), tracing.Entered(trace), bound(offset=record.offset, **names):
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
        if self._is_skipped(record):
            self._fail(unit, record, SkippedByOperator("passed by on an operator's order"))
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
            self._fail(unit, record, error)
            return None
        return event, again

    def _is_skipped(self, record: Record) -> bool:
        skips = self._skips()
        return bool(skips) and (record.topic, record.partition, record.offset) in skips

    def _failed(self, unit: Unit, record: Record, error: Exception) -> None:
        """End a record whose handler raised, or raise so that it is tried again."""
        if isinstance(error, InvalidMessage | RetriesExhausted):
            self._fail(unit, record, error)
            return
        if isinstance(error, StopOnPurpose | TransientError):
            raise error
        if isinstance(error, DatabaseError) and is_outage(error):
            raise TransientError("postgresql", str(error).splitlines()[0][:200]) from error
        attempt = unit.attempts[record.offset] = unit.attempts.get(record.offset, 0) + 1
        if not self._consumer.retry.is_spent(attempt):
            raise TryAgain(error, self._consumer.retry.delay(attempt, self._draw)) from error
        self._fail(unit, record, error)

    def _fail(self, unit: Unit, record: Record, error: Exception) -> None:
        attempts = max(1, unit.attempts.get(record.offset, 1))
        unit.failures[record.offset] = Failure(record, error, attempts, self._clock.now())

    # --- many at once -------------------------------------------------------------------------------------

    def _batch(self, unit: Unit) -> None:
        unit.call_began = self._clock.monotonic()
        left = unit.left()
        if self._consumer.event is None and not self._skips() and _plain(left):
            self._handle(unit, left, left, {})
            return
        waits: TryAgain | AtWork | None = None
        for part in _parts(left):
            if unit.yielding:
                break
            try:
                self._part(unit, part)
            except (TryAgain, AtWork) as wait:  # the other parts need not wait for this one
                waits = wait
        if waits:
            raise waits

    def _part(self, unit: Unit, part: Sequence[Record]) -> None:
        ready = [(record, prepared) for record in part if (prepared := self._prepare(unit, record))]
        if not ready:
            return
        records = [record for record, _ in ready]
        events = [event for _, (event, _) in ready]
        redrives = {record.offset: again for record, (_, again) in ready if again is not None}
        try:
            self._handle(unit, records, events, redrives)
        finally:
            self._gate.leave(again.redrive_id for again in redrives.values())

    def _handle(
        self, unit: Unit, records: Sequence[Record], events: Sequence[Any], redrives: dict[int, Redrive]
    ) -> None:
        """Handle a batch; if it fails as a whole, halve it until the culprit stands alone."""
        batch = Batch(unit.place, records, events, redrives)
        unit.call_began = self._clock.monotonic()
        try:
            spans = tracing.HandlingBatch(records, worker=self._consumer.name, group=self._group)
            with self._timed(), spans as batch.traces:
                cast(BatchConsumer[Any], self._consumer).handle(batch)
        except Exception as error:  # boundary: every failure of a handler ends its record or its try
            if isinstance(error, StopOnPurpose | TransientError) or len(records) == 1:
                self._failed(unit, records[0], error)
                return
            if isinstance(error, DatabaseError) and is_outage(error):
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
                if (again := batch.redrives.get(record.offset)) and record.offset not in batch.rejected
            )
        if not batch.verdicts and not batch.rejected:
            if len(batch.records) == len(unit.records):
                unit.stored = True
                return
            unit.verdicts.update(dict.fromkeys([record.offset for record in batch.records], STORED))
            return
        waits: TryAgain | TransientError | None = None
        for record in batch.records:
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


def _names(record: Record) -> dict[str, str]:
    """Names by which people look for a record in the logs; a header can be of any length."""
    if record.headers is None:
        return {}
    return {name: text[:128] for name in ("event_id", "correlation_id") if (text := record.header(name))}


def _parts(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Redriven records stand alone: the failure of another must not have them handled again."""
    for redriven, group in groupby(records, key=lambda r: bool(r.headers and redrive.read(r))):
        part = list(group)
        yield from ([record] for record in part) if redriven else (part,)


_headers = attrgetter("headers")


def _plain(records: Sequence[Record]) -> bool:
    """Whether no record has headers, so that none can be a redrive."""
    return list(map(_headers, records)).count(None) == len(records)
