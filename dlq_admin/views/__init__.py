"""The API of dead letters. Views parse, call one service or selector, and answer."""

from .clusters import ClusterDetailView, ClusterListView
from .letters import LetterDetailView, LetterHistoryView, LetterListView, LetterPayloadView
from .stats import LetterStatsView

__all__ = [
    "ClusterDetailView",
    "ClusterListView",
    "LetterDetailView",
    "LetterHistoryView",
    "LetterListView",
    "LetterPayloadView",
    "LetterStatsView",
]
