"""Dead letters as the API takes and shows them."""

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
    "ClusterDetailSerializer",
    "ClusterSerializer",
    "HistorySerializer",
    "LetterDetailSerializer",
    "LetterSerializer",
    "LetterStatsSerializer",
    "PayloadSerializer",
    "TrendWindowSerializer",
    "cluster_body",
    "payload_body",
    "stats_body",
]
