"""Accepting a job: log entry, job, first attempt, timeline and request event in one transaction."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from heimdall_project.accounts.models import User
from heimdall_project.errors import NotFound, Unprocessable
from heimdall_project.events.jobs import Priority
from heimdall_project.observability import metrics, tracing
from heimdall_project.observability.logging import get_logger
from heimdall_project.streams.topics import Topic

from .. import selectors
from ..importing.entries import worst_level
from ..models import AnalysisJob, LogEntry
from ..states import Event, Origin, Status
from .attempts import Lineage, attempt_begin
from .timeline import transition_add

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class LogDraft:
    """A log entry to be made."""

    content: str
    service_name: str
    environment: str
    level: str = ""
    logged_at: datetime | None = None
    source: str = "api"


@dataclass(frozen=True, kw_only=True)
class JobRequest:
    """What somebody asks for: an existing log entry, or a new one, and how to analyse it."""

    log: int | LogDraft
    analysis_type: str = "error"
    priority: Priority = Priority.NORMAL
    callback_topic: str = Topic.ANALYSIS_RESULT
    language: str = ""
    correlation_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Submitted:
    """The job, and whether it was there before under the same Idempotency-Key."""

    job: AnalysisJob
    replayed: bool


def log_entry_create(*, draft: LogDraft, created_by: User | None) -> LogEntry:
    """Store a log entry; a level that the draft does not name is read out of the log."""
    return LogEntry.objects.create(
        content=draft.content,
        service_name=draft.service_name,
        environment=draft.environment,
        level=draft.level or worst_level(draft.content),
        logged_at=draft.logged_at,
        source=draft.source,
        created_by=created_by,
    )


def job_submit(
    *, owner: User, request: JobRequest, idempotency_key: str = "", body_hash: str = ""
) -> Submitted:
    """Accept a job, or give back the one that this key made before.

    Of concurrent twins the unique constraint lets one through; the others find its job. Raises NotFound
    for a log entry that is not there for `owner`, Unprocessable for a key that came with another body.
    """
    if idempotency_key and (earlier := _earlier(owner, idempotency_key)):
        return _replay(earlier, body_hash)
    try:
        with tracing.work("submit job"), transaction.atomic():
            job = _create(owner, request, idempotency_key, body_hash)
    except IntegrityError:
        if not idempotency_key or not (twin := _earlier(owner, idempotency_key)):
            raise
        return _replay(twin, body_hash)
    metrics.JOBS_SUBMITTED.labels(job.priority).inc()
    log.info("A job was accepted", action="job_submitted", analysis_id=job.pk, priority=job.priority)
    return Submitted(job, replayed=False)


def _horizon() -> datetime:
    return timezone.now() - timedelta(seconds=settings.IDEMPOTENCY_RETENTION)


def _earlier(owner: User, key: str) -> AnalysisJob | None:
    return AnalysisJob.objects.filter(owner=owner, idempotency_key=key, created_at__gte=_horizon()).first()


def _replay(earlier: AnalysisJob, body_hash: str) -> Submitted:
    if earlier.body_hash != body_hash:
        raise Unprocessable("This Idempotency-Key was used before with another body.")
    return Submitted(earlier, replayed=True)


def _create(owner: User, request: JobRequest, key: str, body_hash: str) -> AnalysisJob:
    if key:  # a key older than the retention is free again
        AnalysisJob.objects.filter(owner=owner, idempotency_key=key, created_at__lt=_horizon()).update(
            idempotency_key=""
        )
    log_entry = _log_entry(owner, request.log)
    request_id = uuid4()
    job = AnalysisJob.objects.create(
        owner=owner,
        log_entry=log_entry,
        request_id=request_id,
        status=Status.PENDING,
        analysis_type=request.analysis_type,
        priority=request.priority,
        callback_topic=request.callback_topic,
        language=request.language,
        correlation_id=request.correlation_id or str(request_id),
        trace_id=tracing.current_id(),
        metadata=request.metadata,
        idempotency_key=key,
        body_hash=body_hash,
    )
    lineage = Lineage(origin=Origin.SUBMITTED, begun_by=owner.get_username())
    attempt = attempt_begin(job=job, lineage=lineage, request_id=request_id)
    transition_add(job=job, attempt=attempt, event=Event.SUBMITTED, actor=lineage.begun_by, to=Status.PENDING)
    return job


def _log_entry(owner: User, log: int | LogDraft) -> LogEntry:
    if isinstance(log, LogDraft):
        return log_entry_create(draft=log, created_by=owner)
    if (entry := selectors.log_entries_visible_to(owner).filter(pk=log).first()) is None:
        raise NotFound("There is no such log entry.", errors={"log_id": "There is no such log entry."})
    return entry
