"""What states and kinds of failures are called, what they mean for a person, and which colour they have."""

from collections.abc import Mapping
from typing import NamedTuple

from ..batch_states import BatchState, ItemState
from ..states import Disposition, Event, State

STATE_COLOURS: Mapping[str, str] = {
    State.PENDING: "warning",
    State.APPROVED: "info",
    State.REPROCESSING: "primary",
    State.PUBLISHED: "primary",
    State.RESOLVED: "success",
    State.FAILED_AGAIN: "danger",
    State.DISCARDED: "default",
}
STATE_WORDS: Mapping[str, str] = {
    State.PENDING: "Pending",
    State.APPROVED: "Approved",
    State.REPROCESSING: "Being sent",
    State.PUBLISHED: "Published",
    State.RESOLVED: "Resolved",
    State.FAILED_AGAIN: "Failed again",
    State.DISCARDED: "Discarded",
}
STATE_NOTES: Mapping[str, str] = {
    State.PENDING: "to be decided",
    State.APPROVED: "to be sent",
    State.REPROCESSING: "on their way",
    State.PUBLISHED: "handling awaited",
    State.RESOLVED: "handled",
    State.FAILED_AGAIN: "to be decided",
    State.DISCARDED: "not needed",
}
BATCH_COLOURS: Mapping[str, str] = {
    BatchState.PROPOSED: "warning",
    BatchState.RUNNING: "primary",
    BatchState.PAUSED: "warning",
    BatchState.STOPPED: "danger",
    BatchState.DONE: "success",
    BatchState.CANCELLED: "default",
    BatchState.REJECTED: "default",
}
FAILED_SOME, FAILED_ALL = "DONE, some failed", "DONE, all failed"
BATCH_LOOKS: Mapping[str, str] = {**BATCH_COLOURS, FAILED_SOME: "warning", FAILED_ALL: "danger"}
"""The colour of a batch by how it looks: its state, or how one that is done went."""
ITEM_COLOURS: Mapping[str, str] = {
    ItemState.WAITING: "default",
    ItemState.SENDING: "primary",
    ItemState.PUBLISHED: "primary",
    ItemState.RESOLVED: "success",
    ItemState.FAILED: "danger",
    ItemState.SKIPPED: "default",
}
EVENT_WORDS: Mapping[str, str] = {
    Event.INDEXED: "Became a dead letter",
    Event.CONTESTED: "Another letter claims its place",
    Event.APPROVED: "Approved for another try",
    Event.RELEASED: "Given back: a person decides anew",
    Event.DISCARDED: "Discarded",
    Event.SENT: "Being sent again",
    Event.PUBLISHED: "The broker has it",
    Event.RESOLVED: "Handled by its consumer",
    Event.GIVEN_UP: "Given up: nobody said how it ended",
    Event.FAILED_AGAIN: "Failed again",
}
PROVEN_WORDS = "a proof says that a worker here wrote it, just as it is"
UNPROVEN_WORDS = (
    "without a proof that a worker here wrote it: another did, or one from before there was a proof"
)
ACT_COLOURS: Mapping[str, str] = {
    "ok": "success",
    "failed": "danger",
    "running": "info",
    "unknown": "warning",
}


class BatchLook(NamedTuple):
    """How a batch is shown in a word and a colour."""

    look: str
    """A key of `BATCH_LOOKS`."""
    text: str

    @property
    def colour(self) -> str:
        """Which that has."""
        return BATCH_LOOKS[self.look]


def batch_look(state: str, *, failed: int, any_handled: bool, most: int | None = None) -> BatchLook:
    """The state of a batch, and of one that is done how it went; `failed` was counted up to `most`."""
    if state != BatchState.DONE or not failed:
        return BatchLook(state, state)
    number = f"{failed:,} or more" if failed == most else f"{failed:,}"
    return BatchLook(FAILED_SOME if any_handled else FAILED_ALL, f"{state}, {number} failed again")


class Kind(NamedTuple):
    """A kind of failure, in words."""

    title: str
    colour: str
    advice: str


KINDS: Mapping[str, Kind] = {
    Disposition.POISON: Kind(
        "Poison",
        "danger",
        "Its bytes cannot be read. Look at one: repair the worker and propose, or discard.",
    ),
    Disposition.CONTRACT: Kind(
        "Contract",
        "warning",
        "It breaks the contract of its topic, and fails again until the worker is repaired "
        "or a transform mends it.",
    ),
    Disposition.RETRIES_EXHAUSTED: Kind(
        "Retries exhausted",
        "info",
        "Its consumer gave up after its own tries. Once what it waited for is back, sending it again helps.",
    ),
    Disposition.UNEXPECTED: Kind(
        "Unexpected", "danger", "Its consumer broke for a reason that nobody foresaw. Read the error first."
    ),
}
UNKNOWN_KIND = Kind("Unknown", "default", "Nobody said why.")


def kind_of(disposition: str) -> Kind:
    """The words for a kind of failure."""
    return KINDS.get(disposition, UNKNOWN_KIND)
