"""What is to be done about a cause: one sentence, and one next step. Pure."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from heimdall_project.streams.admin.wording import duration

from ..batch_states import BatchState
from .wording import kind_of

DOWN = frozenset({"halted", "failed", "lost", "stopped"})
"""States of a worker in which nothing that is sent again would be handled."""


class Act(StrEnum):
    """What the button of a step does."""

    RESUME = "resume"
    START = "start"
    LOOK_AT_WORKER = "look at worker"
    APPROVE = "approve"
    WATCH = "watch"
    LOOK_AT_BATCH = "look at batch"
    PROPOSE = "propose"
    SEND = "send"
    LOOK = "look"


class Crew(NamedTuple):
    """The worker that failed, as the registry knows it."""

    worker: str
    state: str = ""
    """"" if none was ever heard of."""
    members: int = 0
    lag: int | None = None
    lag_seconds: float | None = None
    reason: str = ""
    paused: bool = False
    """Whether an operator holds it, or told it to hold."""
    row: str = ""
    """Of its latest process in the registry."""

    @property
    def behind(self) -> str:
        """How far behind it is."""
        if self.lag is None:
            return "how far behind is not known"
        if not self.lag:
            return "nothing behind"
        late = f" ({duration(self.lag_seconds)})" if self.lag_seconds else ""
        return f"{self.lag:,} behind{late}"

    @property
    def is_down(self) -> bool:
        """Whether nobody would handle what is sent again."""
        return not self.members or self.state in DOWN


class Pending(NamedTuple):
    """A batch that has not ended and holds letters of a cause."""

    number: int
    state: str
    size: int
    done: int
    note: str
    is_own: bool
    """Proposed by who looks, who can therefore not approve it."""
    is_approved: bool = False
    """By the one who looks, already: a third person is needed."""


class Open(NamedTuple):
    """Letters of a cause with which something is left to be done."""

    undecided: int
    approved: int
    failed_again: int
    under_way: int
    disposition: str


class Step(NamedTuple):
    """What comes next."""

    text: str
    act: Act
    batch: int = 0
    is_urgent: bool = True
    """Whether nothing happens unless somebody does something."""


def next_step(open_: Open, crew: Crew | None, batches: Sequence[Pending], *, approves: bool = False) -> Step:
    """The one thing to do first. `crew` is None where no worker here consumes for the group.

    `approves` says whether who looks has the right to approve.
    """
    if crew is None:
        text = "No worker here consumes for this group: nobody could confirm a redrive. Look, then discard."
        return Step(text, Act.LOOK)
    if crew.paused:
        return Step(f"{crew.worker} is paused{_because(crew.reason)}. Resume it first.", Act.RESUME)
    if crew.is_down:
        return _down(crew)
    if batches:
        return _batch(min(batches, key=_urgency), approves)
    return _letters(open_)


def _because(words: str) -> str:
    """What a person or a worker said, within a sentence: it may have ended in a full stop of its own."""
    said = words.strip().rstrip(".")
    return f": {said}" if said else ""


def _down(crew: Crew) -> Step:
    if crew.state == "halted":
        return Step(
            f"{crew.worker} stopped on purpose{_because(crew.reason)}. Start it again when that is repaired.",
            Act.START,
        )
    said = f"{crew.worker} does not run" + (f" ({crew.state})" if crew.state else "")
    return Step(f"{said}. Start it: manage.py run_consumer {crew.worker}.", Act.LOOK_AT_WORKER)


_ORDER = (BatchState.STOPPED, BatchState.PROPOSED, BatchState.PAUSED, BatchState.RUNNING)


def _urgency(batch: Pending) -> int:
    return _ORDER.index(BatchState(batch.state)) if batch.state in _ORDER else len(_ORDER)


def _batch(batch: Pending, approves: bool) -> Step:
    name = f"Batch {batch.number}"
    if batch.state == BatchState.PROPOSED:
        waits = f"{name} ({batch.size:,} letters) waits for approval"
        if batch.is_own:
            return Step(
                f"{waits} by another person than you.", Act.LOOK_AT_BATCH, batch.number, is_urgent=False
            )
        if batch.is_approved:
            return Step(f"{waits} by a third person.", Act.LOOK_AT_BATCH, batch.number, is_urgent=False)
        act = Act.APPROVE if approves else Act.LOOK_AT_BATCH
        return Step(f"{waits}.", act, batch.number, is_urgent=approves)
    if batch.state == BatchState.RUNNING:
        text = f"{name} sends them again, {batch.done:,} of {batch.size:,} ended{_because(batch.note)}."
        return Step(text, Act.WATCH, batch.number, is_urgent=False)
    word = "stopped itself" if batch.state == BatchState.STOPPED else "is paused"
    return Step(f"{name} {word}{_because(batch.note)}.", Act.LOOK_AT_BATCH, batch.number)


def _letters(open_: Open) -> Step:
    if open_.failed_again:
        text = f"{open_.failed_again:,} failed again after a redrive: look at what is still wrong."
        return Step(text, Act.LOOK)
    if open_.undecided:
        return Step(kind_of(open_.disposition).advice, Act.PROPOSE)
    if open_.approved:
        return Step(f"{open_.approved:,} are approved one by one, and nobody sent them yet.", Act.SEND)
    return Step("All that is open is on its way.", Act.LOOK, is_urgent=False)
