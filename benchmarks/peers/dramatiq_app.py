"""dramatiq with a Redis broker."""

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from . import work

dramatiq.set_broker(RedisBroker(url=work.REDIS))


@dramatiq.actor(actor_name="mark")
def mark(job_id: int) -> None:
    """The row update."""
    work.mark(job_id)


if __name__ == "__main__":
    work.enqueue(mark.send)
