"""What the relay's acknowledgement means for a job."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from heimdall_project.streams.publish_hooks import Published

from ..models import AnalysisAttempt, AnalysisJob, JobTransition
from ..states import Event, Status
from .timeline import Hop

ACTOR = "outbox-relay"


@transaction.atomic
def jobs_mark_published(*, published: Sequence[Published]) -> int:
    """PENDING becomes QUEUED; answers how many did. A job that is further on only gets the hop told.

    Runs in the relay's marking transaction, so each acknowledged request is told once.
    """
    hops = {
        request_id: Hop(row.topic, row.partition, row.offset)
        for row in published
        if (request_id := _request_id(row.event_id))
    }
    attempts = AnalysisAttempt.objects.filter(request_id__in=hops).in_bulk(field_name="request_id")
    job_ids = {attempt.job_id for attempt in attempts.values()}
    # In order of the key, so that two relays (one of them fenced) cannot lock each other out.
    locked = AnalysisJob.objects.select_for_update(no_key=True).filter(pk__in=job_ids).order_by("pk")
    jobs = {job.pk: job for job in locked}
    waiting = [job.pk for job in jobs.values() if job.status == Status.PENDING and job.request_id in attempts]
    AnalysisJob.objects.filter(pk__in=waiting, status=Status.PENDING).update(
        status=Status.QUEUED, updated_at=Now()
    )
    JobTransition.objects.bulk_create(
        _told(jobs[attempt.job_id], attempt, hops[attempt.request_id])
        for attempt in sorted(attempts.values(), key=lambda each: each.pk)
    )
    return len(waiting)


def _request_id(event_id: str) -> UUID | None:
    """The attempt's id; None for events that did not come from a submission, such as a redriven record."""
    try:
        return UUID(event_id)
    except ValueError:
        return None


def _told(job: AnalysisJob, attempt: AnalysisAttempt, hop: Hop) -> JobTransition:
    queues = job.status == Status.PENDING and job.request_id == attempt.request_id
    return JobTransition(
        job=job,
        attempt=attempt,
        event=Event.PUBLISHED,
        from_status=job.status,
        to_status=Status.QUEUED if queues else job.status,
        topic=hop.topic,
        partition=hop.partition,
        offset=hop.offset,
        actor=ACTOR,
        trace_id=job.trace_id,
        note="" if queues else "The job was further on when the acknowledgement was noted.",
    )
