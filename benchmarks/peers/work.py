"""What every peer's task does: mark the row of a job SUCCEEDED. And enqueueing, at full speed or a rate."""

import os
import sys
import threading
import time
from collections.abc import Callable

import psycopg

DATABASE, REDIS = os.environ["DATABASE_URL"], os.environ.get("BENCH_REDIS", "")
# Compare and set, with a result, as a worker of any queue would have to write it.
_MARK = """
UPDATE analysis_jobs SET status = 'SUCCEEDED', result = '{"summary": "nothing"}', model = 'noop/1',
    finished_at = clock_timestamp(), updated_at = now()
WHERE id = %s AND status IN ('PENDING', 'QUEUED', 'RUNNING')
"""
_own = threading.local()


def mark(job_id: int) -> None:
    """The task. One connection a thread, each update a transaction."""
    if (connection := getattr(_own, "connection", None)) is None:
        connection = _own.connection = psycopg.connect(DATABASE, autocommit=True)
    connection.execute(_MARK, [job_id])


def enqueue(send: Callable[[int], object]) -> None:
    """Send the jobs `first..first+count-1`, at `rate` a second if it is given; print when each was sent."""
    first, count, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    begun = time.time()
    for number in range(count):
        if rate:
            time.sleep(max(0.0, begun + number / rate - time.time()))
            print(first + number, time.time())
        send(first + number)
    if not rate:
        print(count / (time.time() - begun))
