"""What stores hold of one generated run."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from heimdall_project.streams import redrive
from heimdall_project.streams.letter_proof import is_proven
from heimdall_project.streams.ports import Clock, Consumer
from heimdall_project.streams.records import Partition, Record

from ..generator.checking import Observed
from ..generator.couriers import GENERATED

READING = 120.0
"""Seconds in which the dead letters must have been read."""
_MINE = "startsWith(user_id, {users:String})"
_SUMS = f"""
SELECT count() AS rows, uniqExact(event_id) AS events, sum(toUInt64(CRC32(event_id))) AS id_sum
FROM page_views FINAL WHERE {_MINE}
"""  # noqa: S608 - no value of anybody stands in it
_ARRIVALS = f"""
SELECT sum(records) AS records, countIf(bodies > 1) AS conflicts FROM (
    SELECT event_id, uniqExact(topic, partition, offset) AS records, uniqExact(body_hash) AS bodies
    FROM page_view_arrivals
    WHERE event_id IN (SELECT event_id FROM page_views WHERE {_MINE})
    GROUP BY event_id
)
"""  # noqa: S608
_KNOWN = "SELECT event_id FROM page_views WHERE event_id IN {ids:Array(String)} GROUP BY event_id"


class Questions(Protocol):
    """What is asked of ClickHouse."""

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Rows of a query. Raises TransientError and StatementRefused."""
        ...


def stored_observed(server: Questions, *, run: str) -> Observed:
    """What ClickHouse holds of a run, found by the users that the run made."""
    mine = {"users": f"{run}-"}
    [sums], [arrivals] = server.rows(_SUMS, mine), server.rows(_ARRIVALS, mine)
    return Observed(
        records=int(arrivals["records"]),
        conflicts=int(arrivals["conflicts"]),
        rows=int(sums["rows"]),
        events=int(sums["events"]),
        id_sum=int(sums["id_sum"]),
        by_type=_counts(server, "event_type", mine),
        by_content=_counts(server, "content_id", mine),
        by_minute={
            int(minute): number
            for minute, number in _counts(
                server, "intDiv(toUnixTimestamp64Milli(occurred_at), 60000)", mine
            ).items()
        },
    )


def _counts(server: Questions, what: str, mine: Mapping[str, Any]) -> dict[str, int]:
    sql = f"SELECT toString({what}) AS name, count() AS number FROM page_views FINAL"  # noqa: S608
    sql += f" WHERE {_MINE} GROUP BY name"
    return {row["name"]: int(row["number"]) for row in server.rows(sql, mine)}


def ids_missing(server: Questions, *, ids: Collection[str]) -> set[str]:
    """Those of `ids` that ClickHouse does not hold."""
    return set(ids) - {row["event_id"] for row in server.rows(_KNOWN, {"ids": list(ids)})}


class _FromTheBeginning:
    """Reads a topic up to where it ended when reading began."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self.left: dict[Partition, int] | None = None
        """End offsets of partitions that are not read up to there; None before anything is assigned."""

    def assigned(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """See `ports.RebalanceListener`."""
        marks = {place: self._consumer.watermarks(place) for place in partitions}
        self.left = {place: high for place, (low, high) in marks.items() if low < high}
        return {place: low for place, (low, _) in marks.items()}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Nobody else is in the group."""

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Read again from the beginning, when they are assigned again."""

    def saw(self, record: Record) -> None:
        """Note how far it is."""
        if self.left and record.offset + 1 >= self.left.get(record.place, record.offset + 2):
            del self.left[record.place]


def _is_of_redrive(letter: Record) -> bool:
    return bool(letter.header(redrive.ID)) and is_proven(letter)


def dead_letters_observed(
    consumer: Consumer, clock: Clock, *, topic: str, run: str
) -> dict[str, dict[str, int]]:
    """Dead letters of a run by class and disposition; copies of one are one. Raises TimeoutError.

    The letter of a record that was sent again and failed again is a copy of its first one. It is known by its
    redrive id, which counts only with the proof that a worker here wrote the letter.
    """
    reading = _FromTheBeginning(consumer)
    consumer.subscribe([topic], reading)
    end = clock.monotonic() + READING
    found: dict[tuple[str | None, ...], tuple[str, str]] = {}
    while reading.left is None or reading.left:
        if clock.monotonic() > end:
            raise TimeoutError(f"{topic} could not be read within {READING:.0f} s")
        for record in consumer.poll(5_000, 0.5):
            reading.saw(record)
            name, _, fault = (record.header(GENERATED) or "").partition(":")
            if name == run and not _is_of_redrive(record):
                place = tuple(record.header(f"original_{part}") for part in ("topic", "partition", "offset"))
                found[place] = (fault, record.header("disposition") or "")
    counts: dict[str, dict[str, int]] = {}
    for fault, disposition in found.values():
        by_disposition = counts.setdefault(fault, {})
        by_disposition[disposition] = by_disposition.get(disposition, 0) + 1
    return counts
