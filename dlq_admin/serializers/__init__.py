"""Dead letters as the API takes and shows them."""

from .acts import (
    ApprovedManySerializer,
    ApproveManySerializer,
    DlqReasonSerializer,
    EditSerializer,
    approved_body,
)
from .batches import (
    ApproveBatchSerializer,
    BatchDetailSerializer,
    BatchItemSerializer,
    BatchSerializer,
    ChosenSerializer,
    NewBatchSerializer,
    ReprocessedSerializer,
    batch_body,
    reprocessed_body,
)
from .cleaning import (
    CleanedSerializer,
    CleanUpSerializer,
)
from .clusters import (
    ClusterDetailSerializer,
    ClusterSerializer,
    cluster_body,
)
from .figures import (
    LetterStatsSerializer,
    TrendWindowSerializer,
    stats_body,
)
from .letters import (
    HistorySerializer,
    LetterDetailSerializer,
    LetterSerializer,
    PayloadSerializer,
    payload_body,
)
from .trying import (
    CompareLettersSerializer,
    ComparisonPageSerializer,
    ComparisonSerializer,
    DryRunPageSerializer,
    TransformSerializer,
    TrialSerializer,
    TryLettersSerializer,
    comparison_body,
    transform_body,
    trial_body,
)

__all__ = [
    "ApproveBatchSerializer",
    "ApproveManySerializer",
    "ApprovedManySerializer",
    "BatchDetailSerializer",
    "BatchItemSerializer",
    "BatchSerializer",
    "ChosenSerializer",
    "CleanUpSerializer",
    "CleanedSerializer",
    "ClusterDetailSerializer",
    "ClusterSerializer",
    "CompareLettersSerializer",
    "ComparisonPageSerializer",
    "ComparisonSerializer",
    "DlqReasonSerializer",
    "DryRunPageSerializer",
    "EditSerializer",
    "HistorySerializer",
    "LetterDetailSerializer",
    "LetterSerializer",
    "LetterStatsSerializer",
    "NewBatchSerializer",
    "PayloadSerializer",
    "ReprocessedSerializer",
    "TransformSerializer",
    "TrendWindowSerializer",
    "TrialSerializer",
    "TryLettersSerializer",
    "approved_body",
    "batch_body",
    "cluster_body",
    "comparison_body",
    "payload_body",
    "reprocessed_body",
    "stats_body",
    "transform_body",
    "trial_body",
]
