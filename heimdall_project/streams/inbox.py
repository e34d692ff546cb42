"""Records that were read and not yet handed over. Pure: time is an argument."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from operator import add, attrgetter

from .consumer import BatchPolicy
from .records import Partition, Record


@dataclass(slots=True)
class _Queue:
    since: float
    records: deque[Record] = field(default_factory=deque)
    sizes: deque[int] = field(default_factory=deque)
    """Of each of `records`."""
    bytes: int = 0


_value, _key = attrgetter("value"), attrgetter("key")


def _sizes(records: Sequence[Record]) -> list[int]:
    # Mapped, not looped: this runs for every record that passes.
    try:
        return list(map(add, map(len, map(_value, records)), map(len, map(_key, records))))
    except TypeError:  # one has no value, or no key
        return [record.size for record in records]


class Inbox:
    """One queue a partition; says what is due under a `BatchPolicy`."""

    def __init__(self, policy: BatchPolicy) -> None:
        self._records = policy.records
        self._bytes = int(policy.megabytes * 1_000_000)
        self._seconds = policy.seconds
        self._queues: dict[Partition, _Queue] = {}

    def add(self, place: Partition, records: Sequence[Record], now: float) -> int:
        """Records of one partition, in order of offset. Answers their bytes."""
        queue = self._queues.get(place)
        if queue is None:
            queue = self._queues[place] = _Queue(since=now)
        sizes = _sizes(records)
        queue.records.extend(records)
        queue.sizes.extend(sizes)
        size = sum(sizes)
        queue.bytes += size
        return size

    def drop(self, place: Partition) -> None:
        """Forget a partition."""
        self._queues.pop(place, None)

    def due(
        self, now: float, busy: Callable[[Partition], bool], *, is_full: bool = False
    ) -> Partition | None:
        """The partition whose batch is due and waited longest, leaving out busy ones.

        `is_full`: no record can be taken in before others go, so if none is due, the one that holds most.
        """
        free = [(p, q) for p, q in self._queues.items() if not busy(p)]
        ready = [(q.since, p) for p, q in free if self._is_due(q, now)]
        if not ready and is_full:
            return max(free, key=lambda each: len(each[1].records), default=(None, None))[0]
        return min(ready, default=(0.0, None))[1]

    def _is_due(self, queue: _Queue, now: float) -> bool:
        return (
            len(queue.records) >= self._records
            or queue.bytes >= self._bytes
            or now - queue.since >= self._seconds
        )

    def take(self, place: Partition, now: float) -> list[Record]:
        """The next batch of a partition: at most `records` of them and about `megabytes`."""
        queue = self._queues[place]
        count = self._count(queue)
        if count == len(queue.records):
            del self._queues[place]
            return list(queue.records)
        record, size = queue.records.popleft, queue.sizes.popleft
        queue.bytes -= sum([size() for _ in range(count)])
        queue.since = now
        return [record() for _ in range(count)]

    def _count(self, queue: _Queue) -> int:
        most = min(len(queue.records), self._records)
        if queue.bytes <= self._bytes:
            return most
        return max(1, bisect_right(list(accumulate(islice(queue.sizes, most))), self._bytes))

    def take_first(self, most: int, key: Callable[[Record, float], float], now: float) -> list[Record]:
        """The `most` records with the highest `key(record, now)`, highest first; the older one wins a tie."""

        def rank(record: Record) -> tuple[float, int, int]:
            return key(record, now), -record.timestamp, -record.offset

        held = [record for queue in self._queues.values() for record in queue.records]
        chosen = sorted(held, key=rank, reverse=True)[:most]
        for record in chosen:
            queue = self._queues[record.place]
            index = queue.records.index(record)
            queue.bytes -= queue.sizes[index]
            del queue.records[index], queue.sizes[index]
            if not queue.records:
                del self._queues[record.place]
        return chosen

    def put_back(self, place: Partition, records: Sequence[Record], now: float) -> None:
        """Records that were taken and not begun; they stand before the others of their partition."""
        queue = self._queues.setdefault(place, _Queue(since=now))
        sizes = _sizes(records)
        queue.records.extendleft(reversed(records))
        queue.sizes.extendleft(reversed(sizes))
        queue.bytes += sum(sizes)

    def __len__(self) -> int:
        return sum(len(queue.records) for queue in self._queues.values())

    @property
    def bytes(self) -> int:
        """Bytes of keys and values held."""
        return sum(queue.bytes for queue in self._queues.values())

    def places(self) -> Iterable[Partition]:
        """Partitions with records."""
        return list(self._queues)
