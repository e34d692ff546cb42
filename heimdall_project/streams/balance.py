"""Whether the books of a group balance, and what is in flight. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise


@dataclass(frozen=True, kw_only=True)
class Position:
    """One partition as the books and the broker have it.

    Accepted is the offset range of the partition; what the outcomes sum up to must be what the cursor has
    passed, and what is in flight is measured: the end of the partition minus the cursor, never a remainder.
    """

    partition: int
    start: int | None = None
    """Where the group began; None where it has no cursor yet."""
    cursor: int | None = None
    counted: int = 0
    """Sum of the outcomes."""
    moved_at: datetime | None = None
    topic_id: str = ""
    """The broker's id of the topic, as noted with the cursor."""
    first: int | None = None
    """First offset that the broker keeps; None where the broker did not tell."""
    end: int | None = None
    """Next offset that the broker gives; None where the broker did not tell."""

    @property
    def passed(self) -> int:
        """Offsets behind the cursor."""
        return (self.cursor or 0) - (self.start or 0)

    @property
    def in_flight(self) -> int | None:
        """Records accepted and not counted; None while the broker does not tell."""
        if self.end is None:
            return None
        since = self.cursor if self.cursor is not None else self.first or 0
        return max(0, self.end - since)

    def problems(self, topic_id: str = "") -> Iterator[str]:
        """What does not fit, in words. `topic_id` is the broker's, where it is known."""
        if self.counted != self.passed:
            yield f"the outcomes sum up to {self.counted:,}, the cursor has passed {self.passed:,} records"
        if self.cursor is None:
            return
        if topic_id and self.topic_id and topic_id != self.topic_id:
            yield "the topic was recreated: its offsets mean other records now"
        elif self.end is not None and self.cursor > self.end:
            yield f"the cursor is {self.cursor - self.end:,} past the end of the partition"
        elif self.first is not None and self.cursor < self.first:
            yield f"the broker deleted {self.first - self.cursor:,} records before they were counted"


@dataclass(frozen=True, kw_only=True)
class Balance:
    """All partitions of a group in a topic."""

    positions: Sequence[Position]
    topic_id: str = ""
    broker: str = ""
    """Why the broker told nothing; "" if it did."""
    is_away: bool = False
    """The broker did not answer at all."""

    @property
    def in_flight(self) -> int | None:
        """Over all partitions; None while the broker does not tell."""
        known = [position.in_flight for position in self.positions]
        return None if self.broker else sum(number for number in known if number is not None)

    @property
    def problems(self) -> list[tuple[int, str]]:
        """What does not fit, by partition."""
        return [(each.partition, what) for each in self.positions for what in each.problems(self.topic_id)]

    @property
    def oldest(self) -> Position | None:
        """Of the cursors that have something before them (or may have), the one that moved least lately."""
        waiting = [each for each in self.positions if each.moved_at and each.in_flight != 0]
        return min(waiting, key=lambda each: each.moved_at or datetime.max, default=None)


def accepted_between(
    marks: Sequence[Mapping[int, int]], extents: Mapping[int, tuple[int, int]]
) -> list[int | None]:
    """Records that were accepted between each two neighbouring moments, all partitions together.

    `marks` are, for each moment in order of time, the first offset at or after it (-1: none yet). None where
    the broker keeps no more what was accepted then.
    """
    counts: list[int | None] = []
    for before, after in pairwise(marks):
        count, is_whole = 0, True
        for number, (first, end) in extents.items():
            low, high = (end if at.get(number, -1) < 0 else at[number] for at in (before, after))
            is_whole = is_whole and (low > first or first == 0 or low == end)
            count += max(0, high - low)
        counts.append(count if is_whole else None)
    return counts
