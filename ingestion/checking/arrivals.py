"""What ClickHouse has of the records of a topic. Every value is a parameter of its query."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from .compare import Arrived, Span

CHUNK = 500_000
"""Offsets that one query looks at."""
BUCKET = 500_000
"""Arrivals whose event ids one query holds in memory."""
SHOWN = 20
"""Stretches of offsets that are named."""


class Reader(Protocol):
    """A read-only session."""

    def rows(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """All rows of the answer. Raises TransientError while ClickHouse is away."""
        ...


class Range(NamedTuple):
    """Which arrivals are looked at."""

    topic: str
    cursors: Mapping[int, tuple[int, int]]
    """By partition, [start, cursor): nothing else is judged."""
    since: datetime | None
    until: datetime | None
    began: datetime | None = None
    """What arrived before is of a topic of the same name that is gone."""

    @property
    def floor(self) -> int:
        """That in milliseconds."""
        return int(self.began.timestamp() * 1000) if self.began else -_FAR_MS

    def parameters(self) -> dict[str, Any]:
        """As the queries take them."""
        return {
            "topic": self.topic,
            "numbers": list(self.cursors),
            "starts": [start for start, _ in self.cursors.values()],
            "ends": [end for _, end in self.cursors.values()],
            "since": max(self.floor, int(self.since.timestamp() * 1000) if self.since else 0),
            "until": int(self.until.timestamp() * 1000) if self.until else _FAR_MS,
        }


class Named(NamedTuple):
    """Events of a minute that stand in one of the two tables and not in the other."""

    partition: int
    minute: int
    events: int
    offsets: Sequence[int]
    event_ids: Sequence[str]


class Identities(NamedTuple):
    """Arrivals by their event ids, of one bucket."""

    arrived: int
    events: int
    conflicts: int
    rows: int
    """Rows of the page views of these ids, as readers see them."""
    ids: int
    """Distinct ids among these rows."""


_FAR_MS = 10_413_792_000_000
"""The year 2300: a topic may keep its producers' times, whatever they are."""
_PARTS = {
    "MINUTE": "intDiv(toUnixTimestamp64Milli(accepted_at), 60000)",
    "IN_RANGE": """topic = {topic:String}
    AND toUnixTimestamp64Milli(accepted_at) >= {since:Int64}
    AND toUnixTimestamp64Milli(accepted_at) < {until:Int64}""",
    "BELOW": """has({numbers:Array(Int32)}, partition)
    AND offset >= transform(partition, {numbers:Array(Int32)}, {starts:Array(Int64)}, toInt64(0))
    AND offset < transform(partition, {numbers:Array(Int32)}, {ends:Array(Int64)}, toInt64(0))""",
    "OF_BUCKET": "cityHash64(event_id) % {buckets:UInt32} = {bucket:UInt32}",
    "OF_PARTITION": """topic = {topic:String} AND partition = {partition:Int32}
    AND offset >= {start:Int64} AND offset < {cursor:Int64}
    AND toUnixTimestamp64Milli(accepted_at) >= {floor:Int64}""",
}
"""Conditions that several queries have in common."""


def _query(text: str) -> str:
    for name, part in _PARTS.items():
        text = text.replace(f"<{name}>", part)
    return text


def by_minute(reader: Reader, range_: Range, partition: int, first: int, end: int) -> dict[int, Arrived]:
    """Offsets of [first, end) that arrived, by minute of the broker's time."""
    asked = {**range_.parameters(), "partition": partition, "first": first, "end": end}
    return {int(row[0]): Arrived(*map(int, row[1:])) for row in reader.rows(_BY_MINUTE, asked)}


_BY_MINUTE = _query("""
SELECT <MINUTE> AS minute, uniqExact(offset), min(offset), max(offset)
FROM page_view_arrivals
WHERE <IN_RANGE> AND partition = {partition:Int32} AND offset >= {first:Int64} AND offset < {end:Int64}
GROUP BY minute
""")


def gaps(reader: Reader, range_: Range, partition: int, minute: int) -> list[Span]:
    """Offsets around a minute that did not arrive: between the last before it and the first behind it."""
    start, cursor = range_.cursors[partition]
    asked = {
        "topic": range_.topic,
        "partition": partition,
        "start": start,
        "cursor": cursor,
        "floor": range_.floor,
        "begin": minute * 60_000,
        "end": (minute + 1) * 60_000,
        "most": SHOWN,
    }
    return [Span(int(first), int(last)) for first, last in reader.rows(_GAPS, asked)]


