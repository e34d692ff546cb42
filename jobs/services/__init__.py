"""What can be done to jobs and log entries. Each function is one transaction, or part of its caller's."""

from .answers import answer_publish
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
from .results import Applied, result_apply
from .submission import JobRequest, LogDraft, Submitted, job_submit, log_entry_create
from .timeline import Hop

__all__ = [
    "Answered",
    "Applied",
    "Claimed",
    "Ended",
    "Hop",
    "Imported",
    "JobRequest",
    "LogDraft",
    "Origin",
    "Submitted",
    "answer_publish",
    "attempt_answer_again",
    "attempt_claim",
    "attempt_finish",
    "attempt_try_failed",
    "attempts_wanted",
    "job_submit",
    "jobs_mark_published",
    "leases_renew",
    "log_entries_import",
    "log_entry_create",
    "result_apply",
]
