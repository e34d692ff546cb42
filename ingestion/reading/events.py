"""Where one event is: every copy that came in, and what readers see of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from .session import Session
from .times import moment

MOST_COPIES = 100


class Copy(NamedTuple):
    """One record that brought the event."""

    topic: str
    partition: int
    offset: int
    accepted_at: datetime
    is_same: bool
    """Whether its body is that of the first."""


class Stored(NamedTuple):
    """What readers see: the copy that the broker accepted first."""

    topic: str
    partition: int
    offset: int
    accepted_at: datetime
    stored_at: datetime
    content_id: str
    user_id: str
    event_type: str
    occurred_at: datetime
    dwell_ms: int | None
    props: str
    """JSON."""


class Found(NamedTuple):
    """All that is known of an event id."""

    event_id: str
    stored: Stored | None
    """None although copies arrived: that is a fault, which `check_ledger` names too."""
    copies: Sequence[Copy]
    is_complete: bool
    """False: there are more than `MOST_COPIES`."""


def event_find(session: Session, event_id: str) -> Found | None:
    """None if no copy of it is stored. Raises TransientError."""
    asked: dict[str, Any] = {"event_id": event_id, "most": MOST_COPIES + 1}
    stored = next((_stored(row) for row in session.rows(_STORED, asked)), None)
    rows = session.rows(_COPIES, asked)
    if stored is None and not rows:
        return None
    bodies = [row[-1] for row in rows]
    copies = [
        Copy(str(topic), int(partition), int(offset), moment(int(at)), body == bodies[0])
        for topic, partition, offset, at, body in rows[:MOST_COPIES]
    ]
    return Found(event_id, stored, copies, len(rows) <= MOST_COPIES)


def _stored(row: Sequence[Any]) -> Stored:
    topic, partition, offset, accepted, stored, content, user, kind, occurred, dwell, props = row
    return Stored(
        topic=str(topic),
        partition=int(partition),
        offset=int(offset),
        accepted_at=moment(int(accepted)),
        stored_at=moment(int(stored)),
        content_id=str(content),
        user_id=str(user),
        event_type=str(kind),
        occurred_at=moment(int(occurred)),
        dwell_ms=None if dwell is None else int(dwell),
        props=str(props),
    )


_STORED = """
SELECT topic, partition, offset, toUnixTimestamp64Milli(accepted_at), toUnixTimestamp64Milli(stored_at),
    content_id, user_id, event_type, toUnixTimestamp64Milli(occurred_at), dwell_ms, props
FROM page_views FINAL WHERE event_id = {event_id:String}
"""
_COPIES = """
SELECT topic, partition, offset, any(toUnixTimestamp64Milli(accepted_at)) AS accepted, any(body_hash)
FROM page_view_arrivals WHERE event_id = {event_id:String}
GROUP BY topic, partition, offset ORDER BY accepted, partition, offset LIMIT {most:UInt32}
"""
