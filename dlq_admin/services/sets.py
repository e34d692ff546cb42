"""What is done to letters, one by one or as the set of a batch: the move, what has to hold, what is set.

`moving` carries it out.
"""

from typing import Any

from django.db import connection

from ..states import Event, State
from .contested import DECIDED
from .moving import AT_ONCE, HOP, OF_REDRIVE, SetMove

_MOVED_NOW = "moved_at = statement_timestamp()"

# --- what people decide about single letters --------------------------------------------------------------

_BY_LETTER = "SELECT letter_id AS id, letter_id FROM unnest(%(letters)s::bigint[]) AS letter_id"
_AS_DECIDED = "letter.batch_id IS NULL AND letter.attempt = %(attempt)s"
APPROVE = SetMove(
    part=_BY_LETTER,
    target=State.APPROVED,
    event=Event.APPROVED,
    fits=_AS_DECIDED,
    changes=f"approved_by_id = %(actor_id)s, {_MOVED_NOW}",
    items="SELECT",
)
DISCARD = SetMove(
    part=_BY_LETTER,
    target=State.DISCARDED,
    event=Event.DISCARDED,
    fits=_AS_DECIDED,
    changes=f"approved_by_id = NULL, {_MOVED_NOW}",
    items="SELECT",
)

# --- what batches do with theirs --------------------------------------------------------------------------

_WAITING_BY_LETTER = """
    SELECT id, letter_id, attempt, digest, redrive_id FROM redrive_items
    WHERE batch_id = %(batch)s AND state = 'WAITING' AND letter_id > %(after)s
    ORDER BY letter_id LIMIT %(most)s
"""
START = SetMove(
    part=_WAITING_BY_LETTER,
    target=State.APPROVED,
    event=Event.APPROVED,
    # Those that were approved one by one before stay approved by whom they were, since then.
    also_from=frozenset({State.APPROVED}),
    fits=f"""letter.batch_id IS NULL AND letter.attempt = part.attempt AND letter.digest = part.digest
        AND {DECIDED.format(letter="letter")}""",
    changes="""batch_id = %(batch)s,
        approved_by_id = CASE chosen.before WHEN 'APPROVED' THEN chosen.approver_before ELSE %(approver)s END,
        moved_at = CASE chosen.before WHEN 'APPROVED' THEN letter.moved_at ELSE statement_timestamp() END""",
    items="SELECT",
)
RELEASE = SetMove(
    part=_WAITING_BY_LETTER,
    target=State.PENDING,
    event=Event.RELEASED,
    fits="letter.batch_id = %(batch)s",
    changes=f"batch_id = NULL, approved_by_id = NULL, {_MOVED_NOW}",
    items="""UPDATE redrive_items AS item
        SET state = 'SKIPPED', ended_at = statement_timestamp(), note = %(item_note)s
        FROM part WHERE item.id = part.id""",
)
CLAIM = SetMove(
    part="""SELECT id, letter_id, redrive_id FROM redrive_items
        WHERE batch_id = %(batch)s AND stage = 'WAITING' ORDER BY id LIMIT %(most)s""",
    target=State.REPROCESSING,
    event=Event.SENT,
    fits="letter.batch_id = %(batch)s",
    changes=f"redrive_id = chosen.redrive_id, {_MOVED_NOW}",
    items="""UPDATE redrive_items AS item SET state = 'SENDING', sent_at = statement_timestamp()
        FROM moved WHERE item.id = moved.id""",
    line=OF_REDRIVE,
)
ARRIVE = SetMove(
    part="""SELECT item.*, hop.topic, hop.partition, hop."offset" FROM unnest(
            %(ids)s::bigint[], %(topics)s::text[], %(partitions)s::int[], %(offsets)s::bigint[]
        ) AS hop (id, topic, partition, "offset") CROSS JOIN LATERAL (
            SELECT id, letter_id, redrive_id FROM redrive_items
            WHERE id = hop.id AND (state = 'SENDING') IS TRUE OFFSET 0
        ) AS item""",
    target=State.PUBLISHED,
    event=Event.PUBLISHED,
    fits="letter.redrive_id = part.redrive_id",
    changes=_MOVED_NOW,
    items="UPDATE redrive_items AS item SET state = 'PUBLISHED' FROM part WHERE item.id = part.id",
    line=HOP,
)
ARRIVE_AT_TARGET = SetMove(
    part="SELECT id, letter_id, redrive_id FROM redrive_items WHERE id = %(item)s AND state = 'SENDING'",
    target=State.PUBLISHED,
    event=Event.PUBLISHED,
    fits="letter.redrive_id = part.redrive_id",
    changes=_MOVED_NOW,
    items="""UPDATE redrive_items AS item SET state = 'PUBLISHED', reference = %(reference)s
        FROM part WHERE item.id = part.id""",
    line=OF_REDRIVE,
)
_BY_ID = "SELECT id, letter_id, redrive_id FROM redrive_items WHERE id = ANY(%(ids)s::bigint[])"
_FREED = f"batch_id = NULL, approved_by_id = NULL, {_MOVED_NOW}"
_ENDED = """UPDATE redrive_items AS item
        SET state = %(item_state)s, ended_at = statement_timestamp(), note = %(item_note)s
        FROM part WHERE item.id = part.id"""
