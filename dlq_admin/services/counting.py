"""The counters of clusters: moved in the transaction that moves the letters, once a batch."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from heimdall_project.observability.logging import get_logger

from ..letters import Cause, Facts, fingerprint
from ..states import State
from .consumers_of import groups

log = get_logger(__name__)
CAUSES_MOST = 10_000
"""Causes with letters; more are counted together, by topic, kind and the group, if it is one of ours."""
TOO_MANY = "one of too many causes to tell them apart"
COUNTED = tuple(state.value.lower() for state in State)
"""Columns of a cluster, one a state."""
_ENSURE = """
INSERT INTO dead_letter_clusters (fingerprint, "group", topic, error_class, message, stack_hash, schema,
    disposition, first_seen, last_seen)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::timestamptz[], %s::timestamptz[])
ON CONFLICT (fingerprint) DO NOTHING
"""
_LIVING = "SELECT count(*) FROM dead_letter_clusters WHERE total > 0"
_IDS = "SELECT fingerprint, id FROM dead_letter_clusters WHERE fingerprint = ANY(%s)"
# Always in this order, so that two transactions do not wait for each other; not FOR UPDATE, which would
# wait for those that only refer to the cluster.
_LOCK = "SELECT id FROM dead_letter_clusters WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_COUNT = f"""
UPDATE dead_letter_clusters AS cluster
SET total = cluster.total + d.total, {", ".join(f"{c} = cluster.{c} + d.{c}" for c in COUNTED)},
    first_seen = least(cluster.first_seen, d.first), last_seen = greatest(cluster.last_seen, d.last),
    sample_id = coalesce(cluster.sample_id, d.sample)
FROM unnest(%s::bigint[], %s::bigint[], {", ".join("%s::bigint[]" for _ in COUNTED)}, %s::timestamptz[],
    %s::timestamptz[], %s::bigint[]) AS d (id, total, {", ".join(COUNTED)}, first, last, sample)
WHERE cluster.id = d.id
"""  # noqa: S608 - names of columns, out of our own enumeration
_TREND = """
INSERT INTO dead_letter_trend (cluster_id, grain, at, count)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::bigint[])
ON CONFLICT (cluster_id, grain, at) DO UPDATE SET count = dead_letter_trend.count + excluded.count
"""


class Move(NamedTuple):
    """A letter comes into a cluster, leaves it, or changes its state within it."""

    cluster: int
    before: State | None
    after: State | None
    letter: int
    failed_at: datetime | None = None
    """Of a failure that is to be counted in the trend."""


class Shift(NamedTuple):
    """Letters of one cluster that went from one state to another together."""

    cluster: int
    before: State
    after: State
    letters: int
    sample: int
    """One of them."""


def clusters_ensure(letters: Sequence[Facts]) -> dict[Cause, int]:
    """The clusters of these letters, made where they are missing, by cause.

    A stranger may give each record a cause of its own (a schema, a group): beyond `CAUSES_MOST` new ones are
    not told apart any more, so that lists and figures stay what they are.
    """
    seen: dict[Cause, list[datetime]] = {}
    for facts in letters:
        seen.setdefault(facts.cause, []).append(facts.failed_at)
    stands_as = _bounded(seen)
    times: dict[Cause, list[datetime]] = {}
    for cause, of_cause in seen.items():
        times.setdefault(stands_as[cause], []).extend(of_cause)
    rows = sorted(
        (fingerprint(cause), *cause[:6], cause.disposition.value, min(of_cause), max(of_cause))
        for cause, of_cause in times.items()
    )
    with connection.cursor() as sql:
        sql.execute(_ENSURE, list(map(list, zip(*rows, strict=True))))
    ids = _known(times)
    return {cause: ids[fingerprint(stands_as[cause])] for cause in seen}


def _known(causes: Iterable[Cause]) -> dict[str, int]:
    with connection.cursor() as sql:
        sql.execute(_IDS, [sorted(fingerprint(cause) for cause in causes)])
        return dict(sql.fetchall())


def _bounded(causes: Collection[Cause]) -> dict[Cause, Cause]:
    """As what each of these causes stands: itself, unless it is new and there are too many already."""
    known = _known(causes)
    fresh = [cause for cause in causes if fingerprint(cause) not in known]
    if not fresh:
        return {cause: cause for cause in causes}
    with connection.cursor() as sql:
        sql.execute(_LIVING)
        room = CAUSES_MOST - int(sql.fetchone()[0])
    if room < len(fresh):
        log.warning("There are too many causes to tell new ones apart", action="causes_bounded")
    ours = groups()
    return {cause: cause for cause in causes} | {
        cause: Cause(
            cause.group if cause.group in ours else "", cause.topic, "", TOO_MANY, "", "", cause.disposition
        )
        for cause in fresh[max(0, room) :]
    }


def clusters_count(moves: Sequence[Move]) -> None:
    """Count these moves; the last thing in a transaction, since it holds up others who count."""
    if not moves:
        return
    by_cluster: dict[int, list[Move]] = {}
    for move in moves:
        by_cluster.setdefault(move.cluster, []).append(move)
    rows = [_delta(cluster, by_cluster[cluster]) for cluster in sorted(by_cluster)]
    _add(sorted(by_cluster), rows)
    if trend := sorted(_trend(moves).items()):
        buckets = [(*bucket, count) for bucket, count in trend]
        with connection.cursor() as sql:
            sql.execute(_TREND, list(map(list, zip(*buckets, strict=True))))


def clusters_shift(shifts: Sequence[Shift]) -> None:
    """The same for letters that moved together within their clusters."""
    counts: dict[int, Counter[State]] = {}
    samples: dict[int, int] = {}
    for shift in shifts:
        here = counts.setdefault(shift.cluster, Counter())
        here[shift.after] += shift.letters
        here[shift.before] -= shift.letters
        samples.setdefault(shift.cluster, shift.sample)
    rows = [
        (cluster, 0, *(counts[cluster][state] for state in State), None, None, samples[cluster])
        for cluster in sorted(counts)
    ]
    if rows:
        _add(sorted(counts), rows)


def _add(clusters: list[int], rows: Sequence[tuple[object, ...]]) -> None:
    with connection.cursor() as sql:
        sql.execute(_LOCK, [clusters])
        sql.execute(_COUNT, list(map(list, zip(*rows, strict=True))))


def _delta(cluster: int, moves: Sequence[Move]) -> tuple[object, ...]:
    counts: Counter[State | None] = Counter()
    for move in moves:
        counts[move.after] += 1
        counts[move.before] -= 1
    times = [move.failed_at for move in moves if move.failed_at]
    states = [counts[state] for state in State]
    here = [move.letter for move in moves if move.after]
    return (
        cluster,
        sum(states),
        *states,
        min(times, default=None),
        max(times, default=None),
        here[0] if here else None,
    )


def _trend(moves: Iterable[Move]) -> Counter[tuple[int, str, datetime]]:
    counts: Counter[tuple[int, str, datetime]] = Counter()
    for move in moves:
        if move.failed_at:
            minute = move.failed_at.replace(second=0, microsecond=0)
            counts[(move.cluster, "minute", minute)] += 1
            counts[(move.cluster, "hour", minute.replace(minute=0))] += 1
    return counts
