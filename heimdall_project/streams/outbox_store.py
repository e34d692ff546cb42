"""The outbox as the relay sees it: SQL by the batch, no object a row in between.

Methods raise TransientError while the database is away.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction

from . import publish_hooks
from .books import database
from .lease import Lease
from .publish_hooks import Published
from .records import Delivered, Outgoing, text_headers
from .relay_holds import Held, Key

BACKLOG_BOUND = 10_000
"""Rows that the backlog is counted up to; more is shown as this."""

# No `id > last seen`: ids are drawn before the commit, so a row may appear below rows that were sent.
# The sum cuts a batch by bytes before their values are read; its first row always fits.
_WAITING = """
SELECT id, event_id, topic, key, value, headers::text, upto
FROM (
    SELECT *, sum(octet_length(value)) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS upto
    FROM (
        SELECT id, event_id, topic, key, value, headers FROM streams_outboxmessage
        WHERE sent_at IS NULL {unless_held} ORDER BY id LIMIT %(rows)s
    ) AS waiting
) AS summed
WHERE upto - octet_length(value) < %(most_bytes)s
ORDER BY id
"""
_UNLESS_TOPIC = "AND topic <> ALL(%(topics)s)"
_UNLESS_KEY = """AND NOT EXISTS (
    SELECT FROM unnest(%(key_topics)s::text[], %(keys)s::bytea[]) AS held (topic, key)
    WHERE held.topic = streams_outboxmessage.topic
      AND held.key IS NOT DISTINCT FROM streams_outboxmessage.key
)"""
_MARK = """
UPDATE streams_outboxmessage AS row
SET sent_at = %s, partition = told.partition, "offset" = told."offset"
FROM unnest(%s::bigint[], %s::int[], %s::bigint[]) AS told (id, partition, "offset")
WHERE row.id = told.id
"""
_OWE = "UPDATE streams_outboxmessage SET hooks_due = TRUE WHERE event_id = ANY(%s)"
_DUE = """
SELECT id, event_id, topic, key, partition, "offset", sent_at FROM streams_outboxmessage
WHERE hooks_due AND id > %s ORDER BY id LIMIT %s FOR UPDATE
"""
_PAID = "UPDATE streams_outboxmessage SET hooks_due = FALSE WHERE event_id = ANY(%s)"
_BACKLOG = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8
FROM (SELECT created_at FROM streams_outboxmessage WHERE sent_at IS NULL ORDER BY id LIMIT %s) AS waiting
"""
_PURGEABLE = "sent_at < clock_timestamp() - make_interval(secs => %s) AND NOT hooks_due"
_PURGE = f"""
DELETE FROM streams_outboxmessage WHERE id = ANY(ARRAY(
    SELECT id FROM streams_outboxmessage WHERE {_PURGEABLE}
    ORDER BY sent_at LIMIT %s FOR UPDATE SKIP LOCKED
))
"""  # noqa: S608 - both parts are constants
_COUNT_PURGEABLE = f"SELECT count(*) FROM streams_outboxmessage WHERE {_PURGEABLE}"  # noqa: S608

_headers = msgspec.json.Decoder(dict[str, str])


class Waiting(NamedTuple):
    """A row that is not marked as sent."""

    id: int
    event_id: str
    record: Outgoing

    @property
    def key(self) -> Key:
        """What its order is kept for."""
        return Key(self.record.topic, self.record.key)


class Due(NamedTuple):
    """Rows at the head of the outbox."""

    rows: list[Waiting]
    more: bool
    """Whether a bound cut them off."""


class Backlog(NamedTuple):
    """What waits: rows, up to BACKLOG_BOUND, and the age of the oldest in seconds."""

    rows: int
    oldest: float


class OutboxStore:
    """The outbox in PostgreSQL."""

    def waiting(self, *, rows: int, most_bytes: int, held: Held) -> Due:
        """Rows to publish, in order of id: up to `rows`, and no further than `most_bytes` of values."""
        with database(), connection.cursor() as sql:
            sql.execute(*waiting_query(rows=rows, most_bytes=most_bytes, held=held))
            found = sql.fetchall()
        due = [
            Waiting(row, event_id, Outgoing(topic, value, key, text_headers(_headers.decode(headers))))
            for row, event_id, topic, key, value, headers, _ in found
        ]
        return Due(due, more=len(found) >= rows or bool(found and found[-1][-1] >= most_bytes))

    def mark(self, lease: Lease, sent: Sequence[tuple[Waiting, Delivered]]) -> None:
        """Mark rows as sent and run their hooks, in one transaction. Raises Fenced, and then did nothing."""
        with database(), transaction.atomic(durable=True), connection.cursor() as sql:
            moment = lease.fence()
            places = [place for _, place in sent]
            ids = [row.id for row, _ in sent]
            sql.execute(_MARK, [moment, ids, [p.partition for p in places], [p.offset for p in places]])
            if owed := publish_hooks.run(_published(row, place, moment) for row, place in sent):
                sql.execute(_OWE, [owed])

    def run_due_hooks(self, lease: Lease, *, after: int, rows: int) -> int:
        """Run hooks that failed before, for `rows` rows past the id `after`; answers where to go on.

        So rows whose hooks fail for ever do not stand before the others; 0 means at the start again.
        """
        with database(), transaction.atomic(durable=True), connection.cursor() as sql:
            lease.fence()
            sql.execute(_DUE, [after, rows])
            found = sql.fetchall()
            due = [
                Published(event_id, topic, (key or b"").decode(), *place)
                for _, event_id, topic, key, *place in found
            ]
            failed = set(publish_hooks.run_again(due))
            sql.execute(_PAID, [[row.event_id for row in due if row.event_id not in failed]])
        return found[-1][0] if len(found) == rows else 0

    def backlog(self) -> Backlog:
        """What waits; reads BACKLOG_BOUND rows at most."""
        with database(), connection.cursor() as sql:
            sql.execute(_BACKLOG, [BACKLOG_BOUND])
            return Backlog(*sql.fetchone())

    def purge(self, *, older_than: float, rows: int) -> int:
        """Delete up to `rows` rows sent more than `older_than` seconds ago; answers how many.

        Rows whose hooks are due stay.
        """
        with database(), connection.cursor() as sql:
            sql.execute(_PURGE, [older_than, rows])
            return int(sql.rowcount)

    def purgeable(self, *, older_than: float) -> int:
        """How many rows `purge` would delete by and by."""
        with database(), connection.cursor() as sql:
            sql.execute(_COUNT_PURGEABLE, [older_than])
            return int(sql.fetchone()[0])


def waiting_query(*, rows: int, most_bytes: int, held: Held) -> tuple[str, dict[str, Any]]:
    """The statement behind `OutboxStore.waiting`, and its values."""
    values: dict[str, Any] = {"rows": rows, "most_bytes": most_bytes}
    unless = []
    if held.topics:
        unless.append(_UNLESS_TOPIC)
        values["topics"] = held.topics
    if held.keys:
        unless.append(_UNLESS_KEY)
        values["key_topics"] = [key.topic for key in held.keys]
        values["keys"] = [key.key for key in held.keys]
    return _WAITING.format(unless_held=" ".join(unless)), values


def _published(row: Waiting, place: Delivered, moment: datetime) -> Published:
    topic, key = row.record.topic, (row.record.key or b"").decode()
    return Published(row.event_id, topic, key, place.partition, place.offset, moment)
