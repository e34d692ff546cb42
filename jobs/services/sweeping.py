"""What nobody else would notice: workers that fell silent, retries that are due, jobs nobody claims.

Each sweep is one transaction over a bounded number of jobs. It locks the rows of the jobs first, passing by
those that somebody else has locked, and looks again under the lock, so that any number of sweepers, workers
and results may run beside it. Events of several jobs are written together at the end, because the outbox
locks their keys in an order without deadlocks.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from heimdall_project.events.jobs import AnalysisCompleted, Failure, FailureClass
from heimdall_project.observability import metrics, tracing
from heimdall_project.observability.crash import crash_point
from heimdall_project.observability.logging import get_logger
from heimdall_project.streams import outbox

from ..models import AnalysisAttempt, AnalysisJob
from ..states import Event, Origin, Outcome, Status
from .answers import answer_event
from .attempts import Lineage, attempt_begin, request_event
from .results import result_columns
from .timeline import job_end_count, job_move, transition_add

log = get_logger(__name__)
ACTOR = "job-sweeper"
BATCH = 100
"""Jobs that one sweep locks."""

type Held = tuple[AnalysisJob, AnalysisAttempt]


def jobs_sweep() -> bool:
    """One sweep of each kind; whether one of them found as much as it may do at once."""
    sweeps = (leases_sweep, retries_publish, queue_sweep, answers_sweep)
    done = [sweep(limit=BATCH) for sweep in sweeps]
    return BATCH in done


# Each has a partial index of its own, which a test holds: sweeps read no more than what they find.


def leases_over() -> Q:
    """Attempts whose lease has lapsed, by the clock of PostgreSQL."""
    return Q(finished_at=None, lease_expires_at__lt=Now())


def retries_due() -> Q:
    """Attempts whose request event is to be written now."""
    return Q(finished_at=None, due_at__lte=Now())


def unclaimed_for(waited: timedelta) -> Q:
    """Attempts that nobody claimed for so long."""
    return Q(finished_at=None, started_at=None, created_at__lt=Now() - waited)


def leases_sweep(*, limit: int = BATCH) -> int:
    """Give up attempts whose worker is silent for longer than the lease; answers how many.

    The job goes back to PENDING with a new attempt, whose event is due after `JOB_RETRY_BACKOFF`; after
    `JOB_ATTEMPTS` tries of its round it is FAILED(timeout), and a result event says so.
    """
    retried, failed = _sweep_leases(limit)
    _crash_point("lapsed", retried + failed)
    metrics.JOBS_SWEPT.labels("lease_lapsed").inc(len(retried) + len(failed))
    for job in retried:
        log.warning("A lease lapsed", action="lease_lapsed", analysis_id=job.pk, trace_id=job.trace_id)
    _told_failed(failed)
    return len(retried) + len(failed)


@transaction.atomic
def _sweep_leases(limit: int) -> tuple[list[AnalysisJob], list[AnalysisJob]]:
    now = timezone.now()
    lapsed = leases_over()
    retried, failed, events = [], [], []
    for job, attempt in _locked(lapsed, order="lease_expires_at", limit=limit):
        # Compared in the statement: its worker may have renewed it this moment, without the job's lock.
        given_up = AnalysisAttempt.objects.filter(lapsed, pk=attempt.pk).update(
            finished_at=now, outcome=Outcome.LAPSED, lease_expires_at=None
        )
        if not given_up or not _is_current(job, attempt):
            continue
        if attempt.round_try < settings.JOB_ATTEMPTS:
            _try_again(job, attempt, now)
            retried.append(job)
        else:
            message = f"The worker fell silent in each of {attempt.round_try} tries."
            events.append(_fail(job, attempt, Event.LEASE_LAPSED, message))
            failed.append(job)
    _crash_point("before_lapse", retried + failed)
    outbox.publish_many(events)
    return retried, failed


def _try_again(job: AnalysisJob, attempt: AnalysisAttempt, now: datetime) -> None:
    number, most = attempt.round_try, settings.JOB_ATTEMPTS
    reason = f"{attempt.worker} was silent for longer than the lease (try {number} of {most})."
    lineage = Lineage(
        origin=Origin.RETRIED, begun_by=ACTOR, previous=attempt, round_try=number + 1, reason=reason
    )
    due_at = now + timedelta(seconds=settings.JOB_RETRY_BACKOFF)
    retry = attempt_begin(job=job, lineage=lineage, due_at=due_at)
    job_move(
        job=job,
        to=Status.PENDING,
        event=Event.LEASE_LAPSED,
        actor=ACTOR,
        attempt=attempt,
        note=reason,
        request_id=retry.request_id,
    )


def retries_publish(*, limit: int = BATCH) -> int:
    """Write the request events of attempts that are due; answers how many. The event id is the attempt's."""
    published = _publish_due(limit)
    _crash_point("retried", published)
    metrics.JOBS_SWEPT.labels("retry_published").inc(published)
    return published


@transaction.atomic
def _publish_due(limit: int) -> int:
    ready = list(_locked(retries_due(), order="due_at", limit=limit))
    AnalysisAttempt.objects.filter(pk__in=[attempt.pk for _, attempt in ready]).update(due_at=None)
    _crash_point("before_retry", ready)
    outbox.publish_many([request_event(attempt) for job, attempt in ready if _is_current(job, attempt)])
    return len(ready)


