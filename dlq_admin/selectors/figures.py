"""Counts and trends. Read off the clusters and their buckets: no letter is counted."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db.models import F, Min, QuerySet, Sum

from ..models import CLOSED_LETTERS, Cluster, ClusterTrend, DeadLetter, standing
from ..states import OPEN, WAITING, State

Grain = ClusterTrend.Grain
STEPS = {Grain.MINUTE: timedelta(minutes=1), Grain.HOUR: timedelta(hours=1)}
MOST_POINTS = 1000


class LetterCounts(NamedTuple):
    """How many dead letters stand where."""

    total: int
    by_state: dict[str, int]
    open_by_topic: dict[str, int]
    """Those that are neither resolved nor discarded; the most frequent first."""
    open_by_disposition: dict[str, int]
    open_clusters: int
    clusters_back: int
    """Those of them that a redrive had resolved before, and that failed since."""
    oldest_waiting_at: datetime | None
    """The failure of which a person has to decide for the longest time."""


class TrendPoint(NamedTuple):
    """Failures of one bucket."""

    at: datetime
    failures: int


def letter_counts() -> LetterCounts:
    """The counters of all clusters, summed up."""
    by_state: Counter[str] = Counter()
    by_topic: Counter[str] = Counter()
    by_disposition: Counter[str] = Counter()
    sums = [Sum(state.value.lower()) for state in State]
    for topic, disposition, *counts in (
        Cluster.objects.order_by().values_list("topic", "disposition").annotate(*sums)
    ):
        here = Counter(dict(zip(State, counts, strict=True)))
        by_state.update({state.value: here[state] for state in State})
        by_topic[topic] += (left := sum(here[state] for state in OPEN))
        by_disposition[disposition] += left
    return LetterCounts(
        total=by_state.total(),
        by_state={state.value: by_state[state.value] for state in State},
        open_by_topic=dict((+by_topic).most_common()),
        open_by_disposition=dict((+by_disposition).most_common()),
        open_clusters=Cluster.objects.filter(total__gt=CLOSED_LETTERS).count(),
        clusters_back=Cluster.objects.filter(
            total__gt=CLOSED_LETTERS, last_seen__gt=F("resolved_at")
        ).count(),
        oldest_waiting_at=_oldest_waiting(),
    )


def _oldest_waiting() -> datetime | None:
    """One look at the index for each state."""
    oldest = [
        DeadLetter.objects.filter(standing([state])).aggregate(at=Min("failed_at"))["at"]
        for state in sorted(WAITING)
    ]
    return min((at for at in oldest if at), default=None)


def letter_trend(*, grain: Grain, since: datetime, until: datetime) -> list[TrendPoint]:
    """Failures of all clusters by bucket, silent ones too. Raises ValueError for too many buckets."""
    return _points(ClusterTrend.objects.all(), grain, since, until)


def cluster_trend(*, cluster: Cluster, grain: Grain, since: datetime, until: datetime) -> list[TrendPoint]:
    """Failures of one cluster by bucket, silent ones too. Raises ValueError for too many buckets."""
    return _points(ClusterTrend.objects.filter(cluster=cluster), grain, since, until)


def _points(
    trend: QuerySet[ClusterTrend], grain: Grain, since: datetime, until: datetime
) -> list[TrendPoint]:
    step, first = STEPS[grain], _begin(since, grain)
    if (until - first) / step > MOST_POINTS:
        raise ValueError(f"more than {MOST_POINTS} buckets")
    rows = trend.filter(grain=grain, at__gte=first, at__lt=until).order_by()
    counts = dict(rows.values_list("at").annotate(failures=Sum("count")))
    points, at = [], first
    while at < until:
        points.append(TrendPoint(at, counts.get(at, 0)))
        at += step
    return points


def _begin(at: datetime, grain: Grain) -> datetime:
    minute = at.astimezone(UTC).replace(second=0, microsecond=0)
    return minute if grain == Grain.MINUTE else minute.replace(minute=0)
