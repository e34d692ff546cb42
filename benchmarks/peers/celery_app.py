"""Celery with a Redis broker: acknowledged late, results not kept."""

from celery import Celery

from . import work

app = Celery("bench", broker=work.REDIS)
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=16,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


@app.task(name="mark")
def mark(job_id: int) -> None:
    """The row update."""
    work.mark(job_id)


if __name__ == "__main__":
    work.enqueue(mark.delay)
