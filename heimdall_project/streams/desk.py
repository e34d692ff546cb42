"""What the poll loop has done aside, one thing at a time: dead letters, and the ledger.

Both block (the broker's acknowledgement, the database), so they run in a thread of their own; the loop
looks in each turn. Offsets are committed from the loop's thread, after the ledger: the client lets in one
call at a time, and one that polls keeps other threads out. An outage is waited out with backoff; a dead
letter that is not acknowledged is fatal.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from random import Random

from django.db import close_old_connections

from ..errors import DeadLetterUnavailable, DeliveryFailed, StopOnPurpose, TransientError
from ..observability import metrics
from ..observability.crash import crash_point
from ..observability.logging import get_logger
from . import dead_letters, redrive
from .books import Books, RedriveEnd, recreated
from .consumer import KafkaConsumer
from .dead_letters import Failure, SkippedByOperator
from .flood import Window
from .offsets import Progress, Span
from .outcomes import DEAD_LETTERED
from .ports import Clock, Consumer, Producer
from .records import Partition
from .retry import OUTAGE

log = get_logger(__name__)
ANSWER = 60.0
"""Seconds after which a commit without an answer is repeated."""


@dataclass(slots=True)
class _Settlement:
    """Finished spans on their way: into the ledger, then committed."""

    spans: Sequence[Span]
    work: Future[None]
    counted_at: float | None = None
    """Monotonic time since when the ledger has them, and `work` is the broker's answer to the commit."""


