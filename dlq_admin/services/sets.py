"""Letters of a batch change their states together: one statement for thousands, whatever it is that they do.

Each statement takes a part of the items of a batch, moves those of their letters that may move (compare and
set), writes their lines of history and turns the items. What it answers is counted by cause, so nothing of a
letter comes over the wire.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from ..states import Event, State, sources
from .counting import Shift, clusters_shift
from .lines import NOTE_MOST

AT_ONCE = 10_000
"""Letters that one statement moves: far below what its time allows."""
# What the planner knows of a set that was frozen just now is wrong, and it would read all letters for each of
# them. So it has no choice: every join goes from rows at hand to a table, by its key (`_BY_KEYS`); the
# subquery that locks cannot be turned around; and a condition `IS TRUE` is looked up in no index.
_BY_KEYS = "SELECT set_config('enable_hashjoin', 'off', TRUE), set_config('enable_mergejoin', 'off', TRUE)"
_MOVE = """
WITH part AS MATERIALIZED ({part}),
chosen AS MATERIALIZED (
    SELECT locked.*, part.* FROM (SELECT * FROM part ORDER BY letter_id) AS part CROSS JOIN LATERAL (
        SELECT letter.state AS before, letter.approved_by_id AS approver_before FROM dead_letters AS letter
        WHERE letter.id = part.letter_id AND (letter.state = ANY(%(sources)s) AND {fits}) IS TRUE
        FOR NO KEY UPDATE
    ) AS locked
), moved AS (
    UPDATE dead_letters AS letter SET state = %(target)s, {changes}
    FROM chosen WHERE letter.id = chosen.letter_id
    RETURNING letter.cluster_id, letter.attempt AS now_attempt, chosen.*
), lines AS (
    INSERT INTO dead_letter_history (letter_id, event, from_state, to_state, attempt, redrive_id, topic,
        partition, "offset", note, actor)
    SELECT letter_id, %(event)s, before, %(target)s, now_attempt, {line}, %(note)s, %(actor)s
    FROM moved WHERE before <> %(target)s ORDER BY letter_id
), items AS (
    {items}
)
SELECT last.item_id, last.letter_id, last.parts, tally.cluster_id, tally.before, tally.letters, tally.sample
FROM (SELECT max(id) AS item_id, max(letter_id) AS letter_id, count(*) AS parts FROM part) AS last
LEFT JOIN (
    SELECT cluster_id, before, count(*) AS letters, min(letter_id) AS sample FROM moved GROUP BY 1, 2
) AS tally ON true
"""
_SKIP = """
UPDATE redrive_items SET state = 'SKIPPED', ended_at = statement_timestamp(), note = %(note)s
WHERE id = ANY(ARRAY(
    SELECT item.id FROM redrive_items AS item
    WHERE item.batch_id = %(batch)s AND item.state = 'WAITING'
        AND (%(upto)s::bigint IS NULL OR item.id <= %(upto)s)
        AND (
            SELECT letter.batch_id IS DISTINCT FROM item.batch_id OR letter.state <> 'APPROVED'
            FROM dead_letters AS letter WHERE letter.id = item.letter_id
        ) IS NOT FALSE
    ORDER BY item.id LIMIT %(most)s
))
"""
NO_HOP = "'', '', NULL::int, NULL::bigint"
OF_REDRIVE = "redrive_id, '', NULL::int, NULL::bigint"
HOP = 'redrive_id, topic, partition, "offset"'
_MOVED_NOW = "moved_at = statement_timestamp()"


@dataclass(frozen=True, kw_only=True)
class SetMove:
    """How the letters of a part move. All texts are SQL of this package; values come as parameters."""

    part: str
    """Items, with `id`, `letter_id`, and what the other texts ask for."""
    target: State
    event: Event
    changes: str
    """What is set on a letter beside its state; `chosen` has the columns of the part."""
    items: str
    """A statement about the items of `part` or of `moved`, which has the same columns."""
    fits: str = "true"
    """What else has to hold of a letter, asked under its lock."""
    also_from: frozenset[State] = frozenset()
    """States from which it is no move, but something is set all the same."""
    line: str = NO_HOP
    """Redrive, topic, partition and offset of the line in the history."""

    def sql(self) -> str:
        """The statement."""
        return _MOVE.format(
            part=self.part, fits=self.fits, changes=self.changes, items=self.items, line=self.line
        )


class Done(NamedTuple):
    """What one statement did."""

    parts: int
    """Items that it looked at."""
    touched: int
    """Letters that were changed: those that moved, and those that were in the target state before."""
    moved: int
    last_item: int
    last_letter: int
    tally: Counter[tuple[int, State]]
    """Letters that moved, by their cause and the state that they were in."""
    samples: Mapping[int, int]
    """One of them for each cause."""


def set_move(move: SetMove, *, actor: str, note: str = "", **values: Any) -> Done:
    """Move a part of a batch, in the caller's transaction. The counters of the causes are the caller's."""
    given = {
        "sources": sorted(sources(move.target) | move.also_from),
        "target": move.target.value,
        "event": move.event.value,
        "actor": actor[:200],
        "note": note[:NOTE_MOST],
        "item_note": note[:500],
        **values,
    }
    with connection.cursor() as sql:
        sql.execute(_BY_KEYS)
        sql.execute(move.sql(), given)
        rows = sql.fetchall()
    last_item, last_letter, parts = rows[0][:3]
    found = [row[3:] for row in rows if row[3] is not None]
    tally = Counter({(cluster, State(before)): letters for cluster, before, letters, _ in found})
    samples = {cluster: sample for cluster, _, _, sample in found}
    moved = sum(n for (_, before), n in tally.items() if before is not move.target)
    return Done(parts, tally.total(), moved, last_item or 0, last_letter or 0, tally, samples)


def set_counted(target: State, *done: Done) -> None:
    """Count what moved, the last thing in a transaction: it holds up others who count the same causes."""
    tally: Counter[tuple[int, State]] = Counter()
    samples: dict[int, int] = {}
    for each in done:
        tally.update(each.tally)
        samples |= each.samples
    clusters_shift(
        [
            Shift(cluster, before, target, letters, samples[cluster])
            for (cluster, before), letters in tally.items()
            if before is not target
        ]
    )


def set_move_all(move: SetMove, *, actor: str, note: str = "", **values: Any) -> int:
    """Move a whole batch, part by part in the order of its letters, as everybody locks them; how many were
    changed.

    The part of `move` begins behind `%(after)s`, a letter, and holds `%(most)s` items.
    """
    done: list[Done] = []
    after, parts = 0, AT_ONCE
    while parts == AT_ONCE:
        done.append(set_move(move, actor=actor, note=note, after=after, most=AT_ONCE, **values))
        after, parts = done[-1].last_letter, done[-1].parts
    set_counted(move.target, *done)
    return sum(each.touched for each in done)


def set_skip(*, batch: int, note: str, upto: int | None = None) -> None:
    """Items that wait, `upto` an item or all, though their letters are not the batch's, are skipped."""
    given: dict[str, Any] = {"batch": batch, "note": note, "upto": upto, "most": AT_ONCE}
    with connection.cursor() as sql:
        sql.execute(_SKIP, given)
        while sql.rowcount == AT_ONCE:
            sql.execute(_SKIP, given)


# --- what batches do with their letters -------------------------------------------------------------------

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
    fits="letter.batch_id IS NULL AND letter.attempt = part.attempt AND letter.digest = part.digest",
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
        WHERE batch_id = %(batch)s AND state = 'WAITING' ORDER BY id LIMIT %(most)s""",
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
