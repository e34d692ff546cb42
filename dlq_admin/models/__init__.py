"""Tables of dead letters, split by noun."""

from .batch import BatchItem, ItemBytes, RedriveBatch
from .cluster import CLOSED_LETTERS, Cluster, ClusterTrend
from .history import LetterLine
from .letter import DeadLetter, LetterPayload
from .letter_queryset import LetterQuerySet, standing

__all__ = [
    "CLOSED_LETTERS",
    "BatchItem",
    "Cluster",
    "ClusterTrend",
    "DeadLetter",
    "ItemBytes",
    "LetterLine",
    "LetterPayload",
    "LetterQuerySet",
    "RedriveBatch",
    "standing",
]
