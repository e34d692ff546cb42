"""Beginning an attempt: a row of its own, and the request event that carries its id."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone

from heimdall_project.events.jobs import AnalysisRequested, Priority
from heimdall_project.observability import tracing
from heimdall_project.streams import outbox
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.topics import Topic

from ..content import cut
from ..models import AnalysisAttempt, AnalysisJob
from ..states import Origin

SCHEMA = "analysis.request/1"


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """Why an attempt is begun, and after which."""

    origin: Origin
    begun_by: str
    previous: AnalysisAttempt | None = None
    round_try: int = 1
    reason: str = ""
    redrive_id: str = ""


def attempt_begin(
    *, job: AnalysisJob, lineage: Lineage, request_id: UUID | None = None, due_at: datetime | None = None
) -> AnalysisAttempt:
    """Make the next attempt of a job whose row is locked, or new. The job is to be moved by the caller.

    Its request event is written now, or by the sweeper once `due_at` has passed. Raises IntegrityError for
    a redrive that has begun one before.
    """
    previous = lineage.previous
    attempt = AnalysisAttempt.objects.create(
        job=job,
        number=previous.number + 1 if previous else 1,
        request_id=request_id or uuid4(),
        origin=lineage.origin,
        previous=previous,
        round_try=lineage.round_try,
        begun_by=lineage.begun_by[:200],
        reason=lineage.reason,
        redrive_id=lineage.redrive_id,
        due_at=due_at,
    )
    if due_at is None:
        outbox.publish_many([request_event(attempt)])
    return attempt


def request_event(attempt: AnalysisAttempt) -> outbox.NewEvent:
    """The request event of an attempt. Its event id is the attempt's: the publish hook finds it by that."""
    job = attempt.job
    with _trace(job, attempt):
        trace = tracing.carried()
    return outbox.NewEvent(
        topic=Topic.ANALYSIS_REQUEST,
        key=str(job.log_entry_id),
        event=_requested(job, attempt.request_id),
        schema=SCHEMA,
        event_id=str(attempt.request_id),
        correlation_id=job.correlation_id,
        headers=trace,
    )


def _trace(job: AnalysisJob, attempt: AnalysisAttempt) -> tracing.Entered:
    """Every attempt stays in the trace of its job, below the event of the one before while that is kept."""
    before = OutboxMessage.objects.filter(event_id=attempt.previous.request_id) if attempt.previous else None
    headers = before.values_list("headers", flat=True).first() if before else None
    return tracing.rejoined(
        job.trace_id,
        (headers or {}).get("traceparent"),
        name="begin attempt",
        number=attempt.number,
        origin=attempt.origin,
    )


def _requested(job: AnalysisJob, request_id: UUID) -> AnalysisRequested:
    entry = job.log_entry
    return AnalysisRequested(
        request_id=request_id,
        timestamp=timezone.now(),
        log_id=entry.pk,
        log_content=cut(entry.content, settings.LOG_CONTENT_MAX_BYTES),
        service_name=entry.service_name,
        environment=entry.environment,
        analysis_type=job.analysis_type,
        priority=Priority(job.priority),
        callback_topic=job.callback_topic,
        correlation_id=job.correlation_id,
        metadata=job.metadata,
        language=job.language or None,
    )
