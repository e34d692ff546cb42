"""All page views of a range of time, one by one, in bounded memory."""

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import msgspec

from heimdall_project.errors import TransientError

from .session import Session
from .times import milliseconds, moment

COLUMNS = (
    "event_id",
    "content_id",
    "user_id",
    "event_type",
    "occurred_at",
    "dwell_ms",
    "props",
    "topic",
    "partition",
    "offset",
    "accepted_at",
    "stored_at",
)
BY = ("accepted_at", "occurred_at")
"""Times that a range can be of."""
_TIMES = {"occurred_at", "accepted_at", "stored_at"}


def range_count(session: Session, *, by: str, since: datetime, until: datetime) -> int:
    """How many events the range has. Raises TransientError."""
    [[number]] = session.rows(_COUNT[by], _asked(since, until))
    return int(number)


def range_rows(
    session: Session, *, by: str, since: datetime, until: datetime, seconds: float
) -> Generator[tuple[Any, ...]]:
    """Events of the range, their values in the order of `COLUMNS`. Closing the iterator ends the query.

    Raises TransientError when ClickHouse goes away on the way, or the reader takes longer than `seconds`.
    """
    end = time.monotonic() + seconds
    with closing(session.stream(_ROWS[by], _asked(since, until))) as rows:
        for row in rows:
            if time.monotonic() > end:
                raise TransientError("export", "the client reads too slowly")
            yield _values(row)


def _values(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_value(name, value) for name, value in zip(COLUMNS, row, strict=True))


def _value(name: str, value: Any) -> Any:
    if name in _TIMES:
        return moment(value)
    return msgspec.Raw(value.encode() or b"{}") if name == "props" else value


def _asked(since: datetime, until: datetime) -> dict[str, Any]:
    return {"since": milliseconds(since), "until": milliseconds(until)}


# The arrivals tell which ids the range may have: they know times by the granule, the page views do not. The
# first copy decides, so that an event that was sent again an hour later stands in one hour.
_FROM = """
FROM page_views FINAL
WHERE <BY> >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
    AND <BY> < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    AND event_id IN (
        SELECT event_id FROM page_view_arrivals
        WHERE <BY> >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
            AND <BY> < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    )
"""
_SELECT = "SELECT " + ", ".join(
    f"toUnixTimestamp64Milli({name}) AS {name}_ms" if name in _TIMES else name for name in COLUMNS
)
_COUNT = {by: "SELECT count()" + _FROM.replace("<BY>", by) for by in BY}
_ROWS = {by: _SELECT + _FROM.replace("<BY>", by) for by in BY}
"""By the time that the range is of: the name of a column cannot be a parameter."""
