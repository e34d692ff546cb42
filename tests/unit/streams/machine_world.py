"""The runtime and everything that can happen to it, with the promises as checks.

The real loop runs on the in-memory broker. Work that it hands to threads waits in a `Pool` until the test
lets it run, so that every order of events can be tried and found again.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any, NamedTuple
from unittest.mock import patch

import msgspec

from heimdall_project.errors import DeadLetterUnavailable, FloodDetected, InvalidMessage, TransientError
from heimdall_project.streams import desk as desk_module
from heimdall_project.streams import member as member_module
from heimdall_project.streams import redrive
from heimdall_project.streams.consumer import (
    Batch,
    BatchConsumer,
    BatchPolicy,
    ConcurrentConsumer,
    Delivery,
    KafkaConsumer,
    RecordConsumer,
    Redrive,
)
from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.flood import FloodRules
from heimdall_project.streams.member import Limits, Member
from heimdall_project.streams.orders import Orders
from heimdall_project.streams.outcomes import DUPLICATE, Outcome, Rule, Verdict
from heimdall_project.streams.records import Headers, Partition, Record
from heimdall_project.streams.retry import RetryPolicy
from heimdall_project.streams.testing import InMemoryBroker, InMemoryConsumer

TOPIC, DEAD, GROUP, OTHER = "analysis.request", "dlq.failed", "heimdall.model", "heimdall.other"
PLACES = [Partition(TOPIC, number) for number in range(3)]
RETRY = RetryPolicy(attempts=3, base=0.1, ceiling=1.0)
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


class Note(msgspec.Struct):
    """The event: an identity, and how its handler fares with it."""

    n: int
    kind: str


class Pool(Executor):
    """Work that waits until it is let run."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, partial(fn, *args, **kwargs)))
        return future

    def run_one(self, index: int = 0) -> bool:
        """Run one piece of work; False if there is none."""
        if not self.waiting:
            return False
        self.waiting.rotate(-(index % len(self.waiting)))
        future, work = self.waiting.popleft()
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)
        return True

    def run_all(self) -> None:
        while self.run_one():
            pass


class _Model:
    """What the three shapes have in common."""

    world: "World"


class OneByOne(_Model, RecordConsumer[Note]):
    """Idempotent by n."""

    name, topic, event, chunk, retry = "model", TOPIC, Note, 3, RETRY

    def handle(self, delivery: Delivery[Note]) -> Verdict | None:
        return self.world.handle(delivery.record, delivery.event, delivery.redrive)


class SeveralAtOnce(_Model, ConcurrentConsumer[Note]):
    """Idempotent by n."""

    name, topic, event, concurrency, unfinished, retry = "model", TOPIC, Note, 3, 6, RETRY

    def urgency(self, record: Record) -> int:
        return record.offset % 3

    def handle(self, delivery: Delivery[Note]) -> Verdict | None:
        return self.world.handle(delivery.record, delivery.event, delivery.redrive)


class Batches(_Model, BatchConsumer[Note]):
    """Idempotent by n. Poison is rejected one by one, a bug fails the whole batch."""

    name, topic, event, parallel, retry = "model", TOPIC, Note, 2, RETRY
    batch = BatchPolicy(records=4, seconds=0.3)

    def handle(self, batch: Batch[Note]) -> None:
        for record, note in zip(batch.records, batch.events, strict=True):
            try:
                verdict = self.world.handle(record, note, batch.redrives.get(record.offset))
            except InvalidMessage as error:
                batch.reject(record, error)
            else:
                if verdict:
                    batch.settle(record, verdict)


SHAPES: list[type[KafkaConsumer]] = [OneByOne, SeveralAtOnce, Batches]


@dataclass(eq=False)
class Process:
    """One process of the worker."""

    member: Member
    broker: InMemoryConsumer
    hands: Pool = field(default_factory=Pool)
    aside: Pool = field(default_factory=Pool)
    frozen: bool = False

    def let_run(self) -> None:
        self.hands.run_all()
        self.aside.run_all()


