"""Figures about jobs: how many stand where, how fast they end. Bounded, and read through indexes.

Each figure is taken over a window of time, and over the newest `MOST` jobs of it at most, so that it costs
the same at a million jobs as at a hundred thousand; `complete` says whether the bound was reached.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from heimdall_project.accounts.models import User

from ..models import AnalysisJob
from ..states import OPEN, Status

MOST = 50_000
"""Jobs that one figure is taken over."""
MOST_POINTS = 1500
MINUTE = timedelta(minutes=1)


class JobCounts(NamedTuple):
    """How many jobs, in three groupings."""

    since: datetime
    until: datetime
    total: int
    by_status: dict[str, int]
    """Every state is there, with 0 too."""
    by_failure_class: dict[str, int]
    by_service: dict[str, int]
    """The most frequent first."""
    complete: bool
    """False: the window holds more than `MOST` jobs, and only the newest are counted."""
    open: dict[str, int]
    """Jobs that have not ended, by state, of any age; counted up to `MOST` each."""
    oldest_open_at: datetime | None


class Throughput(NamedTuple):
    """One step of time: what came, what ended, and how long it had taken from request to end."""

    at: datetime
    submitted: int
    succeeded: int
    failed: int
    cancelled: int
    p50_seconds: float | None
    """Of those that succeeded or failed; None where there are none."""
    p95_seconds: float | None


def job_counts(*, user: User, since: datetime, until: datetime | None = None) -> JobCounts:
    """Counts over the jobs that `user` may see and that were accepted in the window."""
    until = until or datetime.now(UTC)
    rows = _select(_COUNTS, user, since, until)
    groups: Mapping[str, dict[str, int]] = {"status": {}, "failure": {}, "service": {}}
    for kind, name, number in rows:
        groups[kind][name] = number
    counted = groups["status"]
    total = sum(counted.values())
    standing = _open(user)
    return JobCounts(
        since=since,
        until=until,
        total=total,
        by_status={status.value: counted.get(status.value, 0) for status in Status},
        by_failure_class=_sorted(groups["failure"]),
        by_service=_sorted(groups["service"]),
        complete=total < MOST,
        open={status: number for status, number, _ in standing},
        oldest_open_at=min((at for _, _, at in standing if at is not None), default=None),
    )


def job_throughput(
    *, user: User, since: datetime, until: datetime | None = None, step: timedelta = MINUTE
) -> list[Throughput]:
    """The window in steps, oldest first, silent ones too.

    Taken over the newest `MOST` jobs that came, and the newest `MOST` that ended. Raises ValueError for
    more than `MOST_POINTS` steps.
    """
    until = until or datetime.now(UTC)
    if (until - since) / step > MOST_POINTS:
        raise ValueError("too many steps")
    first = _floor(since, step)
    came = dict(_select(_CAME, user, since, until, step=step))
    ended = {at: rest for at, *rest in _select(_ENDED, user, since, until, step=step)}
    points = []
    while first < until:
        facts = ended.get(first, (0, 0, 0, None, None))
        points.append(Throughput(first, came.get(first, 0), *facts))
        first += step
    return points


EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""Steps are counted from here, so that each request of a page cuts time in the same places."""


def _floor(at: datetime, step: timedelta) -> datetime:
    return at - (at - EPOCH) % step


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _open(user: User) -> list[tuple[str, int, datetime | None]]:
    return [
        (status, number, oldest)
        for status, number, oldest in _select(_OPEN, user, statuses=sorted(status.value for status in OPEN))
    ]


def _select(
    statement: str, user: User, since: datetime | None = None, until: datetime | None = None, **more: Any
) -> list[tuple[Any, ...]]:
    everything = user.has_perm("jobs.view_analysisjob")
    values = {"since": since, "until": until, "most": MOST, "owner": user.pk, "epoch": EPOCH} | more
    jobs = AnalysisJob._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(jobs=jobs, owned="" if everything else "AND owner_id = %(owner)s"), values
        )
        return list(cursor.fetchall())


# The service's name is fetched by key for each job: a join would read all log entries, texts included.
_COUNTS = """
WITH newest AS MATERIALIZED (
    SELECT status, failure_class, log_entry_id FROM {jobs}
    WHERE created_at >= %(since)s AND created_at < %(until)s {owned}
    ORDER BY created_at DESC, id DESC LIMIT %(most)s
), services AS (
    SELECT (SELECT service_name FROM log_entries WHERE id = log_entry_id) AS name FROM newest
)
SELECT 'status', status, count(*) FROM newest GROUP BY status
UNION ALL
SELECT 'failure', failure_class, count(*) FROM newest WHERE failure_class <> '' GROUP BY failure_class
UNION ALL
(SELECT 'service', name, count(*) FROM services GROUP BY name ORDER BY count(*) DESC, name LIMIT 100)
"""
_OPEN = """
SELECT name, number, (
    SELECT created_at FROM {jobs} WHERE status = name {owned} ORDER BY created_at, id LIMIT 1
) FROM unnest(%(statuses)s::text[]) AS statuses (name), LATERAL (
    SELECT count(*) AS number FROM (
        SELECT FROM {jobs} WHERE status = name {owned} ORDER BY created_at, id LIMIT %(most)s
    ) AS few
) AS counted
"""
_CAME = """
SELECT date_bin(%(step)s, created_at, %(epoch)s) AS at, count(*) FROM (
    SELECT created_at FROM {jobs} WHERE created_at >= %(since)s AND created_at < %(until)s {owned}
    ORDER BY created_at DESC, id DESC LIMIT %(most)s
) AS newest GROUP BY at
"""
_ENDED = """
SELECT date_bin(%(step)s, finished_at, %(epoch)s) AS at,
    count(*) FILTER (WHERE status = 'SUCCEEDED'), count(*) FILTER (WHERE status = 'FAILED'),
    count(*) FILTER (WHERE status = 'CANCELLED'),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE status <> 'CANCELLED'),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE status <> 'CANCELLED')
FROM (
    SELECT finished_at, status, extract(epoch FROM finished_at - created_at)::float8 AS seconds FROM {jobs}
    WHERE finished_at >= %(since)s AND finished_at < %(until)s {owned}
    ORDER BY finished_at DESC LIMIT %(most)s
) AS newest GROUP BY at
"""
