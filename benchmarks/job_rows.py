"""Rows that the job benchmark needs, and questions about them."""

import itertools
from collections.abc import Iterator
from uuid import uuid4

from django.db import connection, transaction
from django.utils import timezone

from heimdall_project.accounts.models import User
from heimdall_project.events.jobs import AnalysisRequested
from heimdall_project.streams import outbox
from heimdall_project.streams.outbox import NewEvent
from heimdall_project.streams.topics import Topic
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition, LogEntry
from jobs.states import Event, Status

LOG = "2026-11-21 09:14:57,101 ERROR [pool-3] orders: Connection is not available, timed out\n" * 6
EMPTIED = (
    "analysis_jobs, analysis_attempts, job_transitions, log_entries, streams_outboxmessage,"
    " streams_relaylease, streams_consumercursor, streams_ledgerentry, streams_workerprocess"
)
_MOST = 1000


def owner() -> User:
    """Whose jobs they are."""
    return User.objects.get_or_create(username="bench", defaults={"is_superuser": True})[0]


def empty() -> None:
    """Forget what an earlier measurement left."""
    ask(f"TRUNCATE {EMPTIED} RESTART IDENTITY CASCADE")


def fill(count: int, *, events: bool) -> int:
    """Commit so many jobs as `job_submit` would, ten to a log; answers the first id.

    `events`: with attempts, timeline and request events, as our own loop needs them.
    """
    whose = owner()
    logs = LogEntry.objects.bulk_create(
        LogEntry(content=LOG, service_name="orders", environment="bench", created_by=whose)
        for _ in range(-(-count // 10))
    )
    first = 0
    for numbers in _parts(count):
        with transaction.atomic():
            jobs = AnalysisJob.objects.bulk_create(_job(whose, logs[number // 10]) for number in numbers)
            first = first or jobs[0].pk
            if events:
                _begin(jobs)
    ask("VACUUM ANALYZE analysis_jobs, analysis_attempts, job_transitions, streams_outboxmessage")
    return first


def _parts(count: int) -> Iterator[tuple[int, ...]]:
    numbers = iter(range(count))
    while part := tuple(itertools.islice(numbers, _MOST)):
        yield part


def _job(whose: User, log: LogEntry) -> AnalysisJob:
    return AnalysisJob(
        owner=whose,
        log_entry=log,
        request_id=uuid4(),
        status=Status.PENDING,
        analysis_type="error",
        callback_topic=Topic.ANALYSIS_RESULT,
        correlation_id=str(uuid4()),
    )


def _begin(jobs: list[AnalysisJob]) -> None:
    attempts = AnalysisAttempt.objects.bulk_create(
        AnalysisAttempt(job=job, number=1, request_id=job.request_id) for job in jobs
    )
    JobTransition.objects.bulk_create(
        JobTransition(job=a.job, attempt=a, event=Event.SUBMITTED, to_status=Status.PENDING, actor="bench")
        for a in attempts
    )
    outbox.publish_many([_event(job) for job in jobs])


def _event(job: AnalysisJob) -> NewEvent:
    event = AnalysisRequested(
        request_id=job.request_id,
        timestamp=timezone.now(),
        log_id=job.log_entry_id,
        log_content=LOG,
        service_name="orders",
        environment="bench",
        correlation_id=job.correlation_id,
    )
    return NewEvent(
        topic=Topic.ANALYSIS_REQUEST,
        key=str(job.log_entry_id),
        event=event,
        schema="analysis.request/1",
        event_id=str(job.request_id),
        correlation_id=job.correlation_id,
    )


def ask(statement: str, *values: object) -> list[tuple]:
    """Rows of a query."""
    with connection.cursor() as sql:
        sql.execute(statement, values)
        return sql.fetchall() if sql.description else []


def succeeded() -> int:
    """Jobs that came to their good end."""
    return ask("SELECT count(*) FROM analysis_jobs WHERE status = 'SUCCEEDED'")[0][0]