RESOLVE = SetMove(
    part=_BY_ID,
    target=State.RESOLVED,
    event=Event.RESOLVED,
    fits="letter.redrive_id = part.redrive_id",
    changes=_FREED,
    items=_ENDED,
    line=OF_REDRIVE,
)
FAIL = SetMove(
    part=_BY_ID,
    target=State.FAILED_AGAIN,
    event=Event.FAILED_AGAIN,
    fits="letter.redrive_id = part.redrive_id",
    changes=f"attempt = letter.attempt + 1, {_FREED}",
    items=_ENDED,
    line=OF_REDRIVE,
)
_UNDER_WAY = """
    SELECT item.id, item.letter_id, item.redrive_id, item.reference FROM redrive_items AS item
    WHERE item.batch_id = %(batch)s AND item.stage = 'UNDER_WAY'
        AND NOT EXISTS (
            SELECT FROM streams_redriveoutcome AS known
            WHERE known.redrive_id = item.redrive_id AND known.status IN ('ok', 'failed') OFFSET 0
        )
"""
GIVE_UP = SetMove(
    part=f"{_UNDER_WAY} AND item.letter_id > %(after)s ORDER BY item.letter_id LIMIT %(most)s",
    target=State.FAILED_AGAIN,
    event=Event.GIVEN_UP,
    # Those whose dead letter came back, and whose outcome did not, have failed once more already.
    also_from=frozenset({State.FAILED_AGAIN}),
    fits="letter.redrive_id = part.redrive_id",
    changes="""batch_id = NULL, approved_by_id = NULL,
        attempt = letter.attempt + (chosen.before <> 'FAILED_AGAIN')::int,
        moved_at = CASE chosen.before
            WHEN 'FAILED_AGAIN' THEN letter.moved_at ELSE statement_timestamp() END""",
    items=_ENDED,
    line=OF_REDRIVE,
)
# By the keys of its letters. What is there already, an outcome or a begin, stays.
_BEGUN = f"""
INSERT INTO streams_redriveoutcome (redrive_id, "group", status, failure_class, topic, partition, "offset")
SELECT part.redrive_id, letter."group", 'started', 'given up', letter.topic, letter.partition, letter."offset"
FROM ({_UNDER_WAY}) AS part CROSS JOIN LATERAL (
    SELECT "group", topic, partition, "offset" FROM dead_letters WHERE id = part.letter_id OFFSET 0
) AS letter WHERE part.reference = '' ORDER BY part.redrive_id
ON CONFLICT DO NOTHING
"""  # noqa: S608 - the expression above
_SKIP = """
UPDATE redrive_items SET state = 'SKIPPED', ended_at = statement_timestamp(), note = %(note)s
WHERE id = ANY(ARRAY(
    SELECT item.id FROM redrive_items AS item
    WHERE item.batch_id = %(batch)s AND item.stage = 'WAITING'
        AND (%(upto)s::bigint IS NULL OR item.id <= %(upto)s)
        AND (
            SELECT letter.batch_id IS DISTINCT FROM item.batch_id OR letter.state <> 'APPROVED'
            FROM dead_letters AS letter WHERE letter.id = item.letter_id
        ) IS NOT FALSE
    ORDER BY item.id LIMIT %(most)s
))
"""


def set_begun(*, batch: int) -> None:
    """What of a batch is under way counts as begun: who must not repeat handles no copy that comes later."""
    with connection.cursor() as sql:
        sql.execute(_BEGUN, {"batch": batch})


def set_skip(*, batch: int, note: str, upto: int | None = None) -> None:
    """Items that wait, `upto` an item or all, though their letters are not the batch's, are skipped."""
    given: dict[str, Any] = {"batch": batch, "note": note, "upto": upto, "most": AT_ONCE}
    with connection.cursor() as sql:
        sql.execute(_SKIP, given)
        while sql.rowcount == AT_ONCE:
            sql.execute(_SKIP, given)
