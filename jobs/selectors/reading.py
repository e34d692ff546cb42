"""Reading jobs and log entries. Everything starts from what a user may see."""

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Left

from heimdall_project.accounts.models import User
from heimdall_project.errors import NotFound

from ..models import AnalysisAttempt, AnalysisJob, JobTransition, LogEntry

PREVIEW = 300
"""Characters of a log entry that lists show."""


def jobs_visible_to(user: User) -> QuerySet[AnalysisJob]:
    """Own jobs; all of them for those who may view jobs."""
    jobs = AnalysisJob.objects.select_related("log_entry").defer("log_entry__content")
    return jobs if user.has_perm("jobs.view_analysisjob") else jobs.filter(owner=user)


def job_seen(*, user: User, job_id: int) -> AnalysisJob:
    """A job that `user` may see. Raises NotFound."""
    if (job := jobs_visible_to(user).filter(pk=job_id).first()) is None:
        raise NotFound("There is no such job.")
    return job


def with_attempt(jobs: QuerySet[AnalysisJob]) -> QuerySet[AnalysisJob]:
    """Jobs with the number of their current attempt as `attempt`."""
    current = AnalysisAttempt.objects.filter(request_id=OuterRef("request_id"))
    return jobs.annotate(attempt=Subquery(current.values("number")[:1]))


def jobs_in_detail(user: User) -> QuerySet[AnalysisJob]:
    """Visible jobs with owners and attempts, each with what it repeats."""
    attempts = (
        AnalysisAttempt.objects.select_related("previous")
        .defer("answer", "previous__answer")
        .annotate(usage=KeyTransform("usage", "answer"))
    )
    return (
        jobs_visible_to(user)
        .select_related("owner")
        .defer("owner__password")
        .prefetch_related(Prefetch("attempts", attempts))
    )


def timeline_of(job: AnalysisJob) -> QuerySet[JobTransition]:
    """The lines of a job's timeline, in order."""
    return JobTransition.objects.filter(job=job).select_related("attempt").order_by("id")


def log_entries_visible_to(user: User) -> QuerySet[LogEntry]:
    """Own log entries; all of them for those who may view log entries."""
    entries = LogEntry.objects.all()
    return entries if user.has_perm("jobs.view_logentry") else entries.filter(created_by=user)


def log_entries_listed(user: User) -> QuerySet[LogEntry]:
    """Visible log entries without their content, with its beginning as `preview`."""
    return log_entries_visible_to(user).defer("content").annotate(preview=Left("content", PREVIEW))
