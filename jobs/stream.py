"""A job's timeline as an event stream: `/stream/jobs/<id>`."""

from django.db.models import QuerySet

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
    """Each line is an event, its id the line's; over when the job has ended and every line was told.

    Lines of one job are written under the lock of its row, so their ids follow the order of commits.
    """

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        self._begun = False

    def fetch(self, last_id: str | None) -> Fetched:
        """Lines behind `last_id`; all that are kept, with a word, for an id that is not on the timeline."""
        status = AnalysisJob.objects.values_list("status", flat=True).filter(pk=self.job_id).first()
        if status is None:
            return Fetched([Event(None, "gone", {"detail": "The job is not kept any more."})], over=True)
        after = int(last_id) if last_id and last_id.isdecimal() and len(last_id) < 19 else 0
        all_lines = JobTransition.objects.filter(job_id=self.job_id)
        events = [] if self._begun else _told_first(all_lines, last_id, after)
        if events and last_id:
            after = 0
        self._begun = True
        lines = list(all_lines.filter(pk__gt=after).select_related("attempt").order_by("id")[:MOST])
        ended = Status(status).is_terminal and (not lines or Status(lines[-1].to_status).is_terminal)
        more = len(lines) == MOST
        return Fetched([*events, *map(_event, lines)], over=ended and not more, more=more)


def _told_first(lines: QuerySet[JobTransition], last_id: str | None, after: int) -> list[Event]:
    """What a client must know before the lines: that its position is not there, that lines were purged."""
    if last_id and not lines.filter(pk=after).exists():
        return [Event(None, "reset", {"detail": "That position is not on this timeline; all of it follows."})]
    first = lines.order_by("pk").values_list("from_status", flat=True).first()
    if not last_id and first != "":
        return [Event(None, "purged", {"detail": "The beginning of this timeline is not kept any more."})]
    return []


def _event(line: JobTransition) -> Event:
    data = TimelineSerializer(line).data
    data.pop("since_previous_seconds")
    return Event(id=str(line.pk), name=line.event, data=data)


def job_timeline(user: User, job_id: int) -> JobTimeline:
    """The timeline of a job that `user` may see. Raises NotFound."""
    if not selectors.jobs_visible_to(user).filter(pk=job_id).exists():
        raise NotFound("There is no such job.")
    return JobTimeline(job_id)
