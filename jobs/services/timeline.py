"""Moving a job, and telling its timeline. Both happen under the lock of the job's row."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Self

from django.db.models.functions import Now
from django.utils import timezone

from heimdall_project.observability import metrics, tracing
from heimdall_project.streams.records import Record

from ..models import AnalysisAttempt, AnalysisJob, JobTransition
from ..states import NOTED, REDRIVABLE, Event, Status, sources

NOTED_LIMIT = 100
"""Lines of a job that change nothing. Beyond it they are still counted in the ledger, but not told."""


class Hop(NamedTuple):
    """Where a record stands on the broker."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def of(cls, record: Record) -> Self:
        """The place of a record."""
        return cls(record.topic, record.partition, record.offset)


def job_lock(*, job_id: int) -> AnalysisJob:
    """The job with its row locked. In a transaction; taken before any other row of the job."""
    return AnalysisJob.objects.select_for_update(no_key=True).get(pk=job_id)


def job_move(
    *,
    job: AnalysisJob,
    to: Status,
    event: Event,
    actor: str,
    attempt: AnalysisAttempt | None = None,
    hop: Hop | None = None,
    note: str = "",
    **changes: object,
) -> bool:
    """Compare and set: move a job if the table of states allows it, and tell the timeline.

    `changes` are further columns of the job. False means that it stood elsewhere: nothing changed.
    """
    before = Status(job.status)
    if not _set(job, to, sources(to), changes):
        return False
    transition_add(
        job=job, attempt=attempt, event=event, actor=actor, hop=hop, note=note, before=before, to=to
    )
    return True


def job_reopen(
    *, job: AnalysisJob, actor: str, attempt: AnalysisAttempt, note: str, **changes: object
) -> bool:
    """Compare and set: from an end that a redrive may leave to PENDING. The only way out of an end."""
    before = Status(job.status)
    if not _set(job, Status.PENDING, REDRIVABLE, changes):
        return False
    transition_add(
        job=job,
        attempt=attempt,
        event=Event.REDRIVEN,
        actor=actor,
        note=note,
        before=before,
        to=Status.PENDING,
    )
    return True


def _set(job: AnalysisJob, to: Status, since: frozenset[Status], changes: Mapping[str, object]) -> bool:
    ended: datetime | None = timezone.now() if to.is_terminal else None
    row = AnalysisJob.objects.filter(pk=job.pk, status=job.status, status__in=sorted(since))
    if not row.update(status=to, finished_at=ended, updated_at=Now(), **changes):
        return False
    for column, value in {**changes, "status": to, "finished_at": ended}.items():
        setattr(job, column, value)
    return True


def job_end_count(job: AnalysisJob) -> None:
    """Count the end of a job in the metrics, once its transaction is committed."""
    if job.finished_at:
        metrics.JOBS_ENDED.labels(job.status, job.failure_class).inc()
        metrics.JOB_SECONDS.labels(job.status).observe((job.finished_at - job.created_at).total_seconds())


def transition_add(
    *,
    job: AnalysisJob,
    event: Event,
    actor: str,
    attempt: AnalysisAttempt | None = None,
    hop: Hop | None = None,
    note: str = "",
    before: Status | None = None,
    to: Status | None = None,
) -> None:
    """Add a line. Without states it tells of something that did not move the job.

    Lines that may come any number of times (`NOTED`) are written once a record, and at most
    `NOTED_LIMIT` a job.
    """
    here = Status(job.status)
    topic, partition, offset = hop or ("", None, None)
    line = JobTransition(
        job=job,
        attempt=attempt,
        event=event,
        from_status=here if to is None else (before or ""),
        to_status=to or here,
        topic=topic,
        partition=partition,
        offset=offset,
        actor=actor[:200],
        trace_id=tracing.current_id() or job.trace_id,
        note=note[:500],
    )
    if event in NOTED:
        if JobTransition.objects.filter(job=job, event__in=sorted(NOTED)).count() < NOTED_LIMIT:
            JobTransition.objects.bulk_create([line], ignore_conflicts=True)
        return
    line.save(force_insert=True)
