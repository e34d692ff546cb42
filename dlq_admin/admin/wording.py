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
    Event.APPROVED: "Approved for another try",
    Event.RELEASED: "Given back: a person decides anew",
    Event.DISCARDED: "Discarded",
    Event.SENT: "Being sent again",
    Event.PUBLISHED: "The broker has it",
    Event.RESOLVED: "Handled by its consumer",
    Event.GIVEN_UP: "Given up: nobody said how it ended",
    Event.FAILED_AGAIN: "Failed again",
}
ACT_COLOURS: Mapping[str, str] = {
    "ok": "success",
    "failed": "danger",
    "running": "info",
    "unknown": "warning",
}


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
