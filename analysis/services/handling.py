"""From a request event to a stored outcome.

Whatever happens, an outcome and its result event are one transaction; a request whose outcome is stored
is answered from it.
"""

import time
from enum import StrEnum

from django.conf import settings
from django.utils import timezone

from heimdall_project.errors import EventTooLarge, RetriesExhausted, TransientError
from heimdall_project.events.jobs import (
    AnalysisCompleted,
    AnalysisRequested,
    AnalysisResult,
    Failure,
    FailureClass,
)
from heimdall_project.observability import metrics
from heimdall_project.observability.crash import crash_point
from heimdall_project.observability.logging import get_logger
from jobs.services import Answered, Claimed, Ended, Hop, attempt_answer_again, attempt_claim

from ..analyzer import Analysis, Analyzer, Flawed, GivenUp, Wanted, always
from .analysing import analyse, last_failure
from .assignments import Assignment, OwnAssignment, outside_claim
from .keeper import Keeper

log = get_logger(__name__)


class Handled(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"
    """Its outcome is stored, with the result event."""
    REPEATED = "repeated"
    """It was answered before: the stored answer is published again."""
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    """Another worker stored an outcome, or the job ended, while this one analysed."""
    ENDED = "ended"
    """Its job had ended, or its attempt was replaced, before an outcome was stored."""


def request_handle(
    *, event: AnalysisRequested, hop: Hop, worker: str, analyzer: Analyzer, keeper: Keeper
) -> Handled:
    """Answer a request. Idempotent by request_id. `keeper` keeps the claim meanwhile.

    Raises TransientError where a dependency of the analyzer is down, RetriesExhausted once the analysis
    broke `JOB_ATTEMPTS` times (the failure is then stored), and before that what it broke with.
    """
    claim = attempt_claim(request_id=event.request_id, worker=worker, hop=hop)
    match claim:
        case Claimed(attempt):
            try:
                with keeper.holding(attempt.request_id) as wanted:
                    return _answer(OwnAssignment(attempt, worker), analyzer, wanted)
            except GivenUp:
                return Handled.ENDED
        case Answered(attempt):
            attempt_answer_again(attempt=attempt, worker=worker, hop=hop)
            return Handled.REPEATED
        case Ended():
            return Handled.ENDED
        case None:
            outside = outside_claim(event=event, worker=worker)
            if outside.row.answer is None:
                return _answer(outside, analyzer, always)
            outside.answer_again()
            return Handled.REPEATED


def _answer(assignment: Assignment, analyzer: Analyzer, wanted: Wanted) -> Handled:
    begun = time.perf_counter()
    outcome = _tried(assignment, analyzer, wanted)
    answer = _completed(assignment, outcome, seconds=time.perf_counter() - begun)
    crash_point("worker.before_outcome")
    try:
        stored = assignment.finish(answer)
    except EventTooLarge as error:
        failure = Failure(failure_class=FailureClass.BAD_OUTPUT, message=f"The answer is too long: {error}")
        stored = assignment.finish(_completed(assignment, failure, seconds=answer.duration_seconds or 0.0))
    crash_point("worker.after_outcome")
    failed_as = outcome.failure_class.value if isinstance(outcome, Failure) else ""
    metrics.ANALYSIS_SECONDS.labels(failed_as or "succeeded").observe(answer.duration_seconds or 0.0)
    log.info(
        "A request was answered",
        action="request_answered",
        number=assignment.number,
        failure_class=failed_as,
        stored=stored,
        seconds=answer.duration_seconds,
    )
    return Handled.ANSWERED if stored else Handled.ANSWERED_ELSEWHERE


def _tried(assignment: Assignment, analyzer: Analyzer, wanted: Wanted) -> Analysis | Failure:
    try:
        return analyse(assignment, analyzer, wanted)
    except (TransientError, GivenUp):
        raise
    except Exception as error:  # boundary: an analyzer may break in any way, and its job must learn of it
        _broke(assignment, error)
        raise


def _broke(assignment: Assignment, error: Exception) -> None:
    """Count a broken try; after the last one store the failure and give the record up."""
    kind = error.failure_class if isinstance(error, Flawed) else type(error).__name__
    tries = assignment.try_failed(f"{kind} (its text is in the worker's log)")
    log.exception("An analysis broke", action="analysis_broke", tries=tries, number=assignment.number)
    if tries < settings.JOB_ATTEMPTS:
        return
    failure = last_failure(error, tries)
    assignment.finish(_completed(assignment, failure, seconds=0.0))
    raise RetriesExhausted(failure.message) from error


def _completed(assignment: Assignment, outcome: Analysis | Failure, *, seconds: float) -> AnalysisCompleted:
    failure = outcome if isinstance(outcome, Failure) else None
    analysis = outcome if isinstance(outcome, Analysis) else None
    now = timezone.now()
    return AnalysisCompleted(
        request_id=assignment.request_id,
        correlation_id=assignment.correlation_id,
        timestamp=now,
        log_id=assignment.log_id,
        analysis_result=_result(analysis) if analysis else None,
        failure=failure,
        bifrost_analysis_id=assignment.number,
        model=f"{analysis.engine}/{analysis.engine_version}" if analysis else None,
        duration_seconds=round(seconds, 6),
        served_from_cache=bool(analysis and analysis.from_cache),
        computed_at=(analysis.computed_at or now) if analysis else None,
        usage=analysis.usage if analysis else None,
    )


def _result(analysis: Analysis) -> AnalysisResult:
    return AnalysisResult(
        summary=analysis.summary,
        root_cause=analysis.root_cause,
        recommendation=analysis.recommendation,
        severity=analysis.severity,
        confidence=analysis.confidence,
        component=analysis.component,
        evidence=[{"line": e.line, "text": e.text, "claim": e.claim} for e in analysis.evidence],
    )
