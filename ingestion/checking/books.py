"""The books of a partition at one moment."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from heimdall_project.streams.books import database
from heimdall_project.streams.ledger import Pair
from heimdall_project.streams.outcomes import Outcome

from .compare import Minute

FAR = 2**62


@dataclass
class PartitionBooks:
    """Cursor and outcomes, read together: a worker may write between two statements."""

    partition: int
    start: int
    cursor: int
    counted: int = 0
    """Sum of all outcomes, whenever."""
    last_minute: int | None = None
    minutes: dict[int, Minute] = field(default_factory=dict)
    """Outcomes of the range by minute."""


def partitions(pair: Pair) -> list[int]:
    """Partitions that have a cursor or an outcome. Raises TransientError."""
    with database(), connection.cursor() as sql:
        sql.execute(_PARTITIONS, pair._asdict())
        return [number for (number,) in sql.fetchall()]


def read(pair: Pair, partition: int, since: datetime | None, until: datetime | None) -> PartitionBooks:
    """The books of one partition; minutes of [since, until). Raises TransientError."""
    found: PartitionBooks | None = None
    low = int(since.timestamp()) // 60 if since else -FAR
    high = -(-int(until.timestamp()) // 60) if until else FAR
    for start, cursor, minute, outcome, count in _rows(pair, partition):
        found = found or PartitionBooks(partition, start, cursor)
        if minute is None:
            continue
        found.counted += count
        found.last_minute = max(minute, found.last_minute or minute)
        if low <= minute < high:
            line = found.minutes.setdefault(minute, Minute())
            if outcome == Outcome.STORED:
                line.stored += count
            else:
                line.other += count
    return found or PartitionBooks(partition, 0, 0)


def _rows(pair: Pair, partition: int) -> Iterator[tuple[int, int, int | None, str, int]]:
    with database(), connection.cursor() as sql:
        sql.execute(_BOOKS, {**pair._asdict(), "partition": partition})
        for start, cursor, minute, outcome, count in sql:
            yield start, cursor, minute, outcome, int(count or 0)


_PARTITIONS = """
SELECT partition FROM streams_consumercursor WHERE "group" = %(group)s AND topic = %(topic)s
UNION
SELECT partition FROM streams_ledgerentry WHERE "group" = %(group)s AND topic = %(topic)s
ORDER BY partition
"""
_BOOKS = """
WITH cursors AS (
    SELECT start_offset, next_offset FROM streams_consumercursor
    WHERE "group" = %(group)s AND topic = %(topic)s AND partition = %(partition)s
), entries AS (
    SELECT extract(epoch FROM minute)::bigint / 60 AS minute, outcome, sum(count) AS count
    FROM streams_ledgerentry
    WHERE "group" = %(group)s AND topic = %(topic)s AND partition = %(partition)s GROUP BY 1, 2
)
SELECT coalesce(start_offset, 0), coalesce(next_offset, 0), minute, outcome, count
FROM cursors FULL JOIN entries ON true
"""
