"""How far a member is behind, in records and in seconds."""

from collections.abc import Collection

from .offsets import Progress
from .ports import Clock, Consumer
from .records import Partition

ASK = 2.0
"""Seconds between two questions for the ends of paused partitions."""


class Lag:
    """Measured from the loop's thread, now and then."""

    def __init__(self, broker: Consumer, progress: Progress, clock: Clock) -> None:
        self._broker = broker
        self._progress = progress
        self._clock = clock
        self._ends: dict[Partition, int] = {}
        self._asked = float("-inf")
        self._behind_since: float | None = None
        self.by_partition: dict[Partition, int] = {}
        """Records behind the end, as last measured. Replaced, never changed: other threads read it."""

    @property
    def records(self) -> int | None:
        """The sum, None where nothing is known."""
        return sum(self.by_partition.values()) if self.by_partition else None

    @property
    def seconds(self) -> float:
        """Age of the oldest record in hand; with none in hand, how long there has been something to read."""
        oldest = self._progress.oldest()
        since = oldest / 1000 if oldest is not None else self._behind_since
        return 0.0 if since is None else max(0.0, self._clock.now() - since)

    def measure(self, paused: Collection[Partition]) -> None:
        """The client learns no ends of what is paused, so they are asked of the broker."""
        now = self._clock.monotonic()
        if paused and now - self._asked >= ASK:
            self._asked = now
            self._ends = self._broker.ends(sorted(paused))
        self.by_partition = {
            place: max(0, max(ends) - done)
            for place, done in self._progress.next_offsets().items()
            if (ends := self._known_ends(place))
        }
        if not any(self.by_partition.values()):
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = self._clock.now()

    def _known_ends(self, place: Partition) -> list[int]:
        told = (self._broker.cached_end(place), self._ends.get(place))
        return [end for end in told if end is not None]
