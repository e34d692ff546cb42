"""The life of a redrive batch and of its items. Pure.

PROPOSED ──► RUNNING ◄──► PAUSED, STOPPED
   │            │              │
   ▼            ▼              ▼
REJECTED       DONE        CANCELLED  (from each state that is not an end)
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from .states import STAGE_UNDER_WAY


class BatchState(StrEnum):
    """Where a batch stands."""

    PROPOSED = "PROPOSED"
    """Its set is frozen; another person has to agree."""
    RUNNING = "RUNNING"
    """Approved: its letters are being sent again, or their outcomes awaited."""
    PAUSED = "PAUSED"
    """A person holds it."""
    STOPPED = "STOPPED"
    """It stopped itself by one of its rules; a person may let it go on."""
    DONE = "DONE"
    """Every letter has its end."""
    CANCELLED = "CANCELLED"
    """A person ended it; what was sent before is still watched to its end."""
    REJECTED = "REJECTED"
    """The second person did not agree."""


ENDED = frozenset({BatchState.DONE, BatchState.CANCELLED, BatchState.REJECTED})
APPROVED = frozenset({BatchState.RUNNING, BatchState.PAUSED, BatchState.STOPPED, BatchState.DONE})
"""States that need an approval."""

MAY_TURN: Mapping[BatchState, frozenset[BatchState]] = MappingProxyType(
    {
        BatchState.PROPOSED: frozenset({BatchState.RUNNING, BatchState.REJECTED, BatchState.CANCELLED}),
        BatchState.RUNNING: frozenset(
            {BatchState.PAUSED, BatchState.STOPPED, BatchState.DONE, BatchState.CANCELLED}
        ),
        BatchState.PAUSED: frozenset({BatchState.RUNNING, BatchState.CANCELLED}),
        BatchState.STOPPED: frozenset({BatchState.RUNNING, BatchState.CANCELLED}),
        BatchState.DONE: frozenset(),
        BatchState.CANCELLED: frozenset(),
        BatchState.REJECTED: frozenset(),
    }
)


def batch_sources(target: BatchState) -> frozenset[BatchState]:
    """The states from which a batch may turn to `target`."""
    return frozenset(state for state, targets in MAY_TURN.items() if target in targets)


class ItemState(StrEnum):
    """Where one letter of a batch stands."""

    WAITING = "WAITING"
    """Not sent yet."""
    SENDING = "SENDING"
    """About to be sent, or sent and not written down: it is sent (again) under the same redrive id."""
    PUBLISHED = "PUBLISHED"
    """The broker, or the redrive target, has it."""
    RESOLVED = "RESOLVED"
    """Handled."""
    FAILED = "FAILED"
    """It failed again, or could not be sent."""
    SKIPPED = "SKIPPED"
    """It moved on before it was its turn, or the batch was cancelled."""


ITEM_UNDER_WAY = frozenset({ItemState.SENDING, ItemState.PUBLISHED})
"""Sent, or about to be, without an end yet. To indexes both are one stage, as they are of letters."""


def item_stage(state: str) -> str:
    """What the index of a batch's items knows this state by."""
    return STAGE_UNDER_WAY if state in ITEM_UNDER_WAY else state
