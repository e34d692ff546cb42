"""Workers and hooks of jobs."""

from collections.abc import Sequence
from threading import Event

from heimdall_project.events.jobs import AnalysisCompleted
from heimdall_project.observability.crash import crash_point
from heimdall_project.streams import topics
from heimdall_project.streams.consumer import Delivery, Loop, RecordConsumer
from heimdall_project.streams.outcomes import DUPLICATE, STORED, Rule, Verdict, dropped
from heimdall_project.streams.publish_hooks import Published, on_published
from heimdall_project.streams.registry import register
from heimdall_project.streams.topics import Topic

from .services import Applied, Hop, jobs_mark_published, jobs_sweep, result_apply

VERDICTS = {
    Applied.ENDED_JOB: STORED,
    Applied.DUPLICATE: DUPLICATE,
    Applied.LATE: dropped(Rule.LATE),
    Applied.FOREIGN: dropped(Rule.FOREIGN),
}


@on_published(Topic.ANALYSIS_REQUEST)
def mark_queued(rows: Sequence[Published]) -> None:
    """The broker has the request: PENDING becomes QUEUED."""
    jobs_mark_published(published=rows)


@register
class JobResults(RecordConsumer[AnalysisCompleted]):
    """Ends jobs by the results that answer them.

    Idempotent by request_id: an ended job stays as it is, whatever comes again or late.
    """

    name = "job-results"
    topic = tuple(topics.result_topics())
    event = AnalysisCompleted

    def handle(self, delivery: Delivery[AnalysisCompleted]) -> Verdict:
        """Apply one result."""
        applied = result_apply(event=delivery.event, hop=Hop.of(delivery.record))
        crash_point("results.after_apply")
        return VERDICTS[applied]


@register
class JobSweeper(Loop):
    """Gives jobs of silent workers to others, ends those nobody claims, and deletes what is old.

    Idempotent by the row of each job: whatever it does is compared and set under its lock, so several
    sweepers may run.
    """

    name = "job-sweeper"
    interval = 1.0

    def step(self, stop: Event) -> bool:
        """One bounded sweep of each kind; True if there is more."""
        return jobs_sweep()
