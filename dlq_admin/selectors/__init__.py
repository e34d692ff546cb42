"""Reading dead letters and their causes."""

from .batches import batches_listed, items_of, letters_oldest
from .figures import LetterCounts, TrendPoint, cluster_trend, letter_counts, letter_trend
from .reading import cluster_seen, clusters_listed, history_of, letter_seen, letters_in_detail, letters_listed

__all__ = [
    "LetterCounts",
    "TrendPoint",
    "batches_listed",
    "cluster_seen",
    "cluster_trend",
    "clusters_listed",
    "history_of",
    "items_of",
    "letter_counts",
    "letter_seen",
    "letter_trend",
    "letters_in_detail",
    "letters_listed",
    "letters_oldest",
]
