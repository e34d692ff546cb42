"""Lines of letters' histories, in one statement however many there are."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from django.db import connection

from ..states import Event

_ADD = """
INSERT INTO dead_letter_history (letter_id, event, from_state, to_state, attempt, redrive_id, topic,
    partition, "offset", note, actor)
SELECT letter, event, before, after, attempt, redrive_id, topic, partition, "offset", note, %s
FROM ROWS FROM (json_to_recordset(%s::json) AS (letter bigint, event text, before text, after text,
    attempt int, redrive_id text, topic text, partition int, "offset" bigint, note text)) WITH ORDINALITY
    AS line (letter, event, before, after, attempt, redrive_id, topic, partition, "offset", note, place)
ORDER BY place
"""
NOTE_MOST = 700


class Line(NamedTuple):
    """What happened to a letter. The same state twice tells of something that did not move it."""

    letter: int
    event: Event
    before: str
    after: str
    attempt: int
    redrive_id: str = ""
    topic: str = ""
    partition: int | None = None
    offset: int | None = None
    note: str = ""


def lines_add(lines: Sequence[Line], *, actor: str) -> None:
    """Add lines, in this order, in the transaction of what they tell."""
    if not lines:
        return
    rows = [dict(zip(Line._fields, (*line[:-1], line.note[:NOTE_MOST]), strict=True)) for line in lines]
    with connection.cursor() as sql:
        sql.execute(_ADD, [actor[:200], msgspec.json.encode(rows).decode()])
