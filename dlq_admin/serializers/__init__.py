"""Dead letters as the API takes and shows them."""

from .acts import (
    ApproveBatchSerializer,
    ApprovedManySerializer,
    ApproveManySerializer,
    BatchDetailSerializer,
    BatchItemSerializer,
    BatchSerializer,
    DlqReasonSerializer,
    NewBatchSerializer,
    approved_body,
    batch_body,
)
from .clusters import ClusterDetailSerializer, ClusterSerializer, cluster_body
from .figures import LetterStatsSerializer, TrendWindowSerializer, stats_body
from .letters import (
    HistorySerializer,
    LetterDetailSerializer,
    LetterSerializer,
    PayloadSerializer,
    payload_body,
)

__all__ = [
    "ApproveBatchSerializer",
    "ApproveManySerializer",
    "ApprovedManySerializer",
    "BatchDetailSerializer",
    "BatchItemSerializer",
    "BatchSerializer",
    "ClusterDetailSerializer",
    "ClusterSerializer",
    "DlqReasonSerializer",
    "HistorySerializer",
    "LetterDetailSerializer",
    "LetterSerializer",
    "LetterStatsSerializer",
    "NewBatchSerializer",
    "PayloadSerializer",
    "TrendWindowSerializer",
    "approved_body",
    "batch_body",
    "cluster_body",
    "payload_body",
    "stats_body",
]
