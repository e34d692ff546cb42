"""Letters that are to be sent, as rows: a bounded number of them, and of their bytes."""

from typing import Any, NamedTuple

from django.db import connection

from heimdall_project.streams import redrive
from heimdall_project.streams.records import Headers, Outgoing

from ...letters import is_of, own_headers
from ..payloads import headers_of
from .progress import AT_ONCE

BYTES_AT_ONCE = 8_000_000
"""Bytes of the letters that are here at a time; one letter may be larger."""
# The sizes first, so that no more bytes are read than are sent.
_TO_SEND = """
WITH first AS MATERIALIZED (
    SELECT item.id, item.letter_id, item.attempt, item.digest, item.redrive_id, letter.topic, letter."group",
        letter.writer, sum(letter.size) OVER (ORDER BY item.id) AS bytes,
        row_number() OVER (ORDER BY item.id) AS place
    FROM (
        SELECT id, letter_id, attempt, digest, redrive_id FROM redrive_items
        WHERE batch_id = %s AND stage = 'UNDER_WAY' AND state = 'SENDING' ORDER BY id LIMIT %s
    ) AS item CROSS JOIN LATERAL (
        SELECT topic, "group", writer, size FROM dead_letters WHERE id = item.letter_id OFFSET 0
    ) AS letter
)
SELECT first.id, first.attempt, first.digest, first.redrive_id, first.topic, first."group", first.writer,
    own.letter_id IS NOT NULL, own.key, own.value, own.headers, batch.change <> '', changed.value
FROM first LEFT JOIN dead_letter_payloads AS own ON own.letter_id = first.letter_id
LEFT JOIN redrive_item_bytes AS changed ON changed.item_id = first.id
JOIN redrive_batches AS batch ON batch.id = %s
WHERE first.bytes <= %s OR first.place = 1 ORDER BY first.id
"""


class ToSend(NamedTuple):
    """A letter that is to be sent again."""

    item: int
    attempt: int
    digest: bytes
    """Of its own bytes and headers, as they were approved."""
    redrive_id: str
    topic: str
    group: str
    writer: str
    has_bytes: bool
    """False if they were cleaned up."""
    key: bytes | None
    own: bytes | None
    """Its own value."""
    packed: bytes | None
    """Its headers."""
    is_changed: bool
    changed: bytes | None
    """What its batch puts in the place of its value."""

    @property
    def value(self) -> bytes | None:
        """What is sent."""
        return self.changed if self.is_changed else self.own

    @property
    def obstacle(self) -> str:
        """Why this may not be sent, whatever became of the rows since; "" if it may."""
        if not self.has_bytes:
            return "Its bytes were cleaned up: there is nothing to send."
        own: dict[str, Any] = {"key": self.key, "value": self.own, "headers": self.headers}
        if not is_of(self.digest, **own, writer=self.writer):
            return "Its bytes or headers are not those that were approved."
        if self.is_changed and self.changed is None:
            return "The bytes that were approved in place of its own are gone."
        return ""

    @property
    def headers(self) -> Headers | None:
        """As they were."""
        return headers_of(self.packed)


def to_send(batch_id: int) -> list[ToSend]:
    """The next letters of a batch that are SENDING, in the order of the set."""
    with connection.cursor() as sql:
        sql.execute(_TO_SEND, [batch_id, AT_ONCE, batch_id, BYTES_AT_ONCE])
        return [ToSend(*row) for row in sql.fetchall()]


def outgoing(letter: ToSend) -> Outgoing:
    """A letter's record as it is sent again: its own headers, and the marks of its redrive."""
    marks = redrive.marks(
        topic=letter.topic,
        key=letter.key,
        value=letter.value,
        redrive_id=letter.redrive_id,
        group=letter.group,
        count=letter.attempt,
    )
    own = own_headers(letter.headers, letter.writer)
    return Outgoing(letter.topic, letter.value, letter.key, [*own, *marks])
