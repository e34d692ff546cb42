"""Who may act on a job, and with which words."""

from heimdall_project.accounts.models import User
from heimdall_project.errors import Forbidden, NotFound, Unprocessable

from .. import selectors
from ..models import AnalysisJob

REASON_MOST = 500


def job_for(*, actor: User, job_id: int, right: str, own: bool = False) -> AnalysisJob:
    """The job, if `actor` has `right`, or owns it and `own` is enough.

    Raises NotFound for one that the actor may not know of, Forbidden for one that is only to be looked at.
    """
    job = selectors.jobs_visible_to(actor).filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such job.")
    if not actor.has_perm(right) and not (own and job.owner_id == actor.pk):
        raise Forbidden(f"{actor.get_username()} may not do this: {right} is needed.")
    return job


def reason_of(text: str) -> str:
    """A reason that can be kept. Raises Unprocessable."""
    if "\0" in text or not 1 <= len(text.strip()) <= REASON_MOST:
        raise Unprocessable(
            "This needs a reason.", errors={"reason": f"must have 1 to {REASON_MOST} characters"}
        )
    return text.strip()