class Desk:
    """Side work of one runner."""

    def __init__(
        self,
        consumer: KafkaConsumer,
        *,
        producer: Producer,
        books: Books,
        broker: Consumer,
        pool: Executor,
        clock: Clock,
    ) -> None:
        self._name, self._group = consumer.name, consumer.group()
        self._producer = producer
        self._books = books
        self._broker = broker
        self._pool = pool
        self._clock = clock
        self._draw = Random()  # noqa: S311 - jitter
        self._burial: tuple[Future[None], Sequence[Failure]] | None = None
        self._settlement: _Settlement | None = None
        self._unnoted: tuple[float, Sequence[Failure]] | None = None
        self._outages = 0
        self._not_before = 0.0
        self.topic_ids: dict[str, str] = {}
        self.last_commit_at: float | None = None

    # --- asking -----------------------------------------------------------------------------------------

    @property
    def is_burying(self) -> bool:
        """Whether dead letters are under way."""
        return self._burial is not None or self._unnoted is not None

    @property
    def is_settling(self) -> bool:
        """Whether a settlement is under way, or waits out an outage."""
        return self._settlement is not None or self._clock.monotonic() < self._not_before

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way."""
        return self._settlement is not None or self.is_burying

    @property
    def is_at_work(self) -> bool:
        """Whether the pool is, so that waiting (and not polling) may help."""
        return bool(self._work())

    def bury(self, failures: Sequence[Failure]) -> None:
        """Write these dead letters."""
        self._burial = (self._pool.submit(self._bury, list(failures)), list(failures))

    def settle(self, spans: Sequence[Span], window: Window) -> None:
        """Add these spans to the ledger, then commit them."""
        self._settlement = _Settlement(spans, self._pool.submit(self._count, spans, window))

    def gather(self, progress: Progress) -> None:
        """Take back what is done and tell `progress`. Raises DeadLetterUnavailable and StopOnPurpose."""
        if self._settlement:
            self._go_on(self._settlement, progress)
        if self._unnoted and self._clock.monotonic() >= self._unnoted[0]:
            again, self._unnoted = self._unnoted[1], None
            self._burial = (self._pool.submit(self._note, again), again)
        if self._burial and self._burial[0].done():
            self._end_burial(progress)

    def wait(self, timeout: float) -> None:
        """Wait for what the pool is at."""
        wait(self._work(), timeout=timeout)

    def _work(self) -> list[Future[None]]:
        work = [self._burial[0]] if self._burial else []
        if self._settlement and self._settlement.counted_at is None:
            work.append(self._settlement.work)
        return work

    def finish(self, deadline: float, progress: Progress) -> None:
        """Wait until `deadline` for what the pool is at, and take it back.

        A settlement is given up, unless the database hangs in it: `settle_now` does it again. The answer to
        its commit could not come, since that takes a poll.
        """
        self.wait(max(0.0, deadline - self._clock.monotonic()))
        job = self._settlement
        if job and (job.counted_at is not None or job.work.done()):
            self._settlement = None
        if self._burial and self._burial[0].done():
            self._end_burial(progress)

    def settle_now(self, spans: Sequence[Span], window: Window, progress: Progress, deadline: float) -> None:
        """Settle before going on, until `deadline` at most. An outage leaves the spans uncommitted."""
        if not spans or self._settlement is not None:
            return
        self.settle(spans, window)
        self.wait(max(0.0, deadline - self._clock.monotonic()))
        job = self._settlement
        if job is None or not job.work.done():
            return
        self._settlement = None
        try:
            job.work.result()
            self._broker.commit(_ends(job.spans))
        except TransientError as error:
            self._not_settled(error)
        else:
            self._settled(job.spans, progress)

    def forget(self, gone: Collection[Partition]) -> None:
        """These partitions went away: what is under way for them says nothing to a later assignment."""
        if self._burial:
            self._burial = (self._burial[0], [f for f in self._burial[1] if f.record.place not in gone])
        if self._unnoted:
            self._unnoted = (self._unnoted[0], [f for f in self._unnoted[1] if f.record.place not in gone])
        if self._settlement:
            self._settlement.spans = [s for s in self._settlement.spans if s.place not in gone]

    def close(self) -> None:
        """Give up the producer."""
        self._producer.close()

    # --- taking back ------------------------------------------------------------------------------------

    def _go_on(self, job: _Settlement, progress: Progress) -> None:
        """What is counted may be committed; what is committed is settled."""
        now = self._clock.monotonic()
        try:
            if job.work.done():
                job.work.result()
            elif job.counted_at is None or now - job.counted_at < ANSWER:
                return
            else:
                raise TransientError("kafka", f"no answer to a commit within {ANSWER:.0f} s")
        except TransientError as error:
            self._settlement = None
            self._not_settled(error)
            return
        if job.counted_at is None and job.spans:
            job.counted_at, job.work = now, self._broker.commit_soon(_ends(job.spans))
            return
        self._settlement = None
        if job.spans:
            self._settled(job.spans, progress)

    def _not_settled(self, error: TransientError) -> None:
        self._outages += 1
        self._not_before = self._clock.monotonic() + OUTAGE.delay(self._outages, self._draw)
        log.warning("Could not settle; it is tried again.", action="settle_waits", error=str(error))

    def _settled(self, spans: Sequence[Span], progress: Progress) -> None:
        self._outages = 0
        progress.settled(spans)
        self.last_commit_at = self._clock.now()
        metrics.LAST_COMMIT.labels(self._name).set(self.last_commit_at)
        for span in spans:
            for run in span.runs:
                metrics.RECORDS.labels(self._name, span.place.topic, *run.verdict).inc(
                    run.last - run.first + 1
                )

    def _end_burial(self, progress: Progress) -> None:
        if self._burial is None:
            return
        (future, failures), self._burial = self._burial, None
        try:
            future.result()
        except TransientError as error:
            log.warning("Could not note dead letters; tried again.", action="bury_waits", error=str(error))
            self._unnoted = (self._clock.monotonic() + OUTAGE.delay(1, self._draw), failures)
            return
        for failure in failures:
            progress.finish(failure.record.place, {failure.record.offset: DEAD_LETTERED})

    # --- doing (in the pool) ----------------------------------------------------------------------------

    def _bury(self, failures: Sequence[Failure]) -> None:
        letters = [dead_letters.build(f, worker=self._name, group=self._group) for f in failures]
        answers = self._producer.publish(letters)
        refused = [answer for answer in answers if isinstance(answer, DeliveryFailed)]
        if refused:
            raise DeadLetterUnavailable(
                f"{len(refused)} of {len(letters)} dead letters for {letters[0].topic} were not "
                f"acknowledged: {refused[0]}"
            )
        for failure, letter in zip(failures, letters, strict=True):
            metrics.DEAD_LETTERS.labels(self._name, letter.topic, failure.disposition).inc()
        crash_point("runner.after_dead_letter")
        self._note(failures)

    def _note(self, failures: Sequence[Failure]) -> None:
        """Write down what dead letters mean to others. Repeated by itself: the letters are out already."""
        close_old_connections()
        ends = [
            RedriveEnd(addressed.redrive.redrive_id, f.record, "failed", type(f.error).__qualname__[:100])
            for f in failures
            if (addressed := redrive.read(f.record)) is not None and addressed.group == self._group
        ]
        if ends:
            self._books.redrives_ended(self._group, ends)
        if skipped := [f.record for f in failures if isinstance(f.error, SkippedByOperator)]:
            self._books.skipped(self._name, skipped)

    def _count(self, spans: Sequence[Span], window: Window) -> None:
        close_old_connections()
        self._refuse_recreated({span.place.topic for span in spans})
        self._books.settle(self._group, spans, topic_ids=self.topic_ids, window=window)
        crash_point("runner.after_ledger")

    def _refuse_recreated(self, names: Collection[str]) -> None:
        """A topic deleted and made anew is not announced: the client reads on at the old offset in it."""
        for name, current in self._broker.topic_ids(sorted(names)).items():
            if recreated(self.topic_ids.get(name, ""), current):
                raise StopOnPurpose(f"{name}: the topic was recreated; its offsets mean other records now")


def _ends(spans: Sequence[Span]) -> dict[Partition, int]:
    """Offsets to commit."""
    return {span.place: span.end for span in spans}
