"""What the relay's acknowledgement means for jobs."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

from heimdall_project.streams.publish_hooks import Published

from ..states import Event, Status
from .lines import Line, lines_add
from .locking import Locked, jobs_lock
from .timeline import Hop

ACTOR = "outbox-relay"
LATE = "The job was further on when the acknowledgement was noted."
_QUEUE = "UPDATE analysis_jobs SET status = %s, updated_at = now() WHERE id = ANY(%s) AND status = %s"


@transaction.atomic(savepoint=False)
def jobs_mark_published(*, published: Sequence[Published]) -> int:
    """PENDING becomes QUEUED; answers how many did. A job that is further on only gets the hop told.

    Runs in the relay's marking transaction, so each acknowledged request is told once.
    """
    hops = {
        request_id: Hop(row.topic, row.partition, row.offset)
        for row in published
        if (request_id := _request_id(row.event_id))
    }
    locked = sorted(jobs_lock(hops).values(), key=lambda each: each.attempt)
    waiting = sorted(job.job for job in locked if _queues(job))
    with connection.cursor() as sql:
        sql.execute(_QUEUE, [Status.QUEUED, waiting, Status.PENDING])
    lines_add([_told(job, hops[job.request_id]) for job in locked], actor=ACTOR)
    return len(waiting)


def _request_id(event_id: str) -> UUID | None:
    """The attempt's id; None for events that did not come from a submission, such as a redriven record."""
    try:
        return UUID(event_id)
    except ValueError:
        return None


def _queues(job: Locked) -> bool:
    return job.status == Status.PENDING and job.current == job.request_id


def _told(job: Locked, hop: Hop) -> Line:
    queues = _queues(job)
    after = Status.QUEUED if queues else job.status
    note = "" if queues else LATE
    return Line(job.job, job.attempt, Event.PUBLISHED, job.status, after, hop, job.trace_id, note)
