"""One try of an analysis: what an engine may do, in the words of failure classes."""

from django.conf import settings
from django.utils import timezone

from heimdall_project.events.jobs import Failure, FailureClass
from heimdall_project.observability.logging import get_logger
from heimdall_project.observability.tracing import spanned

from ..analyzer import (
    Analysis,
    AnalysisInput,
    Analyzer,
    Flawed,
    ModelAway,
    Refused,
    UnfoundedEvidence,
    Wanted,
    verify_evidence,
)
from ..providers.rule_based import RuleBasedAnalyzer
from .assignments import Assignment

log = get_logger(__name__)


@spanned("analyse")
def analyse(assignment: Assignment, analyzer: Analyzer, wanted: Wanted) -> Analysis | Failure:
    """The analysis, or a failure that no further try would change.

    Raises Flawed, and whatever an engine breaks with, for a try that may be repeated a bounded number of
    times; TransientError for one that waits for a dependency; GivenUp where nobody waits any more.
    """
    if assignment.invalid:
        return Failure(failure_class=FailureClass.INVALID_REQUEST, message=assignment.invalid)
    given = assignment.given()
    if not given.log_content.strip():
        return Failure(failure_class=FailureClass.NO_EVIDENCE, message="The log is empty.")
    try:
        analysis = analyzer.analyze(given, wanted)
        verify_evidence(given, analysis)
        return analysis
    except ModelAway as error:
        return _without_model(assignment, given, error)
    except Refused as error:
        return Failure(failure_class=error.failure_class, message=str(error))
    except UnfoundedEvidence as error:
        message = f"The answer cites what the log does not say: {error}"
        return Failure(failure_class=FailureClass.BAD_OUTPUT, message=message)


def _without_model(assignment: Assignment, given: AnalysisInput, error: ModelAway) -> Analysis | Failure:
    """What becomes of a request whose model is away: it waits, and from the deadline on it ends."""
    waited = (timezone.now() - assignment.began_at).total_seconds()
    if waited < settings.MODEL_DEADLINE:
        raise error
    log.error("The model was away beyond its deadline", action="model_unavailable", number=assignment.number)
    if settings.ANALYSIS_FALLBACK:
        return RuleBasedAnalyzer().analyze(given)
    last = str(error).removeprefix("model: ")
    message = f"The model was away for {waited:.0f} s: {last}. Send the job again when it is back."
    return Failure(failure_class=FailureClass.MODEL_UNAVAILABLE, message=message)


def last_failure(error: Exception, tries: int) -> Failure:
    """What a job is told when its last try broke."""
    if isinstance(error, Flawed):
        return Failure(failure_class=error.failure_class, message=f"After {tries} tries: {error}")
    message = f"The analysis broke {tries} times, last with {type(error).__name__}."
    return Failure(failure_class=FailureClass.UNEXPECTED, message=message)
