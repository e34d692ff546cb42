"""What the API reads and writes, split by noun."""

from .acts import (
    ReasonSerializer,
    RedriveAcceptedSerializer,
    RedriveManyAnswerSerializer,
    RedriveManySerializer,
    accepted_body,
    outcomes_body,
    preview_body,
)
from .figures import StatsSerializer, WindowSerializer, stats_body
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
    "ReasonSerializer",
    "RedriveAcceptedSerializer",
    "RedriveManyAnswerSerializer",
    "RedriveManySerializer",
    "ResultSerializer",
    "StatsSerializer",
    "TimelineSerializer",
    "WindowSerializer",
    "accepted_body",
    "outcomes_body",
    "preview_body",
    "stats_body",
]
