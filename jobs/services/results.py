"""What a result event means for a job."""

from enum import StrEnum

import msgspec
from django.db import transaction
from django.utils import timezone

from heimdall_project.events.jobs import AnalysisCompleted
from heimdall_project.observability import metrics
from heimdall_project.observability.logging import get_logger

from ..content import without_nul
from ..models import AnalysisAttempt, AnalysisJob
from ..states import Event, Outcome, Status
from .timeline import Hop, job_lock, job_move, transition_add

log = get_logger(__name__)
ACTOR = "job-results"


class Applied(StrEnum):
    """What became of a result."""

    ENDED_JOB = "ended_job"
    """The job has its end now."""
    DUPLICATE = "duplicate"
    """The same result had ended the job before."""
    LATE = "late"
    """The job had ended otherwise, or another attempt replaced the one that this answers."""
    FOREIGN = "foreign"
    """Nobody here asked."""


def result_apply(*, event: AnalysisCompleted, hop: Hop) -> Applied:
    """End the job that a result answers. Idempotent by request_id: an ended job stays as it is."""
    applied, job = _apply(event, hop)
    told = {"analysis_id": job.pk, "status": job.status} if job else {}
    log.info("A result came", action="result_came", applied=applied, request_id=str(event.request_id), **told)
    if job and job.finished_at and applied is Applied.ENDED_JOB:
        failure_class = event.failure.failure_class if job.status == Status.FAILED and event.failure else ""
        metrics.JOBS_ENDED.labels(job.status, failure_class).inc()
        metrics.JOB_SECONDS.labels(job.status).observe((job.finished_at - job.created_at).total_seconds())
    return applied


@transaction.atomic
def _apply(event: AnalysisCompleted, hop: Hop) -> tuple[Applied, AnalysisJob | None]:
    found = (
        AnalysisAttempt.objects.filter(request_id=event.request_id).values_list("job_id", flat=True).first()
    )
    if found is None:
        return Applied.FOREIGN, None
    job = job_lock(job_id=found)
    attempt = AnalysisAttempt.objects.get(request_id=event.request_id)
    columns = result_columns(event)
    if job.request_id == attempt.request_id and _end(job, attempt, event, columns, hop):
        return Applied.ENDED_JOB, job
    same = job.request_id == attempt.request_id and all(
        getattr(job, name) == value for name, value in columns.items()
    )
    told = Event.RESULT_DUPLICATE if same else Event.RESULT_LATE
    transition_add(job=job, attempt=attempt, event=told, actor=ACTOR, hop=hop)
    return (Applied.DUPLICATE if same else Applied.LATE), job


def _end(
    job: AnalysisJob, attempt: AnalysisAttempt, event: AnalysisCompleted, columns: dict[str, object], hop: Hop
) -> bool:
    outcome = Outcome.SUCCEEDED if event.analysis_result else Outcome.FAILED
    moved = job_move(
        job=job,
        to=outcome.status,
        event=Event.RESULT_APPLIED,
        actor=ACTOR,
        attempt=attempt,
        hop=hop,
        note=str(columns["model"]),
        **columns,
    )
    if moved and attempt.finished_at is None:  # an outside worker answered
        AnalysisAttempt.objects.filter(pk=attempt.pk, finished_at=None).update(
            finished_at=timezone.now(),
            outcome=outcome,
            failure_class=columns["failure_class"],
            failure_message=columns["failure_message"],
            lease_expires_at=None,
        )
    return moved


def result_columns(event: AnalysisCompleted) -> dict[str, object]:
    """The result as columns of its job, fit for PostgreSQL."""
    failure = None if event.analysis_result else event.failure
    return {
        "result": without_nul(msgspec.to_builtins(event.analysis_result)),
        "model": without_nul(event.model or "")[:200],
        "bifrost_analysis_id": event.bifrost_analysis_id,
        "duration_seconds": event.duration_seconds,
        "from_cache": event.served_from_cache,
        "computed_at": event.computed_at,
        "failure_class": failure.failure_class.value if failure else "",
        "failure_message": without_nul(failure.message)[:2000] if failure else "",
    }
