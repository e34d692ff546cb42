"""Places that several letters claim: all of them keep it, and none of them is believed for having been first.

A place has one record, so of two letters that name it and hold different records one lies, or its topic was
made anew. Whoever may write to a dead-letter topic can do that before the true letter comes, and after.
"""

from collections.abc import Iterable

from django.db import connection

from ..letters import Facts
from ..models import DeadLetter
from ..states import Event, State
from .lines import Line, lines_add

DECIDED = "(NOT {letter}.contested OR {letter}.proven OR {letter}.state = 'APPROVED')"
"""SQL: a letter may be sent with many others. `{letter}` is its alias."""
UNDECIDED = (
    "Another letter claims its place with another record, and no proof says that a worker here wrote it: "
    "compare them, then approve this one by itself, or discard it."
)
# By the key of the first letter of each place, in the order in which everybody locks letters.
_MARK = """
UPDATE dead_letters AS letter SET contested = TRUE FROM (
    SELECT first.id FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::text[])
        AS place (topic, partition, "offset", "group") CROSS JOIN LATERAL (
        SELECT id FROM dead_letters AS found
        WHERE (found.topic, found.partition, found."offset", found."group")
            = (place.topic, place.partition, place."offset", place."group") AND found.rival = ''
            AND NOT found.contested
    ) AS first ORDER BY first.id
) AS first WHERE letter.id = first.id RETURNING letter.id, letter.state, letter.attempt
"""


def undecided(letter: DeadLetter) -> str:
    """What a person has to decide before this letter can be sent with others; "" for nothing."""
    is_open = letter.contested and not letter.proven and letter.state != State.APPROVED
    return UNDECIDED if is_open else ""


def places_contested(came: Iterable[Facts], *, actor: str) -> None:
    """Mark the letters that had the places of these rivals first, once each, in the caller's transaction."""
    places = sorted({facts.place for facts in came if facts.contested})
    if not places:
        return
    with connection.cursor() as sql:
        sql.execute(_MARK, list(map(list, zip(*places, strict=True))))
        rows = sql.fetchall()
    note = "another letter claims its place with another record"
    lines = [Line(pk, Event.CONTESTED, state, state, attempt, note=note) for pk, state, attempt in rows]
    lines_add(lines, actor=actor)
