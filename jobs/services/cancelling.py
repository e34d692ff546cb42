"""Ending a job that is not wanted any more."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict
from heimdall_project.observability.logging import get_logger

from ..models import AnalysisAttempt, AnalysisJob
from ..states import Event, Outcome, Status
from .permitted import job_for, reason_of
from .timeline import job_end_count, job_lock, job_move

log = get_logger(__name__)
RIGHT = "jobs.cancel_analysisjob"


@dataclass(frozen=True)
class Cancelled:
    """The job, and whether it was cancelled before."""

    job: AnalysisJob
    replayed: bool


def job_cancel(*, job_id: int, actor: User, reason: str) -> Cancelled:
    """End an open job as CANCELLED; one that is cancelled already stays so, and that is fine.

    For its owner, and for those with the right. A worker that runs it notices between two steps; its
    outcome is refused, and so is any result that comes later. Audited. Raises NotFound, Forbidden,
    Unprocessable (no reason), and Conflict for a job that has ended otherwise.
    """
    job = job_for(actor=actor, job_id=job_id, right=RIGHT, own=True)
    reason = reason_of(reason)
    if job.status == Status.CANCELLED:
        return Cancelled(job, replayed=True)
    _refuse_ended(job)
    with audited(actor=actor, action="job.cancel", target=str(job), reason=reason) as act:
        act.detail["status"] = job.status
        job, replayed = _cancel(job_id, actor.get_username(), reason)
    if not replayed:
        job_end_count(job)
        log.info("A job was cancelled", action="job_cancelled", analysis_id=job.pk)
    return Cancelled(job, replayed)


def _refuse_ended(job: AnalysisJob) -> None:
    if Status(job.status).is_terminal:
        raise Conflict(f"The job has ended: {job.status}.")


@transaction.atomic
def _cancel(job_id: int, actor: str, reason: str) -> tuple[AnalysisJob, bool]:
    job = job_lock(job_id=job_id)
    if job.status == Status.CANCELLED:
        return job, True
    _refuse_ended(job)
    attempt = AnalysisAttempt.objects.get(request_id=job.request_id)
    job_move(job=job, to=Status.CANCELLED, event=Event.CANCELLED, actor=actor, attempt=attempt, note=reason)
    AnalysisAttempt.objects.filter(pk=attempt.pk, finished_at=None).update(
        finished_at=timezone.now(), outcome=Outcome.CANCELLED, lease_expires_at=None, due_at=None
    )
    return job, False
