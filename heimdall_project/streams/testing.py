"""The world in memory: broker, books, clock. Deterministic; faults on demand.

broker = InMemoryBroker()
broker.produce("analysis.request", b"{}")
runner = broker.runner(MyConsumer())
run_until_idle(runner)
assert broker.committed("heimdall.mine") == {...}
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

from ..errors import DeliveryFailed, OffsetGap, TransientError
from . import topics
from .books import Cursor, RedriveEnd, Tally, tallies
from .consumer import KafkaConsumer
from .flood import Window
from .member import Member
from .offsets import Span
from .ports import RebalanceListener
from .records import Delivered, Headers, Outgoing, Partition, Record


class FakeClock:
    """Time that moves when told to."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """The same clock."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


class InlineExecutor(Executor):
    """Runs work at once, in the caller's thread."""

    def submit[**P, R](self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Run `fn` now; its exception is kept in the future, as a pool does."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # boundary: an executor hands every failure to the caller
            future.set_exception(error)
        return future


@dataclass
class _Group:
    members: list["InMemoryConsumer"] = field(default_factory=list)
    committed: dict[Partition, int] = field(default_factory=dict)
    owners: dict[Partition, "InMemoryConsumer"] = field(default_factory=dict)


class InMemoryBroker:
    """Topics with partitions and offsets, groups with members and rebalances."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.books = InMemoryBooks()
        self._log: dict[Partition, list[Record]] = defaultdict(list)
        self._first: dict[Partition, int] = defaultdict(int)
        self._groups: dict[str, _Group] = defaultdict(_Group)
        self.unavailable: set[str] = set()
        """Topics whose publishing fails."""

    # --- producing --------------------------------------------------------------------------------------

    def produce(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        partition: int | None = None,
        headers: Headers | None = None,
    ) -> Record:
        """Append one record. Without `partition` the key decides."""
        number = self._number(topic, key) if partition is None else partition
        place = Partition(topic, number)
        offset = self._first[place] + len(self._log[place])
        stamp = int(self.clock.now() * 1000)
        record = Record(topic, number, offset, stamp, key, value, headers or None)
        self._log[place].append(record)
        return record

    def _number(self, topic: str, key: bytes | None) -> int:
        return sum(key or b"") % topics.spec(topic).partitions

    def records(self, topic: str) -> list[Record]:
        """Everything in a topic, by partition and offset."""
        return [record for place, log in sorted(self._log.items()) if place.topic == topic for record in log]

    def truncate(self, place: Partition, first: int) -> None:
        """Retention: delete records before `first`."""
        self._log[place] = [record for record in self._log[place] if record.offset >= first]
        self._first[place] = first

    def producer(self) -> "InMemoryProducer":
        """A producer."""
        return InMemoryProducer(self)

    # --- consuming --------------------------------------------------------------------------------------

    def consumer(self, group: str) -> "InMemoryConsumer":
        """A member of a group; it joins when it subscribes."""
        return InMemoryConsumer(self, group)

    def runner(self, consumer: KafkaConsumer, **more: Any) -> Member:
        """A runner of `consumer` on this broker, working inline, started."""
        settings: dict[str, Any] = {
            "broker": self.consumer(consumer.group()),
            "producer": self.producer(),
            "books": self.books,
            "clock": self.clock,
            "hands": InlineExecutor(),
            "aside": InlineExecutor(),
            "seed": 0,
        }
        runner = Member(consumer, **(settings | more))
        runner.start()
        return runner

    def committed(self, group: str) -> dict[Partition, int]:
        """Committed next offsets of a group."""
        return dict(self._groups[group].committed)

    def end(self, place: Partition) -> int:
        """Offset that the next record will get."""
        return self._first[place] + len(self._log[place])

    def first(self, place: Partition) -> int:
        """Offset of the oldest record."""
        return self._first[place]

    def read(self, place: Partition, offset: int, limit: int) -> list[Record]:
        """Records from `offset` on."""
        start = offset - self._first[place]
        return self._log[place][start : start + limit]

    def rebalance(self, group: str) -> None:
        """Deal the partitions anew, sticky where possible; members notice when they poll."""
        state = self._groups[group]
        places = [
            Partition(spec.name, number)
            for spec in topics.specs()
            for number in range(spec.partitions)
            if any(spec.name in member.subscribed for member in state.members)
        ]
        share = -(-len(places) // max(1, len(state.members)))
        given: dict[InMemoryConsumer, list[Partition]] = {member: [] for member in state.members}
        rest = []
        for place in places:
            owner = state.owners.get(place)
            if owner in given and len(given[owner]) < share:
                given[owner].append(place)
            else:
                rest.append(place)
        for place in rest:
            given[min(given, key=lambda member: len(given[member]))].append(place)
        for member, mine in given.items():
            member.wanted = set(mine)

    def members(self, group: str) -> list["InMemoryConsumer"]:
        """Members of a group, oldest first."""
        return self._groups[group].members

    def state(self, group: str) -> _Group:
        """A group's inner state."""
        return self._groups[group]


class InMemoryProducer:
    """Publishes into an `InMemoryBroker`."""

    def __init__(self, broker: InMemoryBroker) -> None:
        self._broker = broker

    def publish(self, records: Sequence[Outgoing]) -> list[Delivered | DeliveryFailed]:
        """Append all; those for an unavailable topic fail."""
        return [self._publish(record) for record in records]

    def _publish(self, record: Outgoing) -> Delivered | DeliveryFailed:
        if record.topic in self._broker.unavailable:
            return DeliveryFailed(f"{record.topic} is unavailable")
        kept = self._broker.produce(record.topic, record.value, key=record.key, headers=list(record.headers))
        return Delivered(kept.topic, kept.partition, kept.offset)

    def close(self) -> None:
        """Nothing to give up."""


class InMemoryConsumer:
    """One member. Assignment changes take effect when it polls; a partition moves when its owner let go."""

    def __init__(self, broker: InMemoryBroker, group: str) -> None:
        self._broker = broker
        self._group = group
        self.subscribed: set[str] = set()
        self.wanted: set[Partition] = set()
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._fetched: dict[Partition, int] = {}
        self.frozen = False
        """A frozen member neither polls nor answers: its partitions can be taken away (`expire`)."""
        self._answers: list[Callable[[], None]] = []
        self.raise_on_poll: Exception | None = None
        self.commit_fails = False

    def subscribe(self, names: Sequence[str], listener: RebalanceListener) -> None:
        """Join; partitions come with the next polls."""
        self.subscribed = set(names)
        self._listener = listener
        self._broker.members(self._group).append(self)
        self._broker.rebalance(self._group)

    def expire(self) -> None:
        """The session ends: the group deals this member's partitions to others."""
        state = self._broker.state(self._group)
        if self in state.members:
            state.members.remove(self)
        for place in [place for place, owner in state.owners.items() if owner is self]:
            del state.owners[place]
        self._broker.rebalance(self._group)

    def _rejoin(self) -> None:
        state = self._broker.state(self._group)
        if self not in state.members:
            gone = sorted(self._positions)
            self._positions.clear()
            self._paused.clear()
            self._listener.lost(gone)
            state.members.append(self)
            self._broker.rebalance(self._group)

    def _follow(self) -> None:
        """Give back what is not wanted, take what is free."""
        state = self._broker.state(self._group)
        if back := sorted(set(self._positions) - self.wanted):
            self._listener.revoked(back)
            for place in back:
                del self._positions[place]
                self._paused.discard(place)
                if state.owners.get(place) is self:  # a zombie gives back what is another's already
                    del state.owners[place]
        if new := sorted(p for p in self.wanted - set(self._positions) if p not in state.owners):
            self._positions.update(self._listener.assigned(new))
            state.owners.update(dict.fromkeys(new, self))

    def poll(self, limit: int, timeout: float) -> list[Record]:
        """Records of partitions that are not paused; time passes if there are none."""
        answers, self._answers = self._answers, []
        for answer in answers:
            answer()
        self._rejoin()
        self._follow()
        if self.raise_on_poll is not None:
            error, self.raise_on_poll = self.raise_on_poll, None
            self._take(limit)  # as the real client: the records are gone for this member
            raise error
        taken = self._take(limit)
        if not taken:
            self._broker.clock.advance(max(timeout, 0.001))
        return taken

    def _take(self, limit: int) -> list[Record]:
        taken: list[Record] = []
        for place in sorted(set(self._positions) - self._paused):
            at = self._positions[place]
            if at < self._broker.first(place):
                low, high = self._broker.first(place), self._broker.end(place)
                raise OffsetGap(place.topic, place.number, at, low, high)
            found = self._broker.read(place, at, limit - len(taken))
            taken += found
            if found:
                self._positions[place] = found[-1].offset + 1
        return taken

    def committed(self, partitions: Sequence[Partition]) -> dict[Partition, int | None]:
        """Committed offsets of the group."""
        known = self._broker.state(self._group).committed
        return {place: known.get(place) for place in partitions}

    def watermarks(self, partition: Partition) -> tuple[int, int]:
        """First and next offset."""
        return self._broker.first(partition), self._broker.end(partition)

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """End offsets."""
        return {place: self._broker.end(place) for place in partitions}

    def cached_end(self, partition: Partition) -> int | None:
        """End offset as of the last fetch: what is paused is not fetched."""
        if partition not in self._paused:
            self._fetched[partition] = self._broker.end(partition)
        return self._fetched.get(partition)

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """Commit. A member that was thrown out is refused; a broker does not ask who owns which partition."""
        state = self._broker.state(self._group)
        if self.commit_fails or self not in state.members:
            raise TransientError("kafka", "commit")
        state.committed.update(positions)

    def commit_soon(self, positions: Mapping[Partition, int]) -> Future[None]:
        """Commit now, answer during the next poll."""
        answer = Future[None]()
        try:
            self.commit(positions)
        except TransientError as error:
            self._answers.append(partial(answer.set_exception, error))
        else:
            self._answers.append(partial(answer.set_result, None))
        return answer

    def pause(self, partitions: Sequence[Partition]) -> None:
        """Give no more records of these."""
        self._paused.update(partitions)

    def resume(self, partitions: Sequence[Partition]) -> None:
        """Give records again."""
        self._paused.difference_update(partitions)

    def topic_ids(self, names: Sequence[str]) -> dict[str, str]:
        """The same id for ever."""
        return {name: f"id-{name}" for name in names}

    def crash(self) -> None:
        """The process dies: nothing is given back, the session ends."""
        self._positions.clear()
        self.expire()

    def close(self) -> None:
        """Leave: give everything back first."""
        self.wanted = set()
        self._follow()
        self.expire()


class InMemoryBooks:
    """The books as dictionaries, by the same rules as the tables."""

    def __init__(self) -> None:
        self._lock = Lock()
        """What the database does by locks and constraints, for tests with threads."""
        self.cursor: dict[tuple[str, Partition], int] = {}
        self.starts: dict[tuple[str, Partition], int] = {}
        self.ledger: Counter[tuple[str, Partition, Tally]] = Counter()
        self.redrives: dict[str, str] = {}
        self.windows: dict[str, Window] = {}
        self.skips_applied: list[Record] = []
        self.down = False

    def _reach(self) -> None:
        if self.down:
            raise TransientError("postgresql", "down")

    def settle(self, group: str, spans: Sequence[Span], *, topic_ids: dict[str, str], window: Window) -> None:
        """See `Books.settle`."""
        self._reach()
        with self._lock:
            for span in spans:
                key = (group, span.place)
                for tally, count in tallies(span, self.cursor.get(key)).items():
                    self.ledger[(group, span.place, tally)] += count
                self.starts.setdefault(key, span.start)
                self.cursor[key] = max(self.cursor.get(key, span.end), span.end)
        self.windows[group] = Window(window.started_at, window.good, window.bad)

    def cursors(self, group: str, places: Sequence[Partition]) -> dict[Partition, Cursor]:
        """See `Books.cursors`."""
        self._reach()
        return {
            p: Cursor(self.cursor[(group, p)], f"id-{p.topic}") for p in places if (group, p) in self.cursor
        }

    def redrive_status(self, redrive_ids: Iterable[str]) -> dict[str, str]:
        """See `Books.redrive_status`."""
        self._reach()
        return {each: self.redrives[each] for each in redrive_ids if each in self.redrives}

    def redrive_begun(self, group: str, redrive_id: str, record: Record) -> bool:
        """See `Books.redrive_begun`."""
        self._reach()
        with self._lock:
            if self.redrives.get(redrive_id) in ("started", "ok"):
                return False
            self.redrives[redrive_id] = "started"
            return True

    def redrives_ended(self, group: str, ends: Sequence[RedriveEnd]) -> None:
        """See `Books.redrives_ended`."""
        self._reach()
        with self._lock:
            for end in ends:
                if self.redrives.get(end.redrive_id) != "ok":
                    self.redrives[end.redrive_id] = str(end.status)

    def flood_window(self, group: str, now: float) -> Window:
        """See `Books.flood_window`."""
        return self.windows.get(group, Window(started_at=now))

    def skipped(self, worker: str, records: Sequence[Record]) -> None:
        """See `Books.skipped`."""
        self._reach()
        self.skips_applied.extend(records)

    def counted(self, group: str) -> Counter[str]:
        """Outcomes of a group; drops as `dropped:rule`."""
        counts: Counter[str] = Counter()
        for (whose, _, tally), count in self.ledger.items():
            if whose == group:
                counts[f"{tally.outcome}:{tally.rule}" if tally.rule else str(tally.outcome)] += count
        return counts

    def balances(self, group: str) -> bool:
        """Whether outcomes add up to what the cursors have passed."""
        passed = sum(self.cursor[key] - self.starts[key] for key in self.cursor if key[0] == group)
        return passed == sum(count for (whose, _, _), count in self.ledger.items() if whose == group)


def run_until_idle(runner: Member, *, turns: int = 1000) -> None:
    """Turn until nothing is left to read, handle or commit. Raises what the runner raises."""
    quiet = 0
    for _ in range(turns):
        before = runner.taken
        runner.turn(0.05)
        quiet = quiet + 1 if runner.is_idle and runner.taken == before else 0
        if quiet >= 3:
            return
    raise AssertionError(f"not idle after {turns} turns")
