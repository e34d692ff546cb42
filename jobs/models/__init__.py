"""Tables of the job control plane, split by noun."""

from .attempt import AnalysisAttempt
from .job import AnalysisJob
from .log_entry import LogEntry
from .saved_filter import SavedFilter
from .transition import JobTransition

__all__ = ["AnalysisAttempt", "AnalysisJob", "JobTransition", "LogEntry", "SavedFilter"]
