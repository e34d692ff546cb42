"""Sending an ended job again: a new attempt, on a person's word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.db import IntegrityError, transaction

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict, Forbidden, Refused, Unprocessable
from heimdall_project.observability import metrics
from heimdall_project.observability.logging import get_logger

from ..models import AnalysisAttempt, AnalysisJob
from ..states import REDRIVABLE, Origin, Status
from .attempts import Lineage, attempt_begin
from .permitted import job_for, reason_of
from .timeline import job_lock, job_reopen

log = get_logger(__name__)
RIGHT = "jobs.redrive_analysisjob"
REDRIVE_ID_MOST = 64
REDRIVE_MOST = 500
"""Jobs that one call sends again."""
CLEARED: dict[str, Any] = {
    "result": None,
    "model": "",
    "bifrost_analysis_id": None,
    "duration_seconds": None,
    "from_cache": False,
    "computed_at": None,
    "failure_class": "",
    "failure_message": "",
}
"""What a job loses when it is sent again; its attempts keep how they ended."""


@dataclass(frozen=True)
class Redriven:
    """The job, its new attempt, and whether the same redrive had begun that before."""

    job: AnalysisJob
    attempt: AnalysisAttempt
    replayed: bool


@dataclass(frozen=True, kw_only=True)
class JobRedrive:
    """What became of one job of many: `redriven`, or `refused` with the reason why not."""

    job_id: int
    redriven: Redriven | None = None
    refused: Refused | None = None


def job_redrive(*, job_id: int, actor: User, reason: str, redrive_id: str = "") -> Redriven:
    """Send a FAILED or CANCELLED job again, as a new attempt with lineage; the job is PENDING then.

    Idempotent by `redrive_id`, if one is given. Audited. Raises NotFound, Forbidden, Unprocessable (no
    reason, or the id of another job's redrive), and Conflict for a job that is open or has SUCCEEDED.
    """
    job = job_for(actor=actor, job_id=job_id, right=RIGHT)
    reason = reason_of(reason)
    if earlier := _earlier(job_id, redrive_id):
        return Redriven(job, earlier, replayed=True)
    _refuse(job)
    detail = {"status": job.status, "failure_class": job.failure_class, "redrive_id": redrive_id}
    with audited(actor=actor, action="job.redrive", target=str(job), reason=reason, detail=detail) as act:
        redriven = _redrive_once(job_id, actor.get_username(), reason, redrive_id)
        act.detail["attempt"] = redriven.attempt.number
    if not redriven.replayed:
        metrics.JOBS_REDRIVEN.labels(detail["failure_class"]).inc()
        log.info("A job was sent again", action="job_redriven", analysis_id=job.pk)
    return redriven


def jobs_redrive(
    *, job_ids: Sequence[int], actor: User, reason: str, redrive_id: str = ""
) -> list[JobRedrive]:
    """Send several jobs again, each in a transaction and an audit entry of its own, in the order given.

    With a `redrive_id`, the whole call can be repeated. Raises Forbidden, and Unprocessable for no reason,
    for another reason than the first time, or for more than `REDRIVE_MOST` jobs; what is wrong with one job
    is answered for that job.
    """
    if not actor.has_perm(RIGHT):
        raise Forbidden(f"{actor.get_username()} may not do this: {RIGHT} is needed.")
    reason = reason_of(reason)
    ids = list(dict.fromkeys(job_ids))
    if not 1 <= len(ids) <= REDRIVE_MOST:
        raise Unprocessable("So many jobs at once?", errors={"ids": f"must be 1 to {REDRIVE_MOST} jobs"})
    if redrive_id and _with_another_reason(ids, redrive_id, reason):
        raise Unprocessable("This redrive was asked for before with another reason.")
    return [_one_of_many(job_id, actor, reason, redrive_id) for job_id in ids]


def _with_another_reason(ids: Sequence[int], redrive_id: str, reason: str) -> bool:
    own_ids = [id_within(redrive_id, job_id) for job_id in ids]
    return AnalysisAttempt.objects.filter(redrive_id__in=own_ids).exclude(reason=reason).exists()


def id_within(redrive_id: str, job_id: int) -> str:
    """The id of one job's redrive within a call that sends several again."""
    return str(uuid5(NAMESPACE_URL, f"heimdall:redrive:{redrive_id}:{job_id}"))


def _one_of_many(job_id: int, actor: User, reason: str, redrive_id: str) -> JobRedrive:
    own_id = id_within(redrive_id, job_id) if redrive_id else ""
    try:
        redriven = job_redrive(job_id=job_id, actor=actor, reason=reason, redrive_id=own_id)
    except Refused as refused:
        return JobRedrive(job_id=job_id, refused=refused)
    return JobRedrive(job_id=job_id, redriven=redriven)


def _earlier(job_id: int, redrive_id: str) -> AnalysisAttempt | None:
    if "\0" in redrive_id or len(redrive_id) > REDRIVE_ID_MOST:
        raise Unprocessable(
            "No such redrive id.", errors={"redrive_id": f"must have at most {REDRIVE_ID_MOST} characters"}
        )
    attempt = AnalysisAttempt.objects.filter(redrive_id=redrive_id).first() if redrive_id else None
    if attempt and attempt.job_id != job_id:
        raise Unprocessable(
            "This redrive sent another job again.", errors={"redrive_id": f"is that of job {attempt.job_id}"}
        )
    return attempt


def _refuse(job: AnalysisJob) -> None:
    if job.status not in REDRIVABLE:
        words = "has its result" if job.status == Status.SUCCEEDED else "has not ended"
        raise Conflict(f"The job {words}: {job.status}. Only FAILED and CANCELLED jobs can be sent again.")


def _redrive_once(job_id: int, actor: str, reason: str, redrive_id: str) -> Redriven:
    try:
        return _redrive(job_id, actor, reason, redrive_id)
    except IntegrityError:  # the same id at the same time, for another job
        if (earlier := _earlier(job_id, redrive_id)) is None:
            raise
        return Redriven(earlier.job, earlier, replayed=True)


@transaction.atomic
def _redrive(job_id: int, actor: str, reason: str, redrive_id: str) -> Redriven:
    job = job_lock(job_id=job_id)
    if earlier := _earlier(job_id, redrive_id):  # under the lock: the same redrive at the same time
        return Redriven(job, earlier, replayed=True)
    _refuse(job)
    lineage = Lineage(
        origin=Origin.REDRIVEN,
        begun_by=actor,
        previous=AnalysisAttempt.objects.get(request_id=job.request_id),
        reason=reason,
        redrive_id=redrive_id,
    )
    attempt = attempt_begin(job=job, lineage=lineage)
    job_reopen(job=job, actor=actor, attempt=attempt, note=reason, request_id=attempt.request_id, **CLEARED)
    return Redriven(job, attempt, replayed=False)
