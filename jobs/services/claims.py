"""Attempts in the hands of a worker: claim, finish, answer again.

Each function locks the job's row first, so that a worker, the relay and `job-results` cannot wait for
each other in a circle.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from heimdall_project.events.jobs import AnalysisCompleted
from heimdall_project.observability import tracing

from ..content import without_nul
from ..models import AnalysisAttempt, AnalysisJob
from ..states import Event, Outcome, Status
from .answers import answer_publish
from .timeline import Hop, job_lock, job_move, transition_add


@dataclass(frozen=True)
class Claimed:
    """The worker holds the attempt now: analyse it. `attempt.job.log_entry` is loaded."""

    attempt: AnalysisAttempt


@dataclass(frozen=True)
class Answered:
    """The outcome is stored already: publish the stored answer again, analyse nothing."""

    attempt: AnalysisAttempt


@dataclass(frozen=True)
class Ended:
    """The job ended otherwise, or another attempt replaced this one: there is nothing to do."""

    attempt: AnalysisAttempt


type Claim = Claimed | Answered | Ended


@tracing.spanned("claim")
@transaction.atomic
def attempt_claim(*, request_id: UUID, worker: str, hop: Hop | None = None) -> Claim | None:
    """Claim the attempt of a request event; None if no job of ours asked.

    A running attempt without outcome may be claimed again: the broker gives a record to one worker of
    the group at a time, so whoever claimed it before is gone, or will find that its outcome is refused.
    """
    found = AnalysisAttempt.objects.filter(request_id=request_id).values_list("job_id", flat=True).first()
    if found is None:
        return None
    job = job_lock(job_id=found)
    attempt = AnalysisAttempt.objects.select_related("job__log_entry").get(request_id=request_id)
    if attempt.answer is not None:
        return Answered(attempt)
    if attempt.finished_at is not None or job.request_id != request_id or Status(job.status).is_terminal:
        transition_add(job=job, attempt=attempt, event=Event.REQUEST_IGNORED, actor=worker, hop=hop)
        return Ended(attempt)
    _tell_claim(job, attempt, worker, hop)
    _lease(attempt, worker)
    return Claimed(attempt)


def _tell_claim(job: AnalysisJob, attempt: AnalysisAttempt, worker: str, hop: Hop | None) -> None:
    if job_move(job=job, to=Status.RUNNING, event=Event.CLAIMED, actor=worker, attempt=attempt, hop=hop):
        return
    if attempt.worker != worker:  # the same process after a backoff is no news
        transition_add(job=job, attempt=attempt, event=Event.CLAIMED_AGAIN, actor=worker, hop=hop)


def _lease(attempt: AnalysisAttempt, worker: str) -> None:
    now = timezone.now()
    attempt.worker = worker
    attempt.started_at = attempt.started_at or now
    attempt.lease_expires_at = now + timedelta(seconds=settings.JOB_LEASE)
    attempt.save(update_fields=["worker", "started_at", "lease_expires_at"])


@tracing.spanned("store outcome")
@transaction.atomic
def attempt_finish(*, attempt: AnalysisAttempt, answer: AnalysisCompleted, worker: str) -> bool:
    """Store the outcome of an attempt and its result event together.

    False means that the outcome was stored by somebody else meanwhile, or that the job has ended:
    nothing is stored or published.
    """
    job = job_lock(job_id=attempt.job_id)
    if job.request_id != attempt.request_id or Status(job.status).is_terminal:
        transition_add(job=job, attempt=attempt, event=Event.ANSWER_REFUSED, actor=worker)
        return False
    failure = answer.failure
    outcome = Outcome.FAILED if failure else Outcome.SUCCEEDED
    stored = AnalysisAttempt.objects.filter(pk=attempt.pk, finished_at=None).update(
        finished_at=timezone.now(),
        outcome=outcome,
        failure_class=failure.failure_class if failure else "",
        failure_message=failure.message if failure else "",
        answer=without_nul(msgspec.to_builtins(answer)),
        lease_expires_at=None,
    )
    if not stored:
        return False
    transition_add(job=job, attempt=attempt, event=Event.ANSWERED, actor=worker, note=outcome)
    answer_publish(answer=answer, topic=job.callback_topic)
    return True


@tracing.spanned("answer again")
@transaction.atomic
def attempt_answer_again(*, attempt: AnalysisAttempt, worker: str, hop: Hop | None = None) -> None:
    """Publish the stored answer of an attempt once more."""
    job = job_lock(job_id=attempt.job_id)
    transition_add(job=job, attempt=attempt, event=Event.ANSWERED_AGAIN, actor=worker, hop=hop)
    answer = msgspec.convert(attempt.answer, AnalysisCompleted, strict=False)
    answer_publish(answer=answer, topic=job.callback_topic)


@transaction.atomic
def attempt_try_failed(*, attempt: AnalysisAttempt, worker: str, note: str) -> int:
    """Count a try that broke unexpectedly; answers how many there were in this attempt."""
    job = job_lock(job_id=attempt.job_id)
    AnalysisAttempt.objects.filter(pk=attempt.pk).update(tries=F("tries") + 1)
    attempt.refresh_from_db(fields=["tries"])
    transition_add(job=job, attempt=attempt, event=Event.TRY_FAILED, actor=worker, note=note)
    return attempt.tries
