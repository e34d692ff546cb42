"""The runtime and everything that can happen to it. What must hold then is said in `promises`.

The real loop runs on the in-memory broker. Work that it hands to threads waits in a `Pool` until the test
lets it run, so that every order of events can be tried and found again.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from threading import RLock
from time import sleep
from typing import Any, NamedTuple
from unittest.mock import patch

import msgspec

from heimdall_project.errors import DeadLetterUnavailable, FloodDetected, InvalidMessage, TransientError
from heimdall_project.streams import desk as desk_module
from heimdall_project.streams import member as member_module
from heimdall_project.streams import redrive
from heimdall_project.streams.consumer import Batch, KafkaConsumer, Redrive
from heimdall_project.streams.flood import FloodRules
from heimdall_project.streams.member import Limits, Member
from heimdall_project.streams.orders import Orders
from heimdall_project.streams.outcomes import DUPLICATE, STORED, Verdict
from heimdall_project.streams.records import Headers, Partition, Record
from heimdall_project.streams.testing import FakeClock, InMemoryBroker, InMemoryConsumer

from .workers import TOPIC, Note, OneByOne, Pool, Threads

DEAD, GROUP, OTHER = "dlq.failed", "heimdall.model", "heimdall.other"
PLACES = [Partition(TOPIC, number) for number in range(3)]
HOPELESS = ("not json", "wrong shape", "poison", "bug")
"""Kinds of records that end as dead letters; the others are `good`, and `shaky`: bad the first time."""


class Killed(BaseException):
    """The process dies inside a handler, after its effect and before anything is written about it."""


class FromCallback(Exception):
    """What a client callback may raise."""


class At(NamedTuple):
    """Where a record stands."""

    place: Partition
    offset: int


@dataclass(eq=False)
class Process:
    """One process of the worker."""

    member: Member
    broker: InMemoryConsumer
    hands: Pool | Threads
    aside: Pool | Threads
    frozen: bool = False

    def let_run(self) -> None:
        self.hands.run_all()
        self.aside.run_all()


class World:
    """A topic, a group, and what may befall them."""

    def __init__(
        self, shape: type[KafkaConsumer], *, pool: type[Pool | Threads] = Pool, clock: FakeClock | None = None
    ) -> None:
        self.shape = shape
        self.broker = InMemoryBroker(clock)
        self._pool = pool
        self._lock = RLock()
        self.books = self.broker.books
        self.orders = Orders()
        self.processes: list[Process] = []
        self.patient = True
        """Whether handlers finish within the drain budget while the loop waits for them."""
        self.dependency_down = False
        self.trap = ""
        """What happens in the next handler call: "killed", "books" (the database goes away), "meanwhile" (the
        other threads of the process get on), or nothing."""
        self.sent: dict[At, Record] = {}
        self.kinds: dict[At, str] = {}
        self.addressed: dict[At, tuple[str, str]] = {}
        """Redrive id and group of records with a mark of ours."""
        self.handled: set[At] = set()
        self.verdicts: dict[At, set[str]] = {}
        """What handlers said about each record."""
        self.in_order: dict[Partition, int] | None = {}
        """Offset handled last, for as long as one process has the partitions to itself."""
        self.effects: Counter[int] = Counter()
        self.redriven: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()
        """Redrives that may be handled once more: the process died before it could write them down."""
        self.skipped: set[At] = set()
        self._shaken: set[int] = set()
        self._numbers = count(1)
        waits = (member_module, desk_module) if pool is Pool else ()
        self._patches = [patch.object(module, "wait", self._wait) for module in waits]
        for each in self._patches:
            each.start()

    def close(self) -> None:
        for each in self._patches:
            each.stop()

    # --- what users and operators do ----------------------------------------------------------------------

    def produce(self, kind: str, number: int) -> At:
        n = next(self._numbers)
        value = {"not json": b"\xff\x00" + bytes([n % 256]), "wrong shape": b'{"n":"x"}'}.get(kind)
        value = value or msgspec.json.encode(Note(n, kind))
        headers: Headers | None = [("event_id", b"e%d" % n), ("source", b"http")] if n % 2 else None
        return self._append(value, kind, number, headers)

    def redrive(self, at: At, group: str, copies: int) -> list[At]:
        """Send a record again, for a group; published several times, as after a crash of the sender."""
        redrive_id = f"r{next(self._numbers)}"
        value, key = self.sent[at].value, self.sent[at].key
        marks = redrive.marks(topic=TOPIC, key=key, value=value, redrive_id=redrive_id, group=group, count=1)
        made = [self._append(value, self.kinds[at], at.place.number, marks) for _ in range(copies)]
        self.addressed.update(dict.fromkeys(made, (redrive_id, group)))
        return made

    def forge(self, at: At) -> At:
        """A record with the mark of another record."""
        marks = redrive.marks(
            topic=TOPIC, key=b"other", value=self.sent[at].value, redrive_id="f", group=OTHER, count=1
        )
        return self._append(self.sent[at].value, self.kinds[at], at.place.number, marks)

    def _append(self, value: bytes | None, kind: str, number: int, headers: Headers | None) -> At:
        record = self.broker.produce(TOPIC, value, key=b"k%d" % number, partition=number, headers=headers)
        at = At(record.place, record.offset)
        self.sent[at], self.kinds[at] = record, kind
        return at

    def skip(self, at: At) -> None:
        self.skipped.add(at)
        self.orders = replace(self.orders, skips=frozenset((*at.place, at.offset) for at in self.skipped))

    def order(self, **orders: Any) -> None:
        """Orders of an operator, beside the skips."""
        self.orders = Orders(skips=self.orders.skips, **orders)

    # --- weather ------------------------------------------------------------------------------------------

    def clear_up(self) -> None:
        """Every dependency is there again."""
        self.patient, self.dependency_down, self.books.down = True, False, False
        self.broker.unavailable.clear()
        for process in self.processes:
            process.broker.commit_fails = False
            vars(process.broker).pop("commit_soon", None)

    def dependency_goes_down(self) -> None:
        self.dependency_down = True

    def database_goes_down(self) -> None:
        self.books.down = True

    def dead_letter_topic_goes_down(self) -> None:
        self.broker.unavailable = {DEAD}

    def handlers_become_slow(self) -> None:
        self.patient = False

    def set_trap(self, trap: str) -> None:
        self.trap = trap

    def thaw(self) -> None:
        for process in self.processes:
            process.frozen = False

    def retention(self) -> None:
        """Retention deletes what is committed and read by everybody."""
        for place in PLACES:
            read = [p.broker._positions[place] for p in self.processes if place in p.broker._positions]
            self.broker.truncate(place, min([self.broker.committed(GROUP).get(place, 0), *read]))

    # --- the handler --------------------------------------------------------------------------------------

    def handle(self, record: Record, note: Note, again: Redrive | None) -> Verdict | None:
        if self._pool is Threads:
            sleep(note.n % 3 / 2000)
        with self._lock:
            if note.kind == "poison" and not self.dependency_down:
                raise InvalidMessage("poison")
            self.fail_by([note])
            return self._change(record, note, again)

    def handle_as_a_whole(self, batch: Batch[Note]) -> None:
        """What fails the whole batch does so before anything is changed."""
        with self._lock:
            self.fail_by(batch.events)
            for record, note in zip(batch.records, batch.events, strict=True):
                if note.kind == "poison":
                    batch.reject(record, InvalidMessage("poison"))
                elif verdict := self._change(record, note, batch.redrives.get(record.offset)):
                    batch.settle(record, verdict)

    def fail_by(self, notes: Iterable[Note]) -> None:
        if self.dependency_down:
            raise TransientError("sink", "down")
        for note in notes:
            if note.kind == "bug" or (note.kind == "shaky" and note.n not in self._shaken):
                self._shaken.add(note.n)
                raise RuntimeError("bug")

    def _change(self, record: Record, note: Note, again: Redrive | None) -> Verdict | None:
        if again:
            self.redriven[again.redrive_id] += 1
        self.effects[note.n] += 1
        self._spring_trap()
        at = At(record.place, record.offset)
        verdict = DUPLICATE if self.effects[note.n] > 1 else STORED
        self.handled.add(at)
        self.verdicts.setdefault(at, set()).add(verdict.outcome)
        self._check_order(record)
        return verdict if verdict is DUPLICATE else None

    def _spring_trap(self) -> None:
        trap, self.trap = self.trap, ""
        if trap == "killed":
            raise Killed
        if trap == "books":
            self.books.down = True
        if trap == "meanwhile":
            for process in self.processes:
                if process.hands.at_work:
                    process.hands.run_all()

    def _check_order(self, record: Record) -> None:
        if self.shape is OneByOne and self.in_order is not None:
            assert self.in_order.get(record.place, -1) < record.offset, f"{record} came too late"
            self.in_order[record.place] = record.offset

    # --- processes ----------------------------------------------------------------------------------------

    def join(self) -> Process:
        consumer = self.shape()
        consumer.world = self  # type: ignore[union-attr]
        broker, hands, aside = self.broker.consumer(GROUP), self._pool(), self._pool()
        member = Member(
            consumer,
            broker=broker,
            producer=self.broker.producer(),
            books=self.books,
            clock=self.broker.clock,
            hands=hands,
            aside=aside,
            orders=lambda: self.orders,
            limits=Limits(drain=5.0, commit_interval=0.2),
            rules=FloodRules(first=8, ratio=0.8, window=30.0, least=20, patience=0.2),
            seed=1,
        )
        process = Process(member, broker, hands, aside)
        self.processes.append(process)
        if len(self.processes) > 1:
            self.in_order = None
        member.start()
        return process

    def turn(self, process: Process, timeout: float = 0.1) -> None:
        self._live(process, partial(process.member.turn, timeout))

    def let_run(self, process: Process, work: str, index: int = 0) -> None:
        """Give the threads of a process time."""
        if work == "all":
            process.let_run()
        elif work == "one" and not process.hands.run_one(index):
            process.aside.run_one()

    def leave(self, process: Process, *, patient: bool) -> None:
        """SIGTERM."""
        self.patient = patient
        self._live(process, process.member.drain)
        if process in self.processes:
            self._gone(process)

    def crash(self, process: Process, *, last_words: bool) -> None:
        """SIGKILL, perhaps after the threads got further than the loop saw."""
        if last_words:
            process.let_run()
        self._gone(process)
        process.broker.crash()

    def freeze(self, process: Process) -> None:
        """The loop stands still for longer than the session."""
        process.frozen = True
        self.expire(process)

    def expire(self, process: Process) -> None:
        """The session ends, unnoticed by the process."""
        self.in_order = None
        process.broker.expire()

    def raise_in_callback(self, process: Process) -> None:
        process.broker.raise_on_poll = FromCallback()

    def lose_answers(self, process: Process) -> None:
        """What was committed is committed, and the process never hears of it."""
        process.broker._answers.clear()

    def lose_commits(self, process: Process) -> None:
        """Commits do not arrive, and nobody says so."""
        process.broker.commit_soon = lambda _: Future()  # type: ignore[assignment,method-assign]

    def refuse_commits(self, process: Process) -> None:
        process.broker.commit_fails = True

    def _live(self, process: Process, act: Callable[[], Any]) -> None:
        held = [(place, process.member._progress.epoch(place)) for place in PLACES]
        try:
            act()
        except Killed:
            self.crash(process, last_words=False)
        except (DeadLetterUnavailable, FloodDetected, FromCallback):
            self._gone(process)
            process.member.abandon()
        if held != [(place, process.member._progress.epoch(place)) for place in PLACES]:
            self._excuse()

    def _gone(self, process: Process) -> None:
        self.processes.remove(process)
        self.in_order = None
        self._excuse()

    def _excuse(self) -> None:
        for redrive_id, times in self.redriven.items():
            if self.books.redrives.get(redrive_id) != "ok":
                self.excused[redrive_id] = times

    def _wait(self, futures: Collection[Future[Any]], timeout: float = 0.0, **_: Any) -> None:
        """Stands in for `concurrent.futures.wait` in the loop: threads get time to run, or time passes."""
        if self.patient:
            for process in self.processes:
                for pool in (process.hands, process.aside):
                    pool.run_all()
        elif timeout:
            self.broker.clock.advance(timeout)

    def is_idle(self) -> bool:
        """Whether nothing is left to read, handle or commit."""
        committed = self.broker.committed(GROUP)
        return all(process.member.is_idle for process in self.processes) and all(
            committed.get(place, 0) == self.broker.end(place) for place in PLACES
        )
