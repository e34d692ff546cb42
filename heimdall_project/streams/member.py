"""The loop of a Kafka worker. Handlers run beside it, so that polling never stops while work is in hand.

One turn: obey orders, take records, gather what the hands finished, hand over what is due, settle.
What became of a record goes one way: verdict or dead letter -> ledger and cursor -> committed offset.
Any exception out of a turn ends the worker uncommitted: what was in hand is read again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from random import Random
from threading import Event
from typing import Any

from ..errors import FloodDetected, OffsetGap, StopOnPurpose, TransientError
from ..observability import metrics
from ..observability.logging import get_logger
from . import dead_letters
from .books import Books, recreated
from .consumer import BatchConsumer, ConcurrentConsumer, KafkaConsumer
from .dead_letters import Failure
from .desk import Desk
from .flood import Decision, FloodMeter, FloodRules
from .hands import Hands
from .inbox import Inbox
from .lag import Lag
from .models import WorkerProcess
from .offsets import Progress
from .orders import NO_ORDERS, Beat, Orders
from .outcomes import STORED
from .pace import Pace
from .ports import Clock, Consumer, Producer
from .records import Partition, Record
from .shape import Shape
from .units import Load, Unit

log = get_logger(__name__)
State = WorkerProcess.State
TURN = 0.1
"""Seconds one turn waits for records when there is nothing else to do."""
BUSY_TURN = 0.01
"""The same while something is in hand."""
REPORT = 0.25
"""Seconds between reports."""
UNSETTLED = 20_000
"""Runs of finished records that wait for the ledger; while the database is away they would grow for ever."""
STARVED = 1.0
"""Seconds without room after which the partitions are paused, so that polling goes on."""


class Overrun(Exception):
    """A call of a handler took longer than its budget."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Budgets and intervals, in seconds; see the WORKER_* settings."""

    drain: float = 20.0
    commit_interval: float = 1.0


