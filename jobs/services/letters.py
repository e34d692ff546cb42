"""Dead letters of the request topic: which of them a job answers for, and what became of them."""

from collections.abc import Sequence
from uuid import UUID

from heimdall_project.accounts.models import User
from heimdall_project.errors import InvalidMessage, NotFound
from heimdall_project.events import codec
from heimdall_project.events.jobs import AnalysisRequested

from ..models import AnalysisAttempt
from ..states import Origin, Outcome, Status
from .redriving import job_redrive

PENDING, RESOLVED, FAILED = "pending", "resolved", "failed"


def letter_is_ours(*, value: bytes | None) -> bool:
    """Whether a request that became a dead letter is to be sent again as a new attempt.

    Not so for requests of outside producers, which no job here made, nor while the job still waits for this
    very request (an operator passed it by): then the record itself is what is missing.
    """
    attempt = _attempt_of(value)
    if attempt is None:
        return False
    return Status(attempt.job.status).is_terminal or attempt.job.request_id != attempt.request_id


def letter_redrive(*, value: bytes | None, actor: User, reason: str, redrive_id: str) -> str:
    """Send the job of a letter again; answers the id of the attempt. Raises as `job_redrive` does."""
    attempt = _attempt_of(value)
    if attempt is None:
        raise NotFound("No job of ours made this request.")
    redriven = job_redrive(job_id=attempt.job_id, actor=actor, reason=reason, redrive_id=redrive_id)
    return str(redriven.attempt.pk)


def letter_state(*, reference: str) -> str:
    """`resolved` once the attempt, or a retry in its place, succeeded; `failed`; or `pending`."""
    attempt = AnalysisAttempt.objects.filter(pk=int(reference)).first()
    while attempt and attempt.outcome == Outcome.LAPSED:
        attempt = attempt.successors.filter(origin=Origin.RETRIED).first()
    if attempt is None:
        return FAILED
    if not attempt.outcome:
        return PENDING
    return RESOLVED if attempt.outcome == Outcome.SUCCEEDED else FAILED


def letters_came_of(*, values: Sequence[bytes | None]) -> list[str]:
    """For each request that became a dead letter, the redrive that began its attempt; "" for none.

    Only of attempts that failed: whatever a letter claims, it ends no redrive that is still under way.
    """
    wanted = [_request_id(value) for value in values]
    failed = AnalysisAttempt.objects.filter(
        request_id__in=[each for each in wanted if each], outcome=Outcome.FAILED
    )
    known = {attempt.request_id: _redrive_of(attempt) for attempt in failed.select_related("previous")}
    return [known.get(each, "") if each else "" for each in wanted]


def _redrive_of(attempt: AnalysisAttempt) -> str:
    while attempt.origin == Origin.RETRIED and attempt.previous:
        attempt = attempt.previous
    return attempt.redrive_id


def _request_id(value: bytes | None) -> UUID | None:
    try:
        event: AnalysisRequested = codec.decode(AnalysisRequested, value)
    except InvalidMessage:
        return None
    return event.request_id


def _attempt_of(value: bytes | None) -> AnalysisAttempt | None:
    request_id = _request_id(value)
    if request_id is None:
        return None
    return AnalysisAttempt.objects.select_related("job").filter(request_id=request_id).first()
