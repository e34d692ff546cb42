"""The life of a dead letter: states and the moves between them. Pure.

    PENDING ──► APPROVED ──► REPROCESSING ──► PUBLISHED ──► RESOLVED
       │          │  ▲             │              │
       │          │  │             ▼              │
       │          │  └────── FAILED_AGAIN ◄───────┘
       ▼          ▼                │
    DISCARDED ◄────────────────────┘

PUBLISHED and RESOLVED are two things: the broker has the record again, and its consumer has handled it. Both
may also come straight from REPROCESSING, because a consumer can be faster than the mark of whoever published.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a dead letter stands."""

    PENDING = "PENDING"
    """Nobody has decided yet."""
    APPROVED = "APPROVED"
    """A second person agreed to send it again."""
    REPROCESSING = "REPROCESSING"
    """It is being sent again."""
    PUBLISHED = "PUBLISHED"
    """The broker, or the redrive target, has it; what became of it is not known yet."""
    RESOLVED = "RESOLVED"
    """Its consumer handled it."""
    FAILED_AGAIN = "FAILED_AGAIN"
    """It was sent again and failed again."""
    DISCARDED = "DISCARDED"
    """A person decided that it is not needed."""


CLOSED = frozenset({State.RESOLVED, State.DISCARDED})
"""Nothing may follow."""
OPEN = frozenset(State) - CLOSED
WAITING = frozenset({State.PENDING, State.FAILED_AGAIN})
"""A person has to decide."""
SENDABLE = WAITING | {State.APPROVED}
"""May be sent again; those that are in a batch are its own."""
UNDER_WAY = frozenset({State.REPROCESSING, State.PUBLISHED})
"""Sent again, without an end yet."""
STAGE_UNDER_WAY = "UNDER_WAY"
"""What indexes know of both: a step from one to the other moves no entry of any index."""
MAY_COME_BACK = UNDER_WAY | {State.FAILED_AGAIN}
"""A dead letter of its redrive is news: of one that failed, the outcome may be known before the letter."""
REPROCESSED = "REPROCESSED"
"""A name for filters: PUBLISHED or RESOLVED."""
GROUPS: Mapping[str, frozenset[State]] = MappingProxyType(
    {REPROCESSED: frozenset({State.PUBLISHED, State.RESOLVED})}
)

MAY_BECOME: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PENDING: frozenset({State.APPROVED, State.DISCARDED}),
        State.APPROVED: frozenset({State.REPROCESSING, State.PENDING, State.DISCARDED}),
        State.REPROCESSING: frozenset({State.PUBLISHED, State.APPROVED, State.RESOLVED, State.FAILED_AGAIN}),
        State.PUBLISHED: frozenset({State.RESOLVED, State.FAILED_AGAIN}),
        State.FAILED_AGAIN: frozenset({State.APPROVED, State.DISCARDED}),
        State.RESOLVED: frozenset(),
        State.DISCARDED: frozenset(),
    }
)


def sources(target: State) -> frozenset[State]:
    """The states from which a letter may move to `target`."""
    return frozenset(state for state, targets in MAY_BECOME.items() if target in targets)


def by_stage(states: Iterable[str]) -> dict[str, frozenset[str]]:
    """These states by the stage that indexes know them by; empty for a stage whose every state is meant."""
    found: dict[str, set[str]] = {}
    for state in states:
        found.setdefault(STAGE_UNDER_WAY if state in UNDER_WAY else state, set()).add(state)
    return {
        stage: frozenset(meant) if stage == STAGE_UNDER_WAY and meant != UNDER_WAY else frozenset()
        for stage, meant in found.items()
    }


class Disposition(StrEnum):
    """Which kind of failure made it a dead letter."""

    POISON = "poison"
    """Its bytes can never be read."""
    CONTRACT = "contract"
    """It can be read and does not fit the contract of its topic."""
    RETRIES_EXHAUSTED = "retries_exhausted"
    """Its consumer gave up after its own tries."""
    UNEXPECTED = "unexpected"
    """Its consumer broke for a reason that nobody foresaw."""


class Writer(StrEnum):
    """Who wrote the dead letter, by its headers."""

    HEIMDALL = "heimdall"
    SPRING = "spring"
    CONNECT = "connect"
    UNKNOWN = "unknown"
    """It says nothing of itself."""


class Event(StrEnum):
    """What a line of a letter's history tells."""

    INDEXED = "indexed"
    """The dead letter was read for the first time."""
    CONTESTED = "contested"
    """Another letter came that claims its place and holds another record."""
    APPROVED = "approve"
    """A second person agreed that it is sent again, alone or in a batch."""
    RELEASED = "release"
    """Its batch ended before it was sent: a person decides anew."""
    DISCARDED = "discard"
    """A person decided that it is not needed."""
    SENT = "sent"
    """It is being sent again, under a redrive id."""
    PUBLISHED = "published"
    """The broker, or the redrive target, has it."""
    RESOLVED = "resolved"
    """Its consumer handled it."""
    GIVEN_UP = "give_up"
    """It was sent again, nobody wrote down how that ended, and a person stopped waiting."""
    FAILED_AGAIN = "failed_again"
    """It was sent again and failed: its dead letter came back, or its outcome says so."""
