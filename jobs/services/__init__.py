"""What can be done to jobs and log entries. Each function is one transaction, or part of its caller's."""

from .answers import answer_publish
from .cancelling import Cancelled, job_cancel
from .claims import (
    Answered,
    Claim,
    Claimed,
    Ended,
    Finish,
    attempt_answer_again,
    attempt_claim,
    attempt_finish,
    attempt_try_failed,
    attempts_claim,
    attempts_finish,
)
from .importing import Imported, Origin, log_entries_import
from .leases import attempts_wanted, leases_renew
from .letters import letter_is_ours, letter_redrive, letter_state, letters_came_of
from .measuring import jobs_measure
from .publication import jobs_mark_published
from .purging import PURGE_ROWS, Step, purge, purge_all, purge_step, purgeable, retention
from .redriving import REDRIVE_MOST, JobRedrive, Redriven, job_redrive, jobs_redrive
from .results import Applied, result_apply, results_apply
from .submission import JobRequest, LogDraft, Submitted, job_submit, log_entry_create
from .sweeping import jobs_sweep, leases_sweep, queue_sweep, retries_publish
from .timeline import Hop

__all__ = [
    "PURGE_ROWS",
    "REDRIVE_MOST",
    "Answered",
    "Applied",
    "Cancelled",
    "Claim",
    "Claimed",
    "Ended",
    "Finish",
    "Hop",
    "Imported",
    "JobRedrive",
    "JobRequest",
    "LogDraft",
    "Origin",
    "Redriven",
    "Step",
    "Submitted",
    "answer_publish",
    "attempt_answer_again",
    "attempt_claim",
    "attempt_finish",
    "attempt_try_failed",
    "attempts_claim",
    "attempts_finish",
    "attempts_wanted",
    "job_cancel",
    "job_redrive",
    "job_submit",
    "jobs_mark_published",
    "jobs_measure",
    "jobs_redrive",
    "jobs_sweep",
    "leases_renew",
    "leases_sweep",
    "letter_is_ours",
    "letter_redrive",
    "letter_state",
    "letters_came_of",
    "log_entries_import",
    "log_entry_create",
    "purge",
    "purge_all",
    "purge_step",
    "purgeable",
    "queue_sweep",
    "result_apply",
    "results_apply",
    "retention",
    "retries_publish",
]
