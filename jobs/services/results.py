"""What result events mean for jobs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from heimdall_project.events.jobs import AnalysisCompleted
from heimdall_project.observability import metrics
from heimdall_project.observability.logging import get_logger

from ..content import as_json, without_nul
from ..models import AnalysisAttempt, AnalysisJob
from ..states import Event, Outcome, sources
from .lines import Line, lines_add
from .locking import Locked, jobs_lock
from .timeline import Hop, job_lock, transition_add

log = get_logger(__name__)
ACTOR = "job-results"
# Compare and set, as everywhere: a job that is not open, or waits for another attempt, is not touched.
_END = """
UPDATE analysis_jobs AS job
SET status = new.status, finished_at = %s, updated_at = now(), result = new.result, model = new.model,
    bifrost_analysis_id = new.bifrost_analysis_id, duration_seconds = new.duration_seconds,
    from_cache = new.from_cache, computed_at = new.computed_at, failure_class = new.failure_class,
    failure_message = new.failure_message
FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::jsonb[], %s::text[], %s::bigint[], %s::float8[],
    %s::boolean[], %s::timestamptz[], %s::text[], %s::text[])
    AS new (id, request_id, status, result, model, bifrost_analysis_id, duration_seconds, from_cache,
    computed_at, failure_class, failure_message)
WHERE job.id = new.id AND job.request_id = new.request_id AND job.status = ANY(%s)
RETURNING job.id
"""
# Those of outside workers, which store no outcome of their own.
_END_ATTEMPTS = """
UPDATE analysis_attempts AS attempt
SET finished_at = %s, outcome = new.outcome, failure_class = new.failure_class,
    failure_message = new.failure_message, lease_expires_at = NULL
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
    AS new (id, outcome, failure_class, failure_message)
WHERE attempt.id = new.id AND attempt.finished_at IS NULL
"""


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
    """`results_apply` for one."""
    return results_apply(results=[(event, hop)])[0]


def results_apply(*, results: Sequence[tuple[AnalysisCompleted, Hop]]) -> list[Applied]:
    """End the jobs that these results answer, in one transaction; answers what became of each.

    Idempotent by request_id: an ended job stays as it is.
    """
    now = timezone.now()
    with transaction.atomic():
        locked = jobs_lock(event.request_id for event, _ in results)
        ended = _end(_first_of_each(results, locked), locked, now)
        applied = [
            Applied.ENDED_JOB if ended.get(event.request_id) is event else _told(event, hop, locked)
            for event, hop in results
        ]
    for (event, _), what in zip(results, applied, strict=True):
        _report(event, what, locked.get(event.request_id), now)
    return applied


def _first_of_each(
    results: Sequence[tuple[AnalysisCompleted, Hop]], locked: Mapping[UUID, Locked]
) -> list[tuple[AnalysisCompleted, Hop]]:
    """Of each request of ours the result that came first."""
    first: dict[UUID, tuple[AnalysisCompleted, Hop]] = {}
    for event, hop in results:
        if event.request_id in locked:
            first.setdefault(event.request_id, (event, hop))
    return list(first.values())


def _end(
    first: Sequence[tuple[AnalysisCompleted, Hop]], locked: Mapping[UUID, Locked], now: datetime
) -> dict[UUID, AnalysisCompleted]:
    """End those jobs that wait for it; answers the results that did, by request_id."""
    if not first:
        return {}
    rows = [(locked[event.request_id].job, *_row(event)) for event, _ in first]
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as sql:
        sql.execute(_END, [now, *columns, sorted(sources(Outcome.SUCCEEDED.status))])
        moved = {job for (job,) in sql.fetchall()}
        applied = [(e, hop, job) for e, hop in first if (job := locked[e.request_id]).job in moved]
        ends = [(job.attempt, _outcome(event).value, *_failure(event)) for event, _, job in applied]
        if ends:
            sql.execute(_END_ATTEMPTS, [now, *(list(column) for column in zip(*ends, strict=True))])
    lines_add([_line(event, hop, job) for event, hop, job in applied], actor=ACTOR)
    return {event.request_id: event for event, _, _ in applied}


def _line(event: AnalysisCompleted, hop: Hop, job: Locked) -> Line:
    after = _outcome(event).status
    return Line(
        job.job, job.attempt, Event.RESULT_APPLIED, job.status, after, hop, job.trace_id, _model(event)
    )


def _told(event: AnalysisCompleted, hop: Hop, locked: Mapping[UUID, Locked]) -> Applied:
    """A result that ends nothing is recorded, not applied."""
    if event.request_id not in locked:
        return Applied.FOREIGN
    job = job_lock(job_id=locked[event.request_id].job)
    attempt = AnalysisAttempt.objects.get(request_id=event.request_id)
    same = job.request_id == attempt.request_id and _is_what_ended(job, event)
    told = Event.RESULT_DUPLICATE if same else Event.RESULT_LATE
    transition_add(job=job, attempt=attempt, event=told, actor=ACTOR, hop=hop)
    return Applied.DUPLICATE if same else Applied.LATE


def _is_what_ended(job: AnalysisJob, event: AnalysisCompleted) -> bool:
    return all(getattr(job, name) == value for name, value in result_columns(event).items())


def _report(event: AnalysisCompleted, applied: Applied, job: Locked | None, now: datetime) -> None:
    ended = applied is Applied.ENDED_JOB
    told = {"analysis_id": job.job, "trace_id": job.trace_id} if job else {}
    log.info("A result came", action="result_came", applied=applied, request_id=str(event.request_id), **told)
    if job and ended:
        status = _outcome(event).status
        metrics.JOBS_ENDED.labels(status, _failure(event)[0]).inc()
        metrics.JOB_SECONDS.labels(status).observe((now - job.created_at).total_seconds())


def _outcome(event: AnalysisCompleted) -> Outcome:
    return Outcome.SUCCEEDED if event.analysis_result else Outcome.FAILED


def _failure(event: AnalysisCompleted) -> tuple[str, str]:
    """Class and message; empty for a success."""
    if event.analysis_result or not event.failure:
        return "", ""
    return event.failure.failure_class.value, without_nul(event.failure.message)[:2000]


def _model(event: AnalysisCompleted) -> str:
    model: str = without_nul(event.model or "")[:200]
    return model


def _row(event: AnalysisCompleted) -> tuple[object, ...]:
    """The result as a row of `_END`."""
    return (
        event.request_id,
        _outcome(event).status.value,
        as_json(event.analysis_result) if event.analysis_result else None,
        _model(event),
        event.bifrost_analysis_id,
        event.duration_seconds,
        event.served_from_cache,
        event.computed_at,
        *_failure(event),
    )


def result_columns(event: AnalysisCompleted) -> dict[str, object]:
    """The result as columns of its job, fit for PostgreSQL."""
    failure_class, failure_message = _failure(event)
    return {
        "result": without_nul(msgspec.to_builtins(event.analysis_result)),
        "model": _model(event),
        "bifrost_analysis_id": event.bifrost_analysis_id,
        "duration_seconds": event.duration_seconds,
        "from_cache": event.served_from_cache,
        "computed_at": event.computed_at,
        "failure_class": failure_class,
        "failure_message": failure_message,
    }
