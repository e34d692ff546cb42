"""Tables of dead letters, split by noun."""

from .cluster import CLOSED_LETTERS, Cluster, ClusterTrend
from .history import LetterLine
from .letter import DeadLetter, LetterPayload

__all__ = ["CLOSED_LETTERS", "Cluster", "ClusterTrend", "DeadLetter", "LetterLine", "LetterPayload"]
