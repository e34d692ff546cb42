"""One try of an analysis: what an engine may do, in the words of failure classes."""

from heimdall_project.events.jobs import Failure, FailureClass

from ..analyzer import Analysis, Analyzer, Flawed, Refused, UnfoundedEvidence, Wanted, verify_evidence
from .assignments import Assignment


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
    except Refused as error:
        return Failure(failure_class=error.failure_class, message=str(error))
    except UnfoundedEvidence as error:
        message = f"The answer cites what the log does not say: {error}"
        return Failure(failure_class=FailureClass.BAD_OUTPUT, message=message)


def last_failure(error: Exception, tries: int) -> Failure:
    """What a job is told when its last try broke."""
    if isinstance(error, Flawed):
        return Failure(failure_class=error.failure_class, message=f"After {tries} tries: {error}")
    message = f"The analysis broke {tries} times, last with {type(error).__name__}."
    return Failure(failure_class=FailureClass.UNEXPECTED, message=message)
