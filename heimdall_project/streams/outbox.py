"""The transactional outbox: an event is written in the transaction of the change that it tells of.

    with transaction.atomic():
        job.save(update_fields=["status"])
        outbox.publish(topic=Topic.ANALYSIS_REQUEST, key=str(job.log_entry_id), event=event, schema="...")

The relay (`relay.py`) publishes it after the commit, at least once, in order per key. Why the lock comes
before the row, and what else was decided: docs/adr/0002-outbox.md.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
from django.db import connection

from ..errors import EventTooLarge
from ..events import codec
from ..observability import logging, tracing
from . import topics

SOURCE = "outbox"
RECORD_OVERHEAD = 256
"""Bytes that the record format takes at most beside key, value and headers, batch header included."""
HEADER_OVERHEAD = 10
"""Bytes that it takes at most for each header."""
_ROWS_A_STATEMENT = 1000
# In the order of the arrays: ids are drawn in it, and the relay publishes by them.
_WRITE = """
INSERT INTO streams_outboxmessage (event_id, topic, key, value, headers)
SELECT event_id, topic, key, value, headers
FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bytea[], %s::jsonb[])
    WITH ORDINALITY AS new (event_id, topic, key, value, headers, place)
ORDER BY place
"""
_encode = msgspec.json.Encoder().encode


class _Row(NamedTuple):
    event_id: str
    topic: str
    key: bytes
    value: bytes
    headers: str


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event to publish; fields as in `publish`."""

    topic: str
    key: str
    event: Any
    schema: str
    event_id: str | None = None
    correlation_id: str | None = None
    headers: Mapping[str, str] | None = None


def publish(
    *,
    topic: str,
    key: str,
    event: msgspec.Struct | bytes,
    schema: str,
    event_id: str | None = None,
    correlation_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> str:
    """Write one event into the outbox and answer its event id. Only inside a transaction (RuntimeError).

    `schema` is name/version. `event_id`, if given, must be new: the same id twice is an IntegrityError.
    Without `correlation_id` the one of the current request or record is taken, else the event id; the
    current trace context goes along. Holds the key's lock until the transaction ends; whoever publishes
    several keys in one transaction uses `publish_many`, which locks them in an order without deadlocks.
    Raises EventTooLarge and, for an unknown topic, KeyError.
    """
    return publish_many(
        [
            NewEvent(
                topic=topic,
                key=key,
                event=event,
                schema=schema,
                event_id=event_id,
                correlation_id=correlation_id,
                headers=headers,
            )
        ]
    )[0]


def publish_many(events: Sequence[NewEvent]) -> list[str]:
    """Write several events, in this order per key, and answer their event ids. See `publish`."""
    if not connection.in_atomic_block:
        raise RuntimeError("outbox.publish belongs in the transaction of the change that the event tells of")
    rows = [_row(event) for event in events]
    _lock({lock_of(event.topic, event.key) for event in events})
    with connection.cursor() as sql:
        for first in range(0, len(rows), _ROWS_A_STATEMENT):
            part = rows[first : first + _ROWS_A_STATEMENT]
            sql.execute(_WRITE, [list(column) for column in zip(*part, strict=True)])
    return [row.event_id for row in rows]


def lock_of(topic: str, key: str) -> int:
    """The advisory lock of a key: 64 bits, signed. Two keys that share one wait for each other, no more."""
    digest = blake2b(f"{topic}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _lock(locks: set[int]) -> None:
    """Take the locks, lowest first: writers that take several cannot wait for each other in a ring."""
    if locks:
        with connection.cursor() as sql:
            sql.execute(
                "SELECT pg_advisory_xact_lock(lock) FROM unnest(%s::bigint[]) AS lock", [sorted(locks)]
            )


def _row(new: NewEvent) -> _Row:
    event_id = new.event_id or str(uuid4())
    if not new.key:
        raise ValueError("an event needs a key: its order is kept per key")
    key = new.key.encode()
    value = new.event if isinstance(new.event, bytes) else codec.encode(new.event)
    headers = _headers(new, event_id)
    most = topics.spec(new.topic).max_bytes
    if (size := record_size(key, value, headers)) > most:
        raise EventTooLarge(f"{new.schema} is {size} bytes as a record; {new.topic} takes {most}")
    return _Row(event_id, str(new.topic), key, value, _encode(headers).decode())


def _headers(new: NewEvent, event_id: str) -> dict[str, str]:
    own = new.headers or {}
    inherited = logging.context().get("correlation_id")
    return {
        **({} if "traceparent" in own else tracing.carried()),
        **own,
        "event_id": event_id,
        "schema": new.schema,
        "correlation_id": new.correlation_id or str(inherited or event_id),
        "source": SOURCE,
    }


def record_size(key: bytes, value: bytes, headers: Mapping[str, str]) -> int:
    """Bytes of a record, as the broker counts it against the topic's limit, rounded up."""
    spelled = sum(len(n.encode()) + len(v.encode()) + HEADER_OVERHEAD for n, v in headers.items())
    return len(key) + len(value) + spelled + RECORD_OVERHEAD
