"""How many events, by step of time, type and content; each once, whatever copies there are of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from .session import Session
from .times import milliseconds

MOST_POINTS = 1500


class Point(NamedTuple):
    """One step of time."""

    at: datetime
    by_type: Mapping[str, int]


class Content(NamedTuple):
    """Events of one content."""

    content_id: str
    events: int
    by_type: Mapping[str, int]


class Stats(NamedTuple):
    """Events that occurred in a window."""

    events: int
    records: int
    """With all copies that came in."""
    conflicts: int
    """Event ids that came with more than one body."""
    by_type: Mapping[str, int]
    top: Sequence[Content]
    points: Sequence[Point]


def stats_read(
    session: Session, *, since: datetime, until: datetime, step: timedelta, top: int, types: Sequence[str]
) -> Stats:
    """Figures of the events with `occurred_at` in [since, until), in steps that begin at whole ones.

    Raises TransientError, and Unprocessable where it is too much.
    """
    width = step // timedelta(milliseconds=1)
    begin = milliseconds(since)
    origin = begin - begin % width
    asked: dict[str, Any] = {"since": begin, "until": milliseconds(until), "origin": origin, "step": width}
    points: dict[int, Counter[str]] = {}
    conflicts = 0
    for place, kind, events, differing in session.rows(_POINTS, asked):
        points.setdefault(int(place), Counter())[str(kind)] += int(events)
        conflicts += int(differing)
    total = sum(points.values(), start=Counter[str]())
    [[records]] = session.rows(_RECORDS, asked)
    first = since - timedelta(milliseconds=begin - origin)
    number = -((first - until) // step)
    return Stats(
        events=total.total(),
        records=int(records),
        conflicts=conflicts,
        by_type=_each(total, types),
        top=_top(session, asked, top, types) if top else [],
        points=[
            Point(first + step * place, _each(points.get(place, Counter()), types)) for place in range(number)
        ],
    )


def _top(session: Session, asked: Mapping[str, Any], top: int, types: Sequence[str]) -> list[Content]:
    found = []
    for content, events, kinds, counts in session.rows(_TOP, {**asked, "top": top}):
        by_type = Counter(dict(zip(kinds, map(int, counts), strict=True)))
        found.append(Content(str(content), int(events), _each(by_type, types)))
    return found


def _each(counts: Counter[str], types: Sequence[str]) -> dict[str, int]:
    return {kind: counts[kind] for kind in types}


_WINDOW = """occurred_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
            AND occurred_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')"""
# Which copy the broker accepted first, as one number: several times cheaper to compare than a tuple. An id is
# told by its 128-bit hash, as `uniqExact` tells texts.
_EVENTS = """
    SELECT
        argMin(toUnixTimestamp64Milli(occurred_at), place) AS at,
        argMin(event_type, place) AS kind,
        argMin(content_id, place) AS content,
        min(body_hash) != max(body_hash) AS differs
    FROM (
        SELECT topic, partition, offset, event_id, occurred_at, event_type, content_id, body_hash, bitOr(
            bitOr(
                bitShiftLeft(toUInt128(toUnixTimestamp64Milli(accepted_at)), 80),
                bitShiftLeft(toUInt128(partition), 64)
            ),
            toUInt128(offset)
        ) AS place
        FROM page_view_arrivals
        WHERE <WINDOW>
    )
    GROUP BY sipHash128(event_id)
"""


def _query(text: str) -> str:
    return text.replace("<EVENTS>", _EVENTS).replace("<WINDOW>", _WINDOW)


_POINTS = _query("""
SELECT intDiv(at - {origin:Int64}, {step:Int64}) AS number, kind, count(), countIf(differs)
FROM (<EVENTS>) GROUP BY number, kind
""")
_RECORDS = _query("SELECT uniqExact(topic, partition, offset) FROM page_view_arrivals WHERE <WINDOW>")
_TOP = _query("""
SELECT content, sum(events) AS together, groupArray(kind), groupArray(events) FROM (
    SELECT content, toString(kind) AS kind, count() AS events FROM (<EVENTS>) GROUP BY content, kind
) GROUP BY content ORDER BY together DESC, content LIMIT {top:UInt32}
""")
