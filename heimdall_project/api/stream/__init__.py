"""Server-sent events: what products need to offer one.

A product writes a `Feed` (or any `Source`), and registers it in its `AppConfig.ready`:

    stream.register("jobs/<int:job_id>", job_timeline)   # GET /stream/jobs/17

    def job_timeline(user: User, job_id: int) -> Feed:   # runs in a thread: may use the ORM
        job = selectors.job_for(user, job_id)            # raises NotFound or Forbidden: a problem
        return JobTimeline(job.id)

The door that serves them is `heimdall_project.asgi`.
"""

from .address import public_url
from .events import Event
from .feed import Feed, Fetched, Source
from .routes import Factory, register

__all__ = ["Event", "Factory", "Feed", "Fetched", "Source", "public_url", "register"]
