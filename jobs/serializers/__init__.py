"""What the API reads and writes, split by noun."""

from .jobs import JobDetailSerializer, JobSerializer, ResultSerializer, TimelineSerializer
from .logs import LogEntrySerializer, LogEntrySummarySerializer, NewLogEntrySerializer
from .requests import AcceptedSerializer, JobRequestSerializer

__all__ = [
    "AcceptedSerializer",
    "JobDetailSerializer",
    "JobRequestSerializer",
    "JobSerializer",
    "LogEntrySerializer",
    "LogEntrySummarySerializer",
    "NewLogEntrySerializer",
    "ResultSerializer",
    "TimelineSerializer",
]
