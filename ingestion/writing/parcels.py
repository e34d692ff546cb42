"""What goes into one insert. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from .rows import PageViewRow, encoded


@dataclass(frozen=True)
class Parcel:
    """Rows of one partition, in order of offset; at least one."""

    rows: Sequence[PageViewRow]

    @cached_property
    def body(self) -> bytes:
        """The rows as JSONEachRow."""
        return encoded(self.rows)

    @cached_property
    def token(self) -> str:
        """What ClickHouse knows a repeated insert by.

        With the hash of the body: it drops other rows under a known token, and answers 200.
        """
        first, last = self.rows[0], self.rows[-1]
        digest = sha256(self.body).hexdigest()[:32]
        return f"{first.topic}:{first.partition}:{first.offset}-{last.offset}:{len(self.rows)}:{digest}"

    @property
    def topic(self) -> str:
        """Logical name."""
        return self.rows[0].topic

    @property
    def partition(self) -> int:
        """Its number."""
        return self.rows[0].partition

    @property
    def first(self) -> int:
        """Smallest offset."""
        return self.rows[0].offset

    @property
    def last(self) -> int:
        """Largest offset."""
        return self.rows[-1].offset

    @property
    def identities(self) -> set[tuple[int, int, str]]:
        """Offset, accept time (ms) and event id of each row: what is found where its insert was applied.

        With the time: in a topic that was made anew the same event may stand at the same offset.
        """
        return {(row.offset, row.accepted_ms, row.event_id) for row in self.rows}

    def __len__(self) -> int:
        return len(self.rows)
