"""Moving a job, and telling its timeline. Both happen under the lock of the job's row."""

from datetime import datetime
from typing import NamedTuple, Self

from django.db.models.functions import Now
from django.utils import timezone

from heimdall_project.streams.records import Record

from ..models import AnalysisAttempt, AnalysisJob, JobTransition
from ..states import NOTED, Event, Status, sources

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
    ended: datetime | None = timezone.now() if to.is_terminal else None
    row = AnalysisJob.objects.filter(pk=job.pk, status=before, status__in=sorted(sources(to)))
    if not row.update(status=to, finished_at=ended, updated_at=Now(), **changes):
        return False
    transition_add(
        job=job, attempt=attempt, event=event, actor=actor, hop=hop, note=note, before=before, to=to
    )
    job.status, job.finished_at = to, ended
    return True


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
        note=note[:500],
    )
    if event in NOTED:
        if JobTransition.objects.filter(job=job, event__in=sorted(NOTED)).count() < NOTED_LIMIT:
            JobTransition.objects.bulk_create([line], ignore_conflicts=True)
        return
    line.save(force_insert=True)
