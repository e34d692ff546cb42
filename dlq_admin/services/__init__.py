"""What can be done to dead letters. Each function is one transaction, or part of its caller's."""

from .batches import (
    BATCH_MOST,
    Pace,
    batch_approve,
    batch_cancel,
    batch_pause,
    batch_propose,
    batch_reject,
    batch_resume,
    batch_seen,
    letter_reprocess,
)
from .deciding import MANY, Decided, letter_approve, letter_discard, letters_approve
from .indexing import Indexed, letters_index
from .payloads import Content, Payload, payload_read
from .redriving import LEASE, Redriver, progress_of

__all__ = [
    "BATCH_MOST",
    "LEASE",
    "MANY",
    "Content",
    "Decided",
    "Indexed",
    "Pace",
    "Payload",
    "Redriver",
    "batch_approve",
    "batch_cancel",
    "batch_pause",
    "batch_propose",
    "batch_reject",
    "batch_resume",
    "batch_seen",
    "letter_approve",
    "letter_discard",
    "letter_reprocess",
    "letters_approve",
    "letters_index",
    "payload_read",
    "progress_of",
]
