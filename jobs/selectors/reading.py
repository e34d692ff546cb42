"""Reading jobs and log entries. Everything starts from what a user may see."""

from django.db.models import QuerySet
from django.db.models.functions import Left

from heimdall_project.accounts.models import User

from ..models import AnalysisJob, JobTransition, LogEntry

PREVIEW = 300
"""Characters of a log entry that lists show."""


def jobs_visible_to(user: User) -> QuerySet[AnalysisJob]:
    """Own jobs; all of them for those who may view jobs."""
    jobs = AnalysisJob.objects.select_related("log_entry").defer("log_entry__content")
    return jobs if user.has_perm("jobs.view_analysisjob") else jobs.filter(owner=user)


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
