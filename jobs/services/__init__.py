"""What can be done to jobs and log entries. Each function is one transaction, or part of its caller's."""

from .answers import answer_publish
from .cancelling import Cancelled, job_cancel
from .claims import (
    Answered,
    Claimed,
    Ended,
    attempt_answer_again,
    attempt_claim,
    attempt_finish,
    attempt_try_failed,
)
from .importing import Imported, Origin, log_entries_import
from .leases import attempts_wanted, leases_renew
from .publication import jobs_mark_published
from .redriving import REDRIVE_MOST, JobRedrive, Redriven, job_redrive, jobs_redrive
from .results import Applied, result_apply
from .submission import JobRequest, LogDraft, Submitted, job_submit, log_entry_create
from .sweeping import jobs_sweep, leases_sweep, queue_sweep, retries_publish
from .timeline import Hop

__all__ = [
    "REDRIVE_MOST",
    "Answered",
    "Applied",
    "Cancelled",
    "Claimed",
    "Ended",
    "Hop",
    "Imported",
    "JobRedrive",
    "JobRequest",
    "LogDraft",
    "Origin",
    "Redriven",
    "Submitted",
    "answer_publish",
    "attempt_answer_again",
    "attempt_claim",
    "attempt_finish",
    "attempt_try_failed",
    "attempts_wanted",
    "job_cancel",
    "job_redrive",
    "job_submit",
    "jobs_mark_published",
    "jobs_redrive",
    "jobs_sweep",
    "leases_renew",
    "leases_sweep",
    "log_entries_import",
    "log_entry_create",
    "queue_sweep",
    "result_apply",
    "retries_publish",
]