_GAPS = _query("""
WITH
    (SELECT if(count() = 0, {start:Int64} - 1, max(offset)) FROM page_view_arrivals
        WHERE <OF_PARTITION> AND toUnixTimestamp64Milli(accepted_at) < {begin:Int64}) AS low,
    (SELECT if(count() = 0, {cursor:Int64}, min(offset)) FROM page_view_arrivals
        WHERE <OF_PARTITION> AND toUnixTimestamp64Milli(accepted_at) >= {end:Int64}) AS high
SELECT previous + 1, offset - 1 FROM (
    SELECT offset, lagInFrame(offset, 1, low) OVER (ORDER BY offset) AS previous FROM (
        SELECT DISTINCT offset FROM page_view_arrivals
        WHERE <OF_PARTITION> AND offset > low AND offset < high
        UNION ALL SELECT high AS offset
    )
)
WHERE offset - previous > 1 ORDER BY offset LIMIT {most:UInt32}
""")


def total(reader: Reader, range_: Range) -> int:
    """Rows of the range, about: repeated inserts that are not merged yet count again."""
    [[rows]] = reader.rows(_TOTAL, range_.parameters())
    return int(rows)


_TOTAL = _query("SELECT count() FROM page_view_arrivals WHERE <IN_RANGE> AND <BELOW>")


def identities(reader: Reader, range_: Range, bucket: int, buckets: int) -> Identities:
    """How many events the arrivals of a bucket are, and how many rows the page views have of them."""
    asked = {**range_.parameters(), "bucket": bucket, "buckets": buckets}
    [arrived] = reader.rows(_ARRIVED, asked)
    [there] = reader.rows(_THERE, asked)
    return Identities(*map(int, arrived), *map(int, there))


def vanished(reader: Reader, range_: Range, bucket: int, buckets: int) -> Iterator[Named]:
    """Events of a bucket that arrived and are not among the page views."""
    return _named(reader.rows(_VANISHED, {**range_.parameters(), "bucket": bucket, "buckets": buckets}))


def strays(reader: Reader, range_: Range, bucket: int, buckets: int) -> Iterator[Named]:
    """Page views of a bucket that name a record which did not arrive, or arrived as another event."""
    return _named(reader.rows(_STRAYS, {**range_.parameters(), "bucket": bucket, "buckets": buckets}))


def _named(rows: Sequence[Sequence[Any]]) -> Iterator[Named]:
    for partition, minute, count, offsets, ids in rows:
        yield Named(int(partition), int(minute), int(count), [int(each) for each in offsets], list(ids))


_ARRIVED = _query("""
SELECT sum(copies), count(), countIf(bodies > 1) FROM (
    SELECT uniqExact(partition, offset) AS copies, uniqExact(body_hash) AS bodies
    FROM page_view_arrivals WHERE <IN_RANGE> AND <BELOW> AND <OF_BUCKET> GROUP BY event_id
)
""")
_THERE = _query("""
SELECT count(), uniqExact(event_id) FROM page_views FINAL WHERE event_id IN (
    SELECT event_id FROM page_view_arrivals WHERE <IN_RANGE> AND <BELOW> AND <OF_BUCKET>
)
""")
_VANISHED = _query("""
SELECT partition, <MINUTE> AS minute, uniqExact(offset),
    arraySlice(arraySort(groupUniqArray(offset)), 1, 20), arraySlice(groupUniqArray(event_id), 1, 3)
FROM page_view_arrivals
WHERE <IN_RANGE> AND <BELOW> AND <OF_BUCKET> AND event_id NOT IN (
    SELECT event_id FROM page_views WHERE event_id IN (
        SELECT event_id FROM page_view_arrivals WHERE <IN_RANGE> AND <BELOW> AND <OF_BUCKET>
    )
)
GROUP BY partition, minute ORDER BY partition, minute
""")
# FINAL: a record that arrived as two events is one arrival after merges, and here before them.
_STRAYS = _query("""
SELECT partition, <MINUTE> AS minute, uniqExact(offset),
    arraySort(groupUniqArray(20)(offset)), groupUniqArray(3)(event_id)
FROM page_views
WHERE <IN_RANGE> AND <BELOW> AND <OF_BUCKET> AND (partition, offset, event_id) NOT IN (
    SELECT partition, offset, event_id FROM page_view_arrivals FINAL
    WHERE <IN_RANGE> AND <BELOW> AND <OF_BUCKET>
)
GROUP BY partition, minute ORDER BY partition, minute
""")
