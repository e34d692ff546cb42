"""Batches: proposed over a frozen set, approved by another for exactly that set, steered, ended."""

from .approving import batch_approve
from .freezing import BATCH_MOST, Pace, set_of
from .giving_up import batch_give_up
from .proposing import batch_propose, letter_edit, proposed_before
from .reprocessing import Reprocessed, letter_reprocess, letters_reprocess
from .rows import batch_seen
from .steering import batch_cancel, batch_pause, batch_reject, batch_resume

__all__ = [
    "BATCH_MOST",
    "Pace",
    "Reprocessed",
    "batch_approve",
    "batch_cancel",
    "batch_give_up",
    "batch_pause",
    "batch_propose",
    "batch_reject",
    "batch_resume",
    "batch_seen",
    "letter_edit",
    "letter_reprocess",
    "letters_reprocess",
    "proposed_before",
    "set_of",
]
