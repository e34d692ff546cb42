"""What stands above the console: what keeps several causes, or all batches, waiting."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..batch_states import BatchState
from . import crews
from .situation import Act

if TYPE_CHECKING:
    from .console_view import Button, Row, Shown

INDEXER, REDRIVER = "dlq-indexer", "dlq-redriver"


class Notice(NamedTuple):
    """What keeps several things waiting, and what to press against it."""

    text: str
    button: "Button | None" = None


_WORKER_FIRST = frozenset({Act.RESUME, Act.START, Act.LOOK_AT_WORKER})


def held_up(rows: Sequence["Row"]) -> dict[str, Notice]:
    """Workers that several causes wait for, by the step of these: said once, above them, with its button."""
    steps = Counter(row.step.text for row in rows if row.step.act in _WORKER_FIRST)
    buttons = {row.step.text: row.button for row in rows}
    return {
        text: Notice(f"{text} {number} causes wait for it.", buttons[text])
        for text, number in steps.most_common()
        if number > 1
    }


def at_rest(batches: Sequence["Shown"]) -> list[Notice]:
    """What keeps this page, or the batches on it, from moving."""
    alive = crews.running({INDEXER, REDRIVER})
    told = []
    if crews.broker_is_away():
        told.append(
            "No worker can say how far it is behind: the broker seems to be away. "
            "Nothing is sent, and what failed lately is not here yet."
        )
    if INDEXER not in alive:
        told.append(
            f"{INDEXER} does not run: what failed lately is not here yet. "
            f"Start it: manage.py run_consumer {INDEXER}."
        )
    if REDRIVER not in alive and any(each.batch.state == BatchState.RUNNING for each in batches):
        told.append(
            f"{REDRIVER} does not run: batches stand still. Start it: manage.py run_consumer {REDRIVER}."
        )
    return [Notice(text) for text in told]
