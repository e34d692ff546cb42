"""The result event of a request, out of an analysis or a failure."""

from django.utils import timezone

from heimdall_project.events.jobs import AnalysisCompleted, AnalysisResult, Failure

from ..analyzer import Analysis
from .assignments import Assignment


def completed(assignment: Assignment, outcome: Analysis | Failure, *, seconds: float) -> AnalysisCompleted:
    """What is stored and published; `seconds` is how long the analysis took."""
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
