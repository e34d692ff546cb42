"""Leases of attempts that a worker has in hand.

A claim is a lease: the attempt names its worker and the time at which the claim lapses. The worker renews
what it has in hand, all of it in one statement, and learns by the same answer what nobody waits for any more:
jobs that were cancelled or ended otherwise, attempts that were replaced or are in other hands now.

No lock of a job is taken here. A lease that lapses in the same moment is decided by the row of the attempt:
whoever gives an attempt up compares its lease in the statement that does so.
"""

from collections.abc import Collection
from uuid import UUID

from django.conf import settings
from django.db import connection

from ..states import OPEN

_WANTED = """
SELECT attempt.id, attempt.request_id FROM analysis_attempts attempt
JOIN analysis_jobs job ON job.id = attempt.job_id AND job.request_id = attempt.request_id
WHERE attempt.request_id = ANY(%(request_ids)s) AND attempt.worker = %(worker)s
  AND attempt.finished_at IS NULL AND job.status = ANY(%(open)s)
"""
# A row that is locked is being finished or given up right now: it is answered as wanted, and not waited for,
# so that this statement can be part of no deadlock.
_RENEW = f"""
WITH wanted AS ({_WANTED}),
free AS (
    SELECT id FROM analysis_attempts
    WHERE id IN (SELECT id FROM wanted) AND worker = %(worker)s AND finished_at IS NULL
    FOR NO KEY UPDATE SKIP LOCKED
),
renewed AS (
    UPDATE analysis_attempts SET lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s)
    WHERE id IN (SELECT id FROM free)
)
SELECT id, request_id FROM wanted
"""  # noqa: S608 - both parts are constants


def leases_renew(*, request_ids: Collection[UUID], worker: str) -> set[UUID]:
    """Renew the leases that `worker` holds on these attempts; answers those that somebody still waits for."""
    return _ask(_RENEW, request_ids, worker)


def attempts_wanted(*, request_ids: Collection[UUID], worker: str) -> set[UUID]:
    """The same answer without renewing anything: cheap enough to be asked every second."""
    return _ask(_WANTED, request_ids, worker)


def _ask(statement: str, request_ids: Collection[UUID], worker: str) -> set[UUID]:
    lease: float = settings.JOB_LEASE
    with connection.cursor() as sql:
        sql.execute(
            statement,
            {"request_ids": list(request_ids), "worker": worker, "lease": lease, "open": sorted(OPEN)},
        )
        return {request_id for _, request_id in sql.fetchall()}