class World:
    """A topic, a group, and what may befall them."""

    def __init__(self, shape: type[KafkaConsumer]) -> None:
        self.shape = shape
        self.broker = InMemoryBroker()
        self.books = self.broker.books
        self.orders = Orders()
        self.processes: list[Process] = []
        self.patient = True
        """Whether handlers finish within the drain budget while the loop waits for them."""
        self.dependency_down = False
        self.trap = ""
        """What happens in the next handler call: "killed", "books" (the database goes away), or nothing."""
        self.sent: dict[At, Record] = {}
        self.kinds: dict[At, str] = {}
        self.addressed: dict[At, tuple[str, str]] = {}
        """Redrive id and group of records with a mark of ours."""
        self.handled: set[At] = set()
        self.buried: dict[At, list[Record]] = {}
        self.effects: Counter[int] = Counter()
        self.redriven: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()
        """Redrives that may be handled once more: the process died before it could write them down."""
        self.skipped: set[At] = set()
        self._shaken: set[int] = set()
        self._numbers = count(1)
        self._letters_seen = 0
        self._verified: Counter[Partition] = Counter()
        self._patches = [patch.object(module, "wait", self._wait) for module in (member_module, desk_module)]
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

    def truncate(self) -> None:
        """Retention deletes what is committed and read by everybody."""
        for place in PLACES:
            read = [p.broker._positions[place] for p in self.processes if place in p.broker._positions]
            self.broker.truncate(place, min([self.broker.committed(GROUP).get(place, 0), *read]))

    # --- the handler --------------------------------------------------------------------------------------

    def handle(self, record: Record, note: Note, again: Redrive | None) -> Verdict | None:
        if self.dependency_down:
            raise TransientError("sink", "down")
        if note.kind == "poison":
            raise InvalidMessage("poison")
        if note.kind == "bug" or (note.kind == "shaky" and note.n not in self._shaken):
            self._shaken.add(note.n)
            raise RuntimeError("bug")
        if again:
            self.redriven[again.redrive_id] += 1
        self.effects[note.n] += 1
        trap, self.trap = self.trap, ""
        if trap == "killed":
            raise Killed
        if trap == "books":
            self.books.down = True
        self.handled.add(At(record.place, record.offset))
        return DUPLICATE if self.effects[note.n] > 1 else None

    # --- processes ----------------------------------------------------------------------------------------

    def join(self) -> Process:
        consumer = self.shape()
        consumer.world = self  # type: ignore[union-attr]
        broker, hands, aside = self.broker.consumer(GROUP), Pool(), Pool()
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
            rules=FloodRules(first=8, ratio=0.8, window=30.0, least=20, patience=0.5),
            seed=1,
        )
        process = Process(member, broker, hands, aside)
        self.processes.append(process)
        member.start()
        return process

    def turn(self, process: Process, timeout: float = 0.1) -> None:
        self._live(process, partial(process.member.turn, timeout))

    def leave(self, process: Process) -> None:
        """SIGTERM."""
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
        process.broker.expire()

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

    # --- promises -----------------------------------------------------------------------------------------

    def check(self) -> None:
        """What must hold at every moment."""
        self._read_dead_letters()
        committed = self.broker.committed(GROUP)
        for place in PLACES:
            for offset in range(self._verified[place], committed.get(place, 0)):
                assert self.has_end(At(place, offset)), f"{place}@{offset} is committed and has no end"
            self._verified[place] = max(self._verified[place], committed.get(place, 0))
            self._check_ledger(place, committed.get(place, 0))
        for redrive_id, times in self.redriven.items():
            assert times <= 1 + self.excused[redrive_id], f"{redrive_id} was handled {times} times"
        for at, (redrive_id, group) in self.addressed.items():
            assert group == GROUP or at not in self.handled, f"{redrive_id} was for {group}"
        for process in self.processes:
            shape, progress = process.member._shape, process.member._progress
            assert 0 <= progress.unfinished <= shape.capacity + shape.gulp

    def has_end(self, at: At) -> bool:
        """Whether a durable outcome of this record exists."""
        if at in self.handled or at in self.buried:
            return True
        redrive_id, group = self.addressed.get(at, ("", GROUP))
        return group != GROUP or self.books.redrives.get(redrive_id) == "ok"

    def _check_ledger(self, place: Partition, committed: int) -> None:
        cursor = self.books.cursor.get((GROUP, place), 0)
        entries = {t: n for (_, where, t), n in self.books.ledger.items() if where == place}
        counted: Counter[str] = Counter()
        for tally, n in entries.items():
            counted[tally.rule or tally.outcome] += n
        passed = [At(place, offset) for offset in range(cursor)]
        assert committed <= cursor, f"{place}: committed {committed} before it was counted ({cursor})"
        assert counted.total() == cursor, f"{place}: {counted} do not add up to {cursor}"
        assert counted[Outcome.DEAD_LETTERED] <= sum(at in self.buried for at in passed)
        foreign = sum(self.addressed.get(at, ("", GROUP))[1] != GROUP for at in passed)
        assert counted[Rule.OTHER_GROUP] <= foreign
        assert counted[Rule.ABSENT] == 0

    def _read_dead_letters(self) -> None:
        letters = self.broker.records(DEAD)
        for letter in letters[self._letters_seen :]:
            said = as_dict(letter.headers)
            at = At(
                Partition(said["original_topic"], int(said["original_partition"])),
                int(said["original_offset"]),
            )
            self._check_letter(letter, said, at)
            self.buried.setdefault(at, []).append(letter)
        self._letters_seen = len(letters)

    def _check_letter(self, letter: Record, said: dict[str, str], at: At) -> None:
        record = self.sent[at]
        assert (letter.key, letter.value) == (record.key, record.value)
        assert len({name for name, _ in letter.headers or ()}) == len(letter.headers or ())
        assert said["original_group"] == GROUP
        assert said["error_class"] != "TransientError"
        expected = self.kinds[at] in HOPELESS or at in self.skipped
        assert expected, f"{at} is {self.kinds[at]} and was dead-lettered: {said['error_message']}"

    # --- the end ------------------------------------------------------------------------------------------

    def calm(self) -> None:
        """Everything works again, and the worker runs until nothing is left to do."""
        self.patient, self.dependency_down, self.trap, self.books.down = True, False, "", False
        self.broker.unavailable.clear()
        self.order(flood_override_until=1e12)
        for process in self.processes:
            process.frozen = False
            process.broker.commit_fails = False
        for _ in range(300):
            if not self.processes:
                self.join()
            for process in list(self.processes):
                process.let_run()
                self.turn(process, 0.5)
            self.check()
            if self._is_idle():
                return
        raise AssertionError("not idle after 300 turns in calm weather")

    def _is_idle(self) -> bool:
        committed = self.broker.committed(GROUP)
        return (
            bool(self.processes)
            and all(process.member.is_idle for process in self.processes)
            and all(committed.get(place, 0) == self.broker.end(place) for place in PLACES)
        )

    def check_end(self) -> None:
        """What must hold when everything is over."""
        for at in self.sent:
            assert self.has_end(at), f"{at} got lost"
            if self.kinds[at] in ("good", "shaky") and at not in self.skipped:
                assert at not in self.buried, f"{at} was dead-lettered though nothing was wrong with it"
        for place in PLACES:
            assert self.books.cursor.get((GROUP, place), 0) == self.broker.end(place)
