"""The life of a job: states, the moves between them, and the names of what happens on the way. Pure.

    PENDING ──► QUEUED ──► RUNNING ──► SUCCEEDED | FAILED | CANCELLED
       ▲                      │                       │         │
       └── its lease lapsed ──┘                       │         │
       ▲                                              ▼         ▼
       └───────────── a person redrives it ───────────┴─────────┘

Each of the three open states may also go straight to an end, because a result can be faster than the
relay's mark. An end is the end: what comes later is recorded on the timeline and changes nothing. Only the
redrive leaves one, with a new attempt; results of the attempts before it stay late.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Where a job stands."""

    PENDING = "PENDING"
    """Committed together with its request event; the broker does not have the event yet."""
    QUEUED = "QUEUED"
    """The broker acknowledged the request event."""
    RUNNING = "RUNNING"
    """A worker claimed it."""
    SUCCEEDED = "SUCCEEDED"
    """It has a result."""
    FAILED = "FAILED"
    """It has a failure class and a message."""
    CANCELLED = "CANCELLED"
    """A person ended it."""

    @property
    def is_terminal(self) -> bool:
        """Whether nothing may follow."""
        return self in TERMINAL


TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})
OPEN = frozenset(Status) - TERMINAL

MAY_BECOME: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.PENDING: frozenset({Status.QUEUED, Status.RUNNING}) | TERMINAL,
        Status.QUEUED: frozenset({Status.RUNNING}) | TERMINAL,
        Status.RUNNING: TERMINAL | {Status.PENDING},
        Status.SUCCEEDED: frozenset(),
        Status.FAILED: frozenset(),
        Status.CANCELLED: frozenset(),
    }
)

REDRIVABLE = frozenset({Status.FAILED, Status.CANCELLED})
"""Ends that a redrive may leave, for PENDING. Nothing else leaves an end, so the table does not say it."""


def sources(target: Status) -> frozenset[Status]:
    """The states from which a job may move to `target`."""
    return frozenset(status for status, targets in MAY_BECOME.items() if target in targets)


class Origin(StrEnum):
    """Why an attempt was begun."""

    SUBMITTED = "submitted"
    """The job was accepted."""
    RETRIED = "retried"
    """The lease of the attempt before lapsed."""
    REDRIVEN = "redriven"
    """A person asked for it."""


class Outcome(StrEnum):
    """How one attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """A person ended its job."""
    LAPSED = "lapsed"
    """Its worker was silent for longer than the lease."""

    @property
    def status(self) -> Status:
        """The end of the job that this outcome asks for."""
        return {Outcome.SUCCEEDED: Status.SUCCEEDED, Outcome.CANCELLED: Status.CANCELLED}.get(
            self, Status.FAILED
        )


class Event(StrEnum):
    """What a line of the timeline tells."""

    SUBMITTED = "submitted"
    """The job was accepted."""
    PUBLISHED = "published"
    """The broker acknowledged the request event."""
    CLAIMED = "claimed"
    """A worker began the analysis."""
    CLAIMED_AGAIN = "claimed_again"
    """The request came again before an outcome was stored, as after a crash: the analysis begins anew."""
    TRY_FAILED = "try_failed"
    """The analysis broke for a reason nobody expected; it is tried again a bounded number of times."""
    ANSWERED = "answered"
    """The worker stored its outcome, together with the result event."""
    ANSWER_REFUSED = "answer_refused"
    """The worker's outcome came after the job had ended or the attempt was given up: it was not stored."""
    ANSWERED_AGAIN = "answered_again"
    """The request came again after the outcome was stored: the stored answer is published once more."""
    REQUEST_IGNORED = "request_ignored"
    """The request came after the job had ended, or once too often: nothing was analysed."""
    LEASE_LAPSED = "lease_lapsed"
    """The worker was silent for longer than the lease: another attempt follows, or the job fails."""
    QUEUE_EXPIRED = "queue_expired"
    """No worker claimed the job within the queue's deadline."""
    REDRIVEN = "redriven"
    """A person sent the ended job again: a new attempt."""
    CANCELLED = "cancelled"
    """A person ended the job."""
    RESULT_APPLIED = "result_applied"
    """A result ended the job."""
    RESULT_DUPLICATE = "result_duplicate"
    """The same result came again; nothing changed."""
    RESULT_LATE = "result_late"
    """Another result came after the job had ended, or for an attempt that was given up; nothing changed."""


NOTED = frozenset({Event.ANSWERED_AGAIN, Event.REQUEST_IGNORED, Event.RESULT_DUPLICATE, Event.RESULT_LATE})
"""Events that change nothing. They may come any number of times, so the timeline bounds them."""
