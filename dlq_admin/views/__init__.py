"""The API of dead letters. Views parse, call one service or selector, and answer."""

from .acts import (
    LetterApproveView,
    LetterDiscardView,
    LetterEditView,
    LetterReprocessView,
    LettersApproveView,
)
from .batches import (
    BatchDetailView,
    BatchItemsView,
    BatchListView,
    LettersReprocessView,
)
from .cleaning import (
    LettersCleanUpView,
)
from .clusters import (
    ClusterDetailView,
    ClusterListView,
)
from .export import (
    BatchReportView,
    LetterExportView,
)
from .letters import (
    LetterDetailView,
    LetterHistoryView,
    LetterListView,
    LetterPayloadView,
)
from .stats import (
    LetterStatsView,
)
from .steering import (
    BatchApproveView,
    BatchCancelView,
    BatchGiveUpView,
    BatchPauseView,
    BatchRejectView,
    BatchResumeView,
)
from .trying import (
    BatchDryRunView,
    BatchPreviewView,
    LettersDryRunView,
    LettersPreviewView,
    TransformListView,
)

__all__ = [
    "BatchApproveView",
    "BatchCancelView",
    "BatchDetailView",
    "BatchDryRunView",
    "BatchGiveUpView",
    "BatchItemsView",
    "BatchListView",
    "BatchPauseView",
    "BatchPreviewView",
    "BatchRejectView",
    "BatchReportView",
    "BatchResumeView",
    "ClusterDetailView",
    "ClusterListView",
    "LetterApproveView",
    "LetterDetailView",
    "LetterDiscardView",
    "LetterEditView",
    "LetterExportView",
    "LetterHistoryView",
    "LetterListView",
    "LetterPayloadView",
    "LetterReprocessView",
    "LetterStatsView",
    "LettersApproveView",
    "LettersCleanUpView",
    "LettersDryRunView",
    "LettersPreviewView",
    "LettersReprocessView",
    "TransformListView",
]
