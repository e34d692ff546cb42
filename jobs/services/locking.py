"""The jobs behind many requests, locked together."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from ..states import Status

# Ascending, as everybody who locks several: nobody can wait for another in a ring. What is read of the job is
# as of its lock; of the attempt only what never changes.
_LOCK = """
SELECT attempt.request_id, attempt.id, job.id, job.request_id, job.status, job.callback_topic, job.trace_id,
    job.created_at
FROM analysis_attempts attempt JOIN analysis_jobs job ON job.id = attempt.job_id
WHERE attempt.request_id = ANY(%s)
ORDER BY job.id, attempt.id FOR NO KEY UPDATE OF job
"""


class Locked(NamedTuple):
    """A job and one of its attempts; the row of the job is locked."""

    request_id: UUID
    attempt: int
    job: int
    current: UUID
    """The request that the job waits for."""
    status: str
    callback_topic: str
    trace_id: str
    created_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether the job still waits for just this attempt."""
        return self.current == self.request_id and not Status(self.status).is_terminal


def jobs_lock(request_ids: Iterable[UUID]) -> dict[UUID, Locked]:
    """Lock the jobs of these requests, in a transaction; answers those that are ours, by request_id."""
    with connection.cursor() as sql:
        sql.execute(_LOCK, [list(set(request_ids))])
        return {row[0]: Locked(*row) for row in sql.fetchall()}
