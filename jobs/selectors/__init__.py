"""Reading jobs and log entries. Everything starts from what a user may see."""

from .figures import JobCounts, Throughput, job_counts, job_throughput
from .reading import (
    PREVIEW,
    job_seen,
    jobs_in_detail,
    jobs_visible_to,
    log_entries_listed,
    log_entries_visible_to,
    timeline_of,
    with_attempt,
)
from .redrives import RedriveGroup, RedrivePreview, redrive_preview

__all__ = [
    "PREVIEW",
    "JobCounts",
    "RedriveGroup",
    "RedrivePreview",
    "Throughput",
    "job_counts",
    "job_seen",
    "job_throughput",
    "jobs_in_detail",
    "jobs_visible_to",
    "log_entries_listed",
    "log_entries_visible_to",
    "redrive_preview",
    "timeline_of",
    "with_attempt",
]
