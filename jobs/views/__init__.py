"""The API of jobs and log entries. Views parse, call one service or selector, and answer."""

from .acts import JobCancelView, JobRedriveView, JobsRedriveView
from .export import JobExportView, LogEntryExportView
from .figures import JobStatsView
from .jobs import JobDetailView, JobListView, JobTimelineView, ResultView
from .logs import LogEntryDetailView, LogEntryListView
from .requests import RequestView

__all__ = [
    "JobCancelView",
    "JobDetailView",
    "JobExportView",
    "JobListView",
    "JobRedriveView",
    "JobStatsView",
    "JobTimelineView",
    "JobsRedriveView",
    "LogEntryDetailView",
    "LogEntryExportView",
    "LogEntryListView",
    "RequestView",
    "ResultView",
]
