"""Reading jobs and log entries. Everything starts from what a user may see."""

from .figures import JobCounts, Throughput, job_counts, job_throughput
from .reading import (
    PREVIEW,
    jobs_visible_to,
    log_entries_listed,
    log_entries_visible_to,
    timeline_of,
)

__all__ = [
    "PREVIEW",
    "JobCounts",
    "Throughput",
    "job_counts",
    "job_throughput",
    "jobs_visible_to",
    "log_entries_listed",
    "log_entries_visible_to",
    "timeline_of",
]
