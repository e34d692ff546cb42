"""What the console asks: open causes with their trends, open batches, and which causes these are about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from django.db.models import F, QuerySet

from ..batch_states import ENDED
from ..models import CLOSED_LETTERS, BatchItem, Cluster, ClusterTrend, DeadLetter, RedriveBatch
from .batches import batches_listed
from .figures import STEPS, Grain

BATCHES_MOST = 50
"""Open batches that are looked at: who has more has another trouble."""


def clusters_open(*, most: int) -> list[Cluster]:
    """Causes with letters that are neither resolved nor discarded, those with the most of them first."""
    left = F("total") - CLOSED_LETTERS
    found = Cluster.objects.filter(total__gt=CLOSED_LETTERS).order_by(left.desc(), "-last_seen", "-pk")
    return list(found[:most])


def cluster_trends(
    *, cluster_ids: Iterable[int], grain: Grain, until: datetime, buckets: int
) -> dict[int, list[int]]:
    """Failures of each cluster in the last so many buckets, the one of `until` included; oldest first."""
    step = STEPS[grain]
    ids = list(cluster_ids)
    end = until.replace(second=0, microsecond=0)
    end = end if grain == Grain.MINUTE else end.replace(minute=0)
    first = end - step * (buckets - 1)
    rows = ClusterTrend.objects.filter(cluster__in=ids, grain=grain, at__gte=first, at__lte=end).order_by()
    found: dict[int, list[int]] = {pk: [0] * buckets for pk in ids}
    for pk, at, count in rows.values_list("cluster", "at", "count"):
        found[pk][(at - first) // step] += count
    return found


def failures_since(*, since: datetime, until: datetime) -> int:
    """Failures of all clusters in the minutes that begin from `since` on and before `until`."""
    rows = ClusterTrend.objects.filter(grain=Grain.MINUTE, at__gte=since, at__lt=until).order_by()
    return sum(rows.values_list("count", flat=True))


def batches_open() -> list[RedriveBatch]:
    """Batches that have not ended, the newest first."""
    return list(batches_listed().exclude(state__in=sorted(ENDED)).order_by("-pk")[:BATCHES_MOST])


def batches_by_cluster(batches: Sequence[RedriveBatch]) -> dict[int, list[RedriveBatch]]:
    """The same batches by the causes of which they hold letters."""
    found: dict[int, list[RedriveBatch]] = defaultdict(list)
    for batch in batches:
        for cluster_id in _clusters_of(batch.pk, batch.set_hash):
            found[cluster_id].append(batch)
    return found


@lru_cache(maxsize=4 * BATCHES_MOST)
def _clusters_of(batch_id: int, _set_hash: str) -> frozenset[int]:
    """A set is frozen, so this is asked once for each."""
    items = BatchItem.objects.filter(batch=batch_id).order_by()
    return frozenset(items.values_list("letter__cluster", flat=True).distinct())


def batches_of_letter(letter: DeadLetter) -> list[BatchItem]:
    """Its part in batches, the latest first."""
    return list(
        BatchItem.objects.filter(letter=letter).select_related("batch").order_by("-pk")[:BATCHES_MOST]
    )


def letters_of(cluster: Cluster, *, most: int) -> QuerySet[DeadLetter]:
    """The newest letters of a cause."""
    return DeadLetter.objects.filter(cluster=cluster).order_by("-failed_at", "-pk")[:most]
