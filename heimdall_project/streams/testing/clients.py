"""Producers and members of groups, on a broker in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from ...errors import DeliveryFailed, OffsetGap, TransientError
from ..ports import RebalanceListener
from ..records import Delivered, Outgoing, Partition, Record

if TYPE_CHECKING:
    from .broker import InMemoryBroker


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
