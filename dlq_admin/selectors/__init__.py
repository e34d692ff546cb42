"""Reading dead letters and their causes."""

from .batches import (
    FAILED_MOST,
    REPORT_COLUMNS,
    batches_listed,
    batches_with_ends,
    items_of,
    letters_oldest,
    report_of,
)
from .columns import CLUSTER_COLUMNS, LETTER_COLUMNS
from .figures import LetterCounts, TrendPoint, cluster_trend, letter_counts, letter_trend
from .overview import (
    batches_by_cluster,
    batches_of_letter,
    batches_open,
    cluster_trends,
    clusters_open,
    failures_since,
    letters_of,
)
from .reading import cluster_seen, clusters_listed, history_of, letter_seen, letters_in_detail, letters_listed
from .rivals import COUNTED_MOST, RIVALS_SHOWN, contested_waiting, rivals_of, same_place

__all__ = [
    "CLUSTER_COLUMNS",
    "COUNTED_MOST",
    "FAILED_MOST",
    "LETTER_COLUMNS",
    "REPORT_COLUMNS",
    "RIVALS_SHOWN",
    "LetterCounts",
    "TrendPoint",
    "batches_by_cluster",
    "batches_listed",
    "batches_of_letter",
    "batches_open",
    "batches_with_ends",
    "cluster_seen",
    "cluster_trend",
    "cluster_trends",
    "clusters_listed",
    "clusters_open",
    "contested_waiting",
    "failures_since",
    "history_of",
    "items_of",
    "letter_counts",
    "letter_seen",
    "letter_trend",
    "letters_in_detail",
    "letters_listed",
    "letters_of",
    "letters_oldest",
    "report_of",
    "rivals_of",
    "same_place",
]
