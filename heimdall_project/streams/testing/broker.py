"""A broker in memory."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from .. import topics
from ..consumer import KafkaConsumer
from ..member import Member
from ..records import Headers, Partition, Record
from .books import InMemoryBooks
from .clients import InMemoryConsumer, InMemoryProducer
from .clock import FakeClock, InlineExecutor


@dataclass
class _Group:
    members: list[InMemoryConsumer] = field(default_factory=list)
    committed: dict[Partition, int] = field(default_factory=dict)
    owners: dict[Partition, InMemoryConsumer] = field(default_factory=dict)


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

    def producer(self) -> InMemoryProducer:
        """A producer."""
        return InMemoryProducer(self)

    # --- consuming --------------------------------------------------------------------------------------

    def consumer(self, group: str) -> InMemoryConsumer:
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

    def members(self, group: str) -> list[InMemoryConsumer]:
        """Members of a group, oldest first."""
        return self._groups[group].members

    def state(self, group: str) -> _Group:
        """A group's inner state."""
        return self._groups[group]


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
