"""Tables of dead letters, split by noun."""

from .cluster import Cluster, ClusterTrend
from .history import LetterLine
from .letter import DeadLetter, LetterPayload

__all__ = ["Cluster", "ClusterTrend", "DeadLetter", "LetterLine", "LetterPayload"]
