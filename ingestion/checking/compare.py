"""What differs between the books and what is stored. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

EPOCH_MINUTE = 60


class Kind(StrEnum):
    """In what way something differs."""

    BOOKS = "books"
    """The outcomes of a partition do not sum up to what its cursor has passed."""
    CURSOR = "cursor"
    """The cursor does not fit the partition on the broker."""
    COUNT = "count"
    """The broker gave another number of offsets in a minute than the ledger counts."""
    MISSING = "missing"
    """The ledger counts more as stored than stands in ClickHouse."""
    SURPLUS = "surplus"
    """More stands in ClickHouse than the ledger counts as stored."""
    VANISHED = "vanished"
    """Events arrived in ClickHouse, and are not among the page views."""
    STRAY = "stray"
    """Page views name records that did not arrive, or that arrived as other events."""
    COPIES = "copies"
    """More rows than event ids: readers would see an event twice."""


class Span(NamedTuple):
    """Offsets from first to last."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    @property
    def size(self) -> int:
        """How many offsets."""
        return self.last - self.first + 1


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that does not fit, and where."""

    kind: Kind
    what: str
    partition: int | None = None
    minute: int | None = None
    """Minutes since the epoch."""
    offsets: tuple[Span, ...] = ()

    @property
    def at(self) -> datetime | None:
        """The minute as a time."""
        return None if self.minute is None else datetime.fromtimestamp(self.minute * EPOCH_MINUTE, UTC)


@dataclass
class Minute:
    """One minute of one partition in the books: how its records ended."""

    stored: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """Records that came to an end."""
        return self.stored + self.other


class Arrived(NamedTuple):
    """What ClickHouse has of a minute: how many offsets, and between which."""

    offsets: int
    first: int
    last: int

    def with_(self, more: "Arrived") -> "Arrived":
        """The same minute, seen in another stretch of offsets."""
        return Arrived(self.offsets + more.offsets, min(self.first, more.first), max(self.last, more.last))


@dataclass
class Report:
    """What was looked at, and what was found."""

    topic: str
    group: str
    partitions: int = 0
    minutes: int = 0
    counted: int = 0
    """Records with an outcome in the range."""
    stored: int = 0
    """Of them, stored."""
    arrived: int = 0
    """Offsets in ClickHouse."""
    events: int = 0
    """Distinct event ids among them."""
    conflicts: int = 0
    """Event ids that came with more than one body."""
    in_flight: int | None = None
    unchecked: list[str] = field(default_factory=list)
    """What could not be looked at, and why."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def duplicates(self) -> int:
        """Arrivals of an event that had arrived before."""
        return max(0, self.arrived - self.events)

    @property
    def is_balanced(self) -> bool:
        """Nothing differs."""
        return not self.differences


def compare(books: Mapping[int, Minute], arrived: Mapping[int, Arrived]) -> Iterator[tuple[int, int, int]]:
    """Minutes of a partition that differ: minute, stored by the ledger, arrived in ClickHouse."""
    for minute in sorted(books.keys() | arrived.keys()):
        stored = books[minute].stored if minute in books else 0
        there = arrived[minute].offsets if minute in arrived else 0
        if stored != there:
            yield minute, stored, there


def missing(
    partition: int, minute: int, stored: int, there: int, gaps: Sequence[Span], other: int
) -> Difference:
    """Fewer arrived than the ledger counts. `gaps` are offsets of that minute that did not arrive; among them
    are those of the `other` outcomes."""
    names = ", ".join(map(str, gaps)) or "not known"
    among = f" ({other} of these were not to be stored)" if other and gaps else ""
    what = (
        f"the ledger counts {stored:,} stored, ClickHouse has {there:,}: {stored - there:,} missing, "
        f"offsets {names}{among}"
    )
    return Difference(kind=Kind.MISSING, what=what, partition=partition, minute=minute, offsets=tuple(gaps))


def surplus(partition: int, minute: int, stored: int, arrived: Arrived) -> Difference:
    """More arrived than the ledger counts."""
    span = Span(arrived.first, arrived.last)
    what = (
        f"the ledger counts {stored:,} stored, ClickHouse has {arrived.offsets:,} (offsets {span}): "
        f"{arrived.offsets - stored:,} were never counted"
    )
    return Difference(kind=Kind.SURPLUS, what=what, partition=partition, minute=minute, offsets=(span,))


def spans(offsets: Sequence[int]) -> list[Span]:
    """Sorted offsets as stretches."""
    found: list[Span] = []
    for offset in offsets:
        if found and offset == found[-1].last + 1:
            found[-1] = Span(found[-1].first, offset)
        else:
            found.append(Span(offset, offset))
    return found
