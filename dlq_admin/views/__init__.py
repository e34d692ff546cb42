"""The API of dead letters. Views parse, call one service or selector, and answer."""

from .acts import LetterApproveView, LetterDiscardView, LetterReprocessView, LettersApproveView
from .batches import (
    BatchApproveView,
    BatchCancelView,
    BatchDetailView,
    BatchItemsView,
    BatchListView,
    BatchPauseView,
    BatchRejectView,
    BatchResumeView,
)
from .clusters import ClusterDetailView, ClusterListView
from .letters import LetterDetailView, LetterHistoryView, LetterListView, LetterPayloadView
from .stats import LetterStatsView

__all__ = [
    "BatchApproveView",
    "BatchCancelView",
    "BatchDetailView",
    "BatchItemsView",
    "BatchListView",
    "BatchPauseView",
    "BatchRejectView",
    "BatchResumeView",
    "ClusterDetailView",
    "ClusterListView",
    "LetterApproveView",
    "LetterDetailView",
    "LetterDiscardView",
    "LetterHistoryView",
    "LetterListView",
    "LetterPayloadView",
    "LetterReprocessView",
    "LetterStatsView",
    "LettersApproveView",
]
