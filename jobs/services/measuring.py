"""How many jobs stand where, as gauges. Measured now and then by the sweeper, never by who moves a job."""

from django.db import connection

from heimdall_project.observability import metrics

from ..states import OPEN

MOST = 10_000
"""Jobs of a state that are counted; more are shown as so many."""
_OPEN = """
SELECT state, (
    SELECT count(*) FROM (
        SELECT FROM analysis_jobs WHERE status = state LIMIT %(most)s
    ) AS bounded
), coalesce(extract(epoch FROM clock_timestamp() - (
    SELECT created_at FROM analysis_jobs WHERE status = state ORDER BY created_at, id LIMIT 1
)), 0)::float8
FROM unnest(%(states)s::text[]) AS state
"""


def jobs_measure() -> None:
    """Set the gauges of open jobs. Reads `MOST` entries of an index for each state."""
    with connection.cursor() as sql:
        sql.execute(_OPEN, {"states": sorted(OPEN), "most": MOST})
        for state, number, oldest in sql.fetchall():
            metrics.JOBS_OPEN.labels(state).set(number)
            metrics.JOBS_OLDEST.labels(state).set(oldest)
