"""The API of jobs and log entries. Views parse, call one service or selector, and answer."""

from .jobs import JobDetailView, JobListView, JobTimelineView, ResultView
from .logs import LogEntryDetailView, LogEntryListView
from .requests import RequestView

__all__ = [
    "JobDetailView",
    "JobListView",
    "JobTimelineView",
    "LogEntryDetailView",
    "LogEntryListView",
    "RequestView",
    "ResultView",
]
