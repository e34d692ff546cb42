"""How letters change their states: compare and set, with a line of history and the counters of their causes.

One statement for one letter or for thousands, whatever it is that they do; `sets` lists what there is. It
takes a part of the letters, moves those that may move, writes their lines of history and turns their items.
What it answers is counted by cause, so nothing of a letter comes over the wire.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
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
NO_HOP = "'', '', NULL::int, NULL::bigint"
OF_REDRIVE = "redrive_id, '', NULL::int, NULL::bigint"
HOP = 'redrive_id, topic, partition, "offset"'


@dataclass(frozen=True, kw_only=True)
class SetMove:
    """How the letters of a part move. All texts are SQL of this package; values come as parameters."""

    part: str
    """Items of a batch, or letters, with `id`, `letter_id`, and what the other texts ask for."""
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
    """What one statement did, or several one after the other."""

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
    """Move the letters of a part, in the caller's transaction; that it is counted is the caller's, too."""
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


def set_counted(target: State, done: Done) -> None:
    """Count what moved, the last thing in a transaction: it holds up others who count the same causes."""
    clusters_shift(
        [
            Shift(cluster, before, target, letters, done.samples[cluster])
            for (cluster, before), letters in done.tally.items()
            if before is not target
        ]
    )


def set_move_all(move: SetMove, *, actor: str, note: str = "", **values: Any) -> Done:
    """Move a whole batch, part by part in the order of its letters, as everybody locks them; and count it.

    The part of `move` begins behind `%(after)s`, a letter, and holds `%(most)s` items.
    """
    done: list[Done] = []
    after, parts = 0, AT_ONCE
    while parts == AT_ONCE:
        done.append(set_move(move, actor=actor, note=note, after=after, most=AT_ONCE, **values))
        after, parts = done[-1].last_letter, done[-1].parts
    together = _together(done)
    set_counted(move.target, together)
    return together


def _together(done: Sequence[Done]) -> Done:
    tally: Counter[tuple[int, State]] = Counter()
    samples: dict[int, int] = {}
    for each in done:
        tally.update(each.tally)
        samples |= each.samples
    parts, touched, moved = (sum(column) for column in zip(*(each[:3] for each in done), strict=True))
    return Done(parts, touched, moved, done[-1].last_item, done[-1].last_letter, tally, samples)
