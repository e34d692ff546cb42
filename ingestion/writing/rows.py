"""Rows of `page_views`, and their bytes. Pure, and the same records give the same bytes.

A row is written anew from the decoded event, never put together from a sender's bytes: one value can not
become two rows, and what the contract does not know does not get in. Mapped, not looped: this runs for every
event.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import repeat
from operator import attrgetter
from typing import Any

import msgspec

from heimdall_project.events.page_views import PageView, event_identity
from heimdall_project.streams.records import Partition, Record

_NO_PROPS: dict[str, Any] = {}
_encoder = msgspec.json.Encoder(order="deterministic")  # props in another order are the same props


class PageViewRow(msgspec.Struct, frozen=True, gc=False):
    """What is inserted; the other columns are the server's to compute."""

    event_id: str
    content_id: str
    user_id: str
    event_type: str
    occurred_at: datetime
    dwell_ms: int | None
    props: dict[str, Any]
    """Kept as the text of this object, members in order of name."""
    topic: str
    partition: int
    offset: int
    accepted_ms: int
    """The broker's time, milliseconds since the epoch."""


COLUMNS: tuple[str, ...] = PageViewRow.__struct_fields__
_content_id, _user_id, _event_type, _occurred_at, _dwell_ms = (
    attrgetter(name) for name in ("content_id", "user_id", "event_type", "occurred_at", "dwell_ms")
)
_event_id, _given_props, _offset, _timestamp = (
    attrgetter(name) for name in ("event_id", "props", "offset", "timestamp")
)


def rows_of(place: Partition, records: Sequence[Record], events: Sequence[PageView]) -> list[PageViewRow]:
    """One row a record of a partition, in their order."""
    return list(
        map(
            PageViewRow,
            _identities(records, events),
            map(_content_id, events),
            map(_user_id, events),
            map(_event_type, events),
            map(_occurred_at, events),
            map(_dwell_ms, events),
            [props or _NO_PROPS for props in map(_given_props, events)],
            repeat(place.topic),
            repeat(place.number),
            map(_offset, records),
            map(_timestamp, records),
        )
    )


def _identities(records: Sequence[Record], events: Sequence[PageView]) -> list[str]:
    given = list(map(_event_id, events))
    if all(given):
        return given
    return [event_identity(event, record.value or b"") for event, record in zip(events, records, strict=True)]


def encoded(rows: Sequence[PageViewRow]) -> bytes:
    """JSONEachRow: one object a line."""
    return _encoder.encode_lines(rows)