class Member:
    """Runs one consumer as one member of its group. Used from one thread; see the module docstring."""

    def __init__(
        self,
        consumer: KafkaConsumer,
        *,
        broker: Consumer,
        producer: Producer,
        books: Books,
        clock: Clock,
        hands: Executor,
        aside: Executor,
        orders: Callable[[], Orders] = lambda: NO_ORDERS,
        limits: Limits | None = None,
        rules: FloodRules | None = None,
        seed: int | None = None,
    ) -> None:
        self.consumer = consumer
        self._broker = broker
        self._clock = clock
        self._orders = orders
        self._limits = limits or Limits()
        self._pool = hands
        shape = Shape.of(consumer)
        self._shape = shape
        self._inbox = Inbox(shape.policy)
        self._progress = Progress()
        single = len(consumer.topics()) == 1
        self._where = attrgetter("partition") if single else attrgetter("topic", "partition")
        self._hands = Hands(
            consumer,
            books=books,
            clock=clock,
            draw=Random(seed),  # noqa: S311 - jitter
            skips=lambda: self._orders().skips,
        )
        self._desk = Desk(consumer, producer=producer, books=books, broker=broker, pool=aside, clock=clock)
        self._meter = FloodMeter(rules or FloodRules(), books.flood_window(consumer.group(), clock.now()))
        self._books = books
        self._running: dict[Future[Load], Load] = {}
        self._pace = Pace()
        self._again: list[Unit] = []
        self._held: list[Failure] = []
        self._paused: set[Partition] = set()
        self._full_since: float | None = None
        self._last_settle = clock.monotonic()
        self._trouble = ""
        self._abandoned = False
        self._reported = float("-inf")
        self.taken = 0
        """Records read so far."""
        self.beat = Beat(state=State.STARTING)
        """The last report; the heartbeat thread reads it."""
        self.lag = Lag(broker, self._progress, clock)
        self.state = State.STARTING

    # --- life -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Join the group."""
        self.consumer.start()
        self._broker.subscribe(self.consumer.topics(), self)

    def run(self, stop: Event) -> bool:
        """Turn until `stop` is set, then drain. Answers whether everything in hand was finished in time."""
        self.start()
        while not stop.is_set():
            self.turn(TURN)
        return self.drain()

    def turn(self, timeout: float = 0.0) -> None:
        """One turn of the loop."""
        self._obey()
        self._take(timeout)
        self._gather()
        self._judge()
        self._hand_over()
        self._settle()
        self._report()

    def drain(self) -> bool:
        """Finish what runs within the budget, commit it, leave the group."""
        self.state = State.DRAINING
        deadline = self._clock.monotonic() + self._limits.drain
        self._yield_all(self._progress.places, deadline)
        self._judge()
        self._desk.finish(deadline, self._progress)
        self._desk.settle_now(self._progress.ready(), self._meter.window, self._progress, deadline)
        finished = not self._running
        self._abandoned = True  # the budget is spent: giving partitions back must not wait once more
        self.close()
        return finished

    def abandon(self) -> None:
        """Leave without finishing or committing anything, after a failure."""
        self._abandoned = True
        self.close()

    def close(self) -> None:
        """Leave the group and give up the clients. What is not committed is read again by the next owner."""
        self._broker.close()
        self._desk.close()
        self.consumer.close()

    # --- orders -----------------------------------------------------------------------------------------

    def _obey(self) -> None:
        """Pause and resume partitions: by order of an operator, or because there is no room."""
        ordered = self._orders().paused
        target = set(self._progress.places) if ordered or self._is_starved() else set()
        if pause := target - self._paused:
            self._broker.pause(sorted(pause))
        if resume := (self._paused - target) & set(self._progress.places):
            self._broker.resume(sorted(resume))
        self._paused = target
        self.state = State.PAUSED if ordered else State.WAITING if self._trouble else State.RUNNING

    def _is_starved(self) -> bool:
        if self._room() > 0:
            self._full_since = None
            return False
        if not self._running and not self._desk.is_at_work:
            return True  # only time will help, so spend it polling
        now = self._clock.monotonic()
        self._full_since = self._full_since if self._full_since is not None else now
        return now - self._full_since >= STARVED

    def _room(self) -> int:
        progress, capacity = self._progress, self._shape.capacity
        if progress.bytes >= self._shape.bytes:
            return 0
        return min(capacity - progress.unfinished, 10 * capacity - progress.window, UNSETTLED - progress.runs)

    # --- taking in --------------------------------------------------------------------------------------

    def _take(self, timeout: float) -> None:
        room = self._room()
        if room <= 0 and not self._paused:
            self._await_hands(timeout)
            return
        if self._running or self._desk.is_busy:
            timeout = min(timeout, BUSY_TURN)
        if self._running and len(self._inbox):
            self._await_hands(timeout)  # the first that is free takes what waits, at once
            timeout = 0.0
        records = self._broker.poll(min(max(room, 1), self._shape.gulp), timeout)
        if not records:
            return
        self.taken += len(records)
        now = self._clock.monotonic()
        for _, group in groupby(records, key=self._where):
            chunk = list(group)
            place = chunk[0].place
            if not self._progress.epoch(place):
                continue  # given back while the call was under way
            self._progress.take(place, chunk, self._inbox.add(place, chunk, now))
            metrics.RECORDS_TAKEN.labels(self.consumer.name, place.topic).inc(len(chunk))

    def _await_hands(self, timeout: float) -> None:
        if self._running:
            wait(self._running, timeout=timeout, return_when=FIRST_COMPLETED)
        else:
            self._desk.wait(timeout)

    # --- handing over -----------------------------------------------------------------------------------

    def _hand_over(self) -> None:
        if self._orders().paused:
            return
        now = self._clock.monotonic()
        due = [unit for unit in self._again if unit.not_before <= now]
        while len(self._running) < self._width and (units := self._next_of(due) or self._fresh(now)):
            load = Load(units)
            self._running[self._pool.submit(self._hands.work, load)] = load

    @property
    def _width(self) -> int:
        """Loads at work at the same time; a consumer may have learnt at its start that fewer will do."""
        if isinstance(self.consumer, ConcurrentConsumer):
            return min(self._shape.width, self.consumer.concurrency)
        return self._shape.width

    def _together(self) -> int:
        """Units of a load."""
        return self._pace.records(self.consumer.most) if isinstance(self.consumer, ConcurrentConsumer) else 1

    def _next_of(self, due: list[Unit]) -> list[Unit]:
        """Of those that waited, the next to be tried again."""
        units = due[: self._together()]
        del due[: len(units)]
        for unit in units:
            self._again.remove(unit)
        return units

    def _fresh(self, now: float) -> list[Unit]:
        if isinstance(self.consumer, ConcurrentConsumer):
            away = sum(isinstance(unit.waits_for, TransientError) for unit in self._again)
            if len(self._running) + away >= self._width:
                return []  # records that wait for a dependency keep their place; who has a bug does not
            records = self._inbox.take_first(self._together(), self._urgency, self._clock.now())
            return [Unit(record.place, self._progress.epoch(record.place), [record]) for record in records]
        taken = {unit.place for unit in (*self._at_work(), *self._again)}
        place = self._inbox.due(now, taken.__contains__, is_full=self._room() <= 0)
        if place is None:
            return []
        return [Unit(place, self._progress.epoch(place), self._inbox.take(place, now))]

    def _at_work(self) -> Iterator[Unit]:
        """Units that the hands have."""
        return (unit for load in self._running.values() for unit in load.units)

    def _urgency(self, record: Record, now: float) -> float:
        waited = max(0.0, now - record.timestamp / 1000)
        return self.consumer.urgency(record) + waited / self.consumer.ageing  # type: ignore[union-attr]

    # --- gathering --------------------------------------------------------------------------------------

    def _gather(self) -> None:
        """Take back what the hands finished. Raises what a handler says must stop the worker."""
        for future in [future for future in self._running if future.done()]:
            load = self._running.pop(future)
            future.result()
            self._pace.took(load.handled, load.seconds)
            for unit in load.units:
                self._take_back(unit)
        waits_for = self._again[0].waits_for if self._again else None
        self._trouble = dead_letters.scrubbed(waits_for) if waits_for else ""
        self._watch()
        self._desk.gather(self._progress)

    def _take_back(self, unit: Unit) -> None:
        if unit.epoch != self._progress.epoch(unit.place):
            return  # the partition went away meanwhile: its records are somebody else's
        unit.yielding = False  # it stays ours, though another unit of its load may have had to go
        good = len(unit.records) if unit.stored else len(unit.verdicts)
        self._meter.observe(good=good, bad=len(unit.failures), now=self._clock.now())
        if unit.stored:
            self._progress.finish_alike(unit.place, unit.records, STORED)
            return
        unit.is_held_up = isinstance(unit.waits_for, TransientError)
        self._progress.finish(unit.place, unit.verdicts)
        self._held.extend(unit.failures.values())
        left = unit.left()
        unit.records, unit.verdicts, unit.failures = left, {}, {}
        if left and unit.waits_for is None and not unit.attempts and not unit.outages:
            # It yields: what is left is offered again, or goes away with its partition.
            self._inbox.put_back(unit.place, left, self._clock.monotonic())
        elif left and unit.waits_for is None:
            self._again.append(unit)  # its bounds are not forgotten
        elif left:
            metrics.HANDLE_FAILURES.labels(self.consumer.name, type(unit.waits_for).__name__).inc()
            log.warning(
                "A handler could not finish; it is tried again.",
                action="handler_waits",
                place=str(unit.place),
                offset=left[0].offset,
                error=str(unit.waits_for),
            )
            self._again.append(unit)

    def _watch(self) -> None:
        now = self._clock.monotonic()
        for unit in self._at_work():
            began = unit.call_began
            if began is not None and now - began > self.consumer.handler_budget:
                raise Overrun(f"{unit.place}: a handler ran for more than {self.consumer.handler_budget} s")

    # --- failures ---------------------------------------------------------------------------------------

    def _judge(self) -> None:
        """Dead-letter what failed, unless it looks like an outage."""
        if not self._held or self._desk.is_burying:
            return
        now = self._clock.now()
        overridden = self._orders().lets_floods_through(now)
        decision = self._meter.judge(now, overridden=overridden, waiting=self._held_up())
        if decision is Decision.FLOOD:
            metrics.FLOODS.labels(self.consumer.name).inc()
            raise FloodDetected(
                f"{self._meter.describe()}; nothing of it was dead-lettered or committed. "
                f"First: {self._held[0].record}: {dead_letters.scrubbed(self._held[0].error)}"
            )
        if decision is Decision.ADMIT:
            self._desk.bury(self._held)
            self._held = []

    def _held_up(self) -> int:
        """Records that would have come to a good end by now, were a dependency not away."""
        units = [unit for unit in (*self._at_work(), *self._again) if unit.is_held_up]
        if isinstance(self.consumer, BatchConsumer):  # all of a batch is decoded before any of it is handled
            return sum(len(unit.records) for unit in units)
        return len(units)

    # --- settling ---------------------------------------------------------------------------------------

    def _settle(self) -> None:
        now = self._clock.monotonic()
        if self._desk.is_settling or now - self._last_settle < self._limits.commit_interval:
            return
        if spans := self._progress.ready():
            self._last_settle = now
            self._desk.settle(spans, self._meter.window)

    # --- rebalances (called by the broker, inside poll) ---------------------------------------------------

    def assigned(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Where to start: the committed offset, else the beginning; a gap stops the worker."""
        metrics.REBALANCES.labels(self.consumer.name, "assigned").inc(len(partitions))
        committed = self._broker.committed(partitions)
        self._desk.topic_ids.update(self._broker.topic_ids(sorted({p.topic for p in partitions})))
        counted = self._counted(partitions)
        starts = {place: self._start_of(place, committed[place], counted.get(place)) for place in partitions}
        for place, offset in starts.items():
            self._progress.begin(place, offset)
        self._paused.difference_update(partitions)
        self._meter.assigned()
        log.info("Partitions assigned.", action="partitions_assigned", partitions=_shown(starts))
        return starts

    def _start_of(self, place: Partition, committed: int | None, counted: int | None) -> int:
        low, high = self._broker.watermarks(place)
        if committed is None:
            # Brokers forget the offsets of a group that stays away for long; the ledger does not.
            if counted is not None and counted < low:
                raise OffsetGap(place.topic, place.number, counted, low, high)
            return low
        if not low <= committed <= high:
            raise OffsetGap(place.topic, place.number, committed, low, high)
        return committed

    def _counted(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """How far the ledger is. Raises StopOnPurpose where it counted the records of another topic."""
        try:
            cursors = self._books.cursors(self.consumer.group(), partitions)
        except TransientError:
            return {}  # settling checks the topics again
        for place, cursor in cursors.items():
            if recreated(cursor.topic_id, self._desk.topic_ids.get(place.topic, "")):
                raise StopOnPurpose(f"{place}: the topic was recreated; its offsets mean other records now")
        return {place: cursor.next_offset for place, cursor in cursors.items()}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Finish and commit what is in hand of these partitions before they go."""
        metrics.REBALANCES.labels(self.consumer.name, "revoked").inc(len(partitions))
        if self._abandoned:
            return
        deadline = self._clock.monotonic() + self._limits.drain
        try:
            self._yield_all(partitions, deadline)
            self._desk.finish(deadline, self._progress)
            spans = self._progress.ready(partitions)
            self._desk.settle_now(spans, self._meter.window, self._progress, deadline)
        finally:
            self._forget(partitions)
        log.info("Partitions given back.", action="partitions_revoked", partitions=_shown(partitions))

    def lost(self, partitions: Sequence[Partition]) -> None:
        """These are another member's already: drop what is in hand, commit nothing."""
        metrics.REBALANCES.labels(self.consumer.name, "lost").inc(len(partitions))
        self._forget(partitions)
        log.warning("Partitions lost.", action="partitions_lost", partitions=_shown(partitions))

    def _yield_all(self, partitions: Sequence[Partition], deadline: float) -> None:
        """Ask the hands to stop after the record (or batch) they are at, and take back what they have."""
        gone = set(partitions)
        concerned = {f: load for f, load in self._running.items() if any(u.place in gone for u in load.units)}
        for load in concerned.values():
            for unit in load.units:
                unit.yielding = True
        wait(concerned, timeout=max(0.0, deadline - self._clock.monotonic()))
        for future, load in concerned.items():
            if future.done():
                self._running.pop(future)
                future.result()
                for unit in load.units:
                    self._take_back(unit)

    def _forget(self, partitions: Sequence[Partition]) -> None:
        gone = set(partitions)
        for place in partitions:
            self._inbox.drop(place)
            self._progress.drop(place)
        self._desk.forget(gone)
        self._again = [unit for unit in self._again if unit.place not in gone]
        self._held = [failure for failure in self._held if failure.record.place not in gone]
        self._paused -= gone

    # --- reporting --------------------------------------------------------------------------------------

    def _report(self) -> None:
        if self._clock.monotonic() - self._reported >= REPORT:
            self._reported = self._clock.monotonic()
            self.beat = self._beat()

    def _beat(self) -> Beat:
        self.lag.measure(self._paused)
        return Beat(
            state=self.state.value,
            reason=self._trouble or self._orders().pause_reason,
            partitions=tuple(str(place) for place in sorted(self._progress.places)),
            lag_records=self.lag.records,
            lag_seconds=self.lag.seconds,
            in_hand=self._progress.unfinished,
            bytes_in_hand=self._progress.bytes,
            last_commit_at=self._desk.last_commit_at,
        )

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand and everything finished is committed. For tests."""
        return not (
            self._running
            or self._again
            or self._held
            or len(self._inbox)
            or self._desk.is_busy
            or self._progress.ready()
        )


def _shown(partitions: Mapping[Partition, Any] | Sequence[Partition]) -> str:
    if isinstance(partitions, Mapping):
        return ", ".join(f"{place}@{offset}" for place, offset in sorted(partitions.items()))
    return ", ".join(map(str, sorted(partitions)))
