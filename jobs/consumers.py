"""Workers and hooks of jobs."""

import time
from collections.abc import Sequence
from threading import Event

from heimdall_project.accounts.models import User
from heimdall_project.events.jobs import AnalysisCompleted
from heimdall_project.observability.crash import crash_point
from heimdall_project.streams import topics
from heimdall_project.streams.consumer import Batch, BatchConsumer, BatchPolicy, Loop
from heimdall_project.streams.outcomes import DUPLICATE, STORED, Rule, dropped
from heimdall_project.streams.publish_hooks import Published, on_published
from heimdall_project.streams.redrive import Letter, redrive_target
from heimdall_project.streams.registry import register
from heimdall_project.streams.topics import Topic

from .services import (
    PURGE_ROWS,
    Applied,
    Hop,
    jobs_mark_published,
    jobs_measure,
    jobs_sweep,
    letter_is_ours,
    letter_redrive,
    letter_state,
    letters_came_of,
    purge,
    results_apply,
)

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
class JobResults(BatchConsumer[AnalysisCompleted]):
    """Ends jobs by the results that answer them.

    Idempotent by request_id: an ended job stays as it is, whatever comes again or late.
    """

    name = "job-results"
    topic = tuple(topics.result_topics())
    event = AnalysisCompleted
    # Due at once: a batch is what came while the one before was applied.
    batch = BatchPolicy(records=500, seconds=0.0)
    is_atomic = True

    def handle(self, batch: Batch[AnalysisCompleted]) -> None:
        """Apply results, all in one transaction."""
        hops = map(Hop.of, batch.records)
        applied = results_apply(results=list(zip(batch.events, hops, strict=True)))
        for record, what in zip(batch.records, applied, strict=True):
            crash_point("results.after_apply")
            batch.settle(record, VERDICTS[what])


@register
class JobSweeper(Loop):
    """Gives jobs of silent workers to others, ends those nobody claims, and deletes what is old.

    Idempotent by the row of each job: whatever it does is compared and set under its lock, so several
    sweepers may run.
    """

    name = "job-sweeper"
    interval = 1.0
    purge_every = 60.0
    """Seconds between two purges."""
    measure_every = 5.0
    """Seconds between two looks at how many jobs stand where."""

    def __init__(self) -> None:
        self._purge_at = self._measure_at = 0.0

    def step(self, stop: Event) -> bool:
        """One bounded sweep of each kind; True if there is more. Now and then a bounded purge."""
        more, now = jobs_sweep(), time.monotonic()
        if now >= self._measure_at:
            self._measure_at = now + self.measure_every
            jobs_measure()
        if not more and now >= self._purge_at:
            self._purge_at = now + self.purge_every
            if any(rows >= PURGE_ROWS for rows in purge().values()):
                self._purge_at = now + self.interval
        return more


@redrive_target(Topic.ANALYSIS_REQUEST)
class JobAttempts:
    """Sends requests of our jobs again as new attempts; of dead results a job still waits for the record."""

    def takes(self, letter: Letter) -> bool:
        """Whether a job of ours made the request, and does not wait for this very record."""
        return letter_is_ours(value=letter.value)

    def redrive(self, letter: Letter, *, redrive_id: str, actor: User, reason: str) -> str:
        """Begin the attempt, once for each redrive; answers its id."""
        return letter_redrive(value=letter.value, actor=actor, reason=reason, redrive_id=redrive_id)

    def state(self, reference: str) -> str:
        """What became of the attempt."""
        return letter_state(reference=reference)

    def came_of(self, letters: Sequence[Letter]) -> list[str]:
        """The redrives whose attempts, or retries in their place, failed on these requests."""
        return letters_came_of(values=[letter.value for letter in letters])
