"""Many records of one partition, handled at once: what decodes, what stands beside what, and who failed."""

from collections.abc import Iterator, Sequence
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any

from ..errors import InvalidMessage, StopOnPurpose, TransientError
from ..events import codec
from ..observability import metrics
from . import redrive, tracing
from .consumer import Batch, BatchConsumer, Effects, Redrive
from .failing import Failing, TryAgain, is_away
from .outcomes import STORED
from .ports import Clock
from .records import Record
from .redrive import Addressed
from .redrive_gate import AtWork, RedriveGate
from .units import Unit


class Batching:
    """Handles units of one batch consumer. Shared by its threads."""

    def __init__(
        self, consumer: BatchConsumer[Any], *, gate: RedriveGate, failing: Failing, clock: Clock
    ) -> None:
        self._consumer, self._gate, self._failing, self._clock = consumer, gate, failing, clock
        self._group = consumer.group()
        self._timed = metrics.HANDLE_SECONDS.labels(consumer.name).time

    def handle(self, unit: Unit) -> None:
        """Handle what is left of a unit. Raises TryAgain, AtWork, TransientError and StopOnPurpose."""
        unit.call_began = self._clock.monotonic()
        left = unit.left()
        if not self._failing.skips() and not _is_marked(left):
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
        return self._consumer.is_atomic and self._consumer.effects is Effects.IDEMPOTENT

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
            self._failing.refuse(unit, refused)
            gone = {record.offset for record, _ in refused}
            events = [
                event for record, event in zip(records, events, strict=True) if record.offset not in gone
            ]
            records = [record for record in records if record.offset not in gone]
        self._handle(unit, records, events, redrives)

    def _part(self, unit: Unit, part: Sequence[tuple[Record, Addressed | None]]) -> None:
        part = [
            (record, addressed) for record, addressed in part if not self._failing.passed_by(unit, record)
        ]
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
                self._consumer.handle(batch)
        except Exception as error:  # boundary: every failure of a handler ends its record or its try
            if isinstance(error, StopOnPurpose | TransientError) or len(records) == 1:
                self._failing.failed(unit, records[0], error)
                return
            if is_away(error):
                self._failing.failed(unit, records[0], error)
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
                self._failing.failed(unit, record, error)
            except (TryAgain, TransientError) as wait:  # the rest of the batch has its end
                waits = wait
        if waits:
            raise waits


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
