"""What the runtime needs from the world; the real versions stand in `broker`, in-memory ones in `testing`."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol

from ..errors import DeliveryFailed
from .records import Delivered, Outgoing, Partition, Record


class Clock(Protocol):
    """Time as a parameter. No `time.time()` elsewhere in the runtime."""

    def now(self) -> float:
        """Seconds since the epoch, by the wall."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for waits and budgets."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some start; goes on while the process is frozen."""
        return time.monotonic()


class Producer(Protocol):
    """Publishes records. Built after a fork, used from one thread at a time."""

    def publish(self, records: Sequence[Outgoing]) -> list[Delivered | DeliveryFailed]:
        """Publish all and wait for every acknowledgement; one answer a record, in order.

        Order per key is kept; nothing after a failed record of this call is published out of order.
        Never raises for a record; waits `KAFKA_DELIVERY_TIMEOUT` at most (or what it was built with).
        """
        ...

    def close(self) -> None:
        """Give up the client."""
        ...


class RebalanceListener(Protocol):
    """Told of assignment changes, from inside `Consumer.poll`. What it raises never reaches the client."""

    def assigned(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """New partitions; answers the offset to start each from."""
        ...

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """These go away when this returns: finish and commit what is in hand."""
        ...

    def lost(self, partitions: Sequence[Partition]) -> None:
        """These are gone already: drop what is in hand, commit nothing."""
        ...


class Consumer(Protocol):
    """One member of a group. Topics in records and partitions are logical names.

    Used from one thread: the client lets in one call at a time, and a thread that polls keeps others out.
    """

    def subscribe(self, topics: Sequence[str], listener: RebalanceListener) -> None:
        """Join the group."""
        ...

    def poll(self, limit: int, timeout: float) -> list[Record]:
        """Up to `limit` records; waits at most `timeout` seconds for the first. Runs the listener.

        Raises OffsetGap, TransientError, or what the listener raised (before any record is lost).
        """
        ...

    def committed(self, partitions: Sequence[Partition]) -> dict[Partition, int | None]:
        """Committed offsets of the group; None where there is none."""
        ...

    def watermarks(self, partition: Partition) -> tuple[int, int]:
        """First offset that the broker has, and the next that it will give. Asks the broker."""
        ...

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """End offsets, asked of the broker; those it does not tell within a second are left out."""
        ...

    def cached_end(self, partition: Partition) -> int | None:
        """The end offset as of the last fetch, without asking."""
        ...

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """Commit next offsets and wait. Raises TransientError, also if a partition went away."""
        ...

    def commit_soon(self, positions: Mapping[Partition, int]) -> Future[None]:
        """Commit next offsets; the answer, as of `commit`, comes during a later `poll`. One at a time."""
        ...

    def pause(self, partitions: Sequence[Partition]) -> None:
        """Fetch no more from these until `resume`, or for as long as they are assigned."""
        ...

    def resume(self, partitions: Sequence[Partition]) -> None:
        """Fetch again."""
        ...

    def topic_ids(self, topics: Sequence[str]) -> dict[str, str]:
        """The broker's ids of those topics that exist, by logical name. From any thread."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


type ConsumerFactory = Callable[[str], Consumer]
"""Group name to a consumer."""