def queue_sweep(*, limit: int = BATCH) -> int:
    """Fail jobs that nobody claimed within `JOB_QUEUE_DEADLINE`; answers how many.

    Whether their event is on its topic or still in the outbox makes no difference: it is ignored later.
    """
    failed = _sweep_queue(limit)
    _crash_point("expired", failed)
    metrics.JOBS_SWEPT.labels("queue_expired").inc(len(failed))
    _told_failed(failed)
    return len(failed)


@transaction.atomic
def _sweep_queue(limit: int) -> list[AnalysisJob]:
    now = timezone.now()
    waited = timedelta(seconds=settings.JOB_QUEUE_DEADLINE)
    failed, events = [], []
    for job, attempt in _locked(unclaimed_for(waited), order="created_at", limit=limit):
        where = "its request had not reached the broker" if job.status == Status.PENDING else "unclaimed"
        message = f"It waited in the queue for longer than {waited}: {where}."
        AnalysisAttempt.objects.filter(pk=attempt.pk).update(
            finished_at=now,
            outcome=Outcome.FAILED,
            failure_class=FailureClass.TIMEOUT,
            failure_message=message,
            due_at=None,
        )
        if _is_current(job, attempt):
            events.append(_fail(job, attempt, Event.QUEUE_EXPIRED, message))
            failed.append(job)
    _crash_point("before_expiry", failed)
    outbox.publish_many(events)
    return failed


def answers_sweep(*, limit: int = BATCH) -> int:
    """Publish stored answers again whose results have not come back within `JOB_QUEUE_DEADLINE`.

    Their records were passed by, or died: without them the job would run for ever. Answers how many.
    """
    again = _answer_again(limit)
    metrics.JOBS_SWEPT.labels("answered_again").inc(again)
    return again


@transaction.atomic
def _answer_again(limit: int) -> int:
    waited = timedelta(seconds=settings.JOB_QUEUE_DEADLINE)
    # A job that waits for its result is not touched between claim and end.
    silent = AnalysisJob.objects.filter(status=Status.RUNNING, updated_at__lt=Now() - waited)
    answered = silent.filter(attempts__request_id=F("request_id"), attempts__answer__isnull=False)
    found = list(answered.order_by("pk").values_list("pk", flat=True)[:limit])
    locked = silent.filter(pk__in=found).select_for_update(no_key=True, skip_locked=True).order_by("pk")
    jobs = {job.request_id: job for job in locked}
    attempts = AnalysisAttempt.objects.filter(request_id__in=jobs, answer__isnull=False).order_by("pk")
    events = []
    for attempt in attempts:
        job = jobs[attempt.request_id]
        transition_add(job=job, attempt=attempt, event=Event.ANSWERED_AGAIN, actor=ACTOR)
        answer = msgspec.convert(attempt.answer, AnalysisCompleted, strict=False)
        events.append(answer_event(answer=answer, topic=job.callback_topic))
    AnalysisJob.objects.filter(pk__in=[job.pk for job in jobs.values()]).update(updated_at=Now())
    outbox.publish_many(events)
    return len(events)


def _locked(which: Q, *, order: str, limit: int) -> Iterator[Held]:
    """Attempts and their jobs, locked, and looked at again under the lock."""
    found = AnalysisAttempt.objects.filter(which).order_by(order).values_list("job_id", flat=True)[:limit]
    jobs = AnalysisJob.objects.select_for_update(no_key=True, skip_locked=True).order_by("pk")
    locked = {job.pk: job for job in jobs.filter(pk__in=list(found))}
    attempts = AnalysisAttempt.objects.filter(which, job_id__in=locked).order_by("pk")
    for attempt in attempts.select_related("job__log_entry"):
        yield locked[attempt.job_id], attempt


def _is_current(job: AnalysisJob, attempt: AnalysisAttempt) -> bool:
    """Whether the job is open and waits for this attempt. One that it left behind is only closed."""
    return job.request_id == attempt.request_id and not Status(job.status).is_terminal


def _fail(job: AnalysisJob, attempt: AnalysisAttempt, event: Event, message: str) -> outbox.NewEvent:
    """End the job as FAILED(timeout); answers the result event, for those outside who wait for it."""
    answer = AnalysisCompleted(
        request_id=attempt.request_id,
        correlation_id=job.correlation_id,
        timestamp=timezone.now(),
        log_id=job.log_entry_id,
        failure=Failure(failure_class=FailureClass.TIMEOUT, message=message),
        bifrost_analysis_id=attempt.pk,
    )
    job_move(
        job=job,
        to=Status.FAILED,
        event=event,
        actor=ACTOR,
        attempt=attempt,
        hop=None,
        note=message,
        **result_columns(answer),
    )
    with tracing.rejoined(job.trace_id, name="time out"):
        return answer_event(answer=answer, topic=job.callback_topic)


def _crash_point(name: str, done: object) -> None:
    """A point that a sweep passes only if it found something."""
    if done:
        crash_point(f"sweeper.{name}")


def _told_failed(jobs: Iterable[AnalysisJob]) -> None:
    for job in jobs:
        job_end_count(job)
        log.warning(
            "A job timed out",
            action="job_timed_out",
            analysis_id=job.pk,
            trace_id=job.trace_id,
            why=job.failure_message,
        )
