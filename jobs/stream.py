"""A job's timeline as an event stream: `/stream/jobs/<id>`."""

from heimdall_project.accounts.models import User
from heimdall_project.api.stream import Event, Feed, Fetched
from heimdall_project.errors import NotFound

from . import selectors
from .models import AnalysisJob, JobTransition
from .serializers import TimelineSerializer
from .states import Status

ROUTE = "jobs/<int:job_id>"
MOST = 500
"""Lines one look brings."""


class JobTimeline(Feed):
    """Each line is an event, its id the line's; over when the job has ended and every line was told."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id

    def fetch(self, last_id: str | None) -> Fetched:
        """Lines behind `last_id`; all of them for an id that is none of ours."""
        status = AnalysisJob.objects.values_list("status", flat=True).get(pk=self.job_id)
        after = int(last_id) if last_id and last_id.isdecimal() and len(last_id) < 19 else 0
        lines = list(
            JobTransition.objects.filter(job_id=self.job_id, pk__gt=after)
            .select_related("attempt")
            .order_by("id")[:MOST]
        )
        return Fetched([_event(line) for line in lines], Status(status).is_terminal and len(lines) < MOST)


def _event(line: JobTransition) -> Event:
    data = TimelineSerializer(line).data
    data.pop("since_previous_seconds")
    return Event(id=str(line.pk), name=line.event, data=data)


def job_timeline(user: User, job_id: int) -> JobTimeline:
    """The timeline of a job that `user` may see. Raises NotFound."""
    if not selectors.jobs_visible_to(user).filter(pk=job_id).exists():
        raise NotFound("There is no such job.")
    return JobTimeline(job_id)
