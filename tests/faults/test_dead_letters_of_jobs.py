"""Dead letters of jobs are sent again as new attempts, on real processes: one row, one trail of acts."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from dlq_admin.consumers import DlqIndexer
from dlq_admin.models import BatchItem, DeadLetter, RedriveBatch
from dlq_admin.services import Pace, batch_approve, batch_propose
from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.streams.topics import Topic
from jobs.models import AnalysisAttempt, AnalysisJob
from jobs.services import LogDraft
from tests.factories import make_job
from tests.people import People
from tests.probe_workers.harness import RunConsumer, eventually

from .test_jobs import RELAY, RESULTS, WORKER, status
from .world import World, ended

INDEXER, REDRIVER = "dlq-indexer", "dlq-redriver"
LOOP = (RELAY, RESULTS, INDEXER)
KILLED = 137
QUICK = {
    "KAFKA_SESSION_TIMEOUT": "3",
    "JOB_RETRY_BACKOFF": "0.1",
    "JOB_ATTEMPTS": "1",
    "OUTBOX_LEASE": "2",
    "DEBUG": "true",
}
type Run = Callable[..., AbstractContextManager[RunConsumer]]


@pytest.fixture
def run(world: World) -> Run:
    """Starts workers of the product in this world, with an engine that breaks until it is repaired."""
    world.create(Topic.ANALYSIS_RESULT, *DlqIndexer.topics())

    def start(*workers: str, **environment: str) -> AbstractContextManager[RunConsumer]:
        own = {"DJANGO_SETTINGS_MODULE": "tests.probe_jobs.settings"}
        return world.run(*workers, **(own | QUICK | environment))

    return start


def broken(owner: User) -> AnalysisJob:
    """A job whose analysis breaks."""
    return make_job(owner, log=LogDraft(content="break ERROR", service_name="s", environment="e"))


def sent_again(people: People) -> RedriveBatch:
    """All letters in a batch, proposed by one and approved by another."""
    ids = list(DeadLetter.objects.values_list("pk", flat=True))
    batch = batch_propose(
        letter_ids=ids, actor=people.omar, reason="the engine is repaired", pace=Pace(most_failures=1.0)
    )
    return batch_approve(batch_id=batch.pk, actor=people.ada, reason="seen", set_hash=batch.set_hash)


def await_done(batch: RedriveBatch) -> None:
    eventually(lambda: RedriveBatch.objects.filter(pk=batch.pk, state="DONE").exists(), "the batch")


def test_a_failed_job_is_sent_again_until_it_succeeds_and_its_letter_stays_one(
    run: Run, people: People
) -> None:
    job = broken(people.omar)
    with run(*LOOP, REDRIVER), run(WORKER) as worker:
        eventually(lambda: status(job) == "FAILED" and DeadLetter.objects.count() == 1, "the failure")
        await_done(sent_again(people))
        assert status(job) == "FAILED"
        again = DeadLetter.objects.filter(state="FAILED_AGAIN", attempt=2).exclude(failed_redrive_id="")
        eventually(again.exists, "the second letter of the job at the row of the first")
        worker.leave("repaired")
        await_done(sent_again(people))
    row = DeadLetter.objects.get()
    assert (status(job), row.state, row.attempt) == ("SUCCEEDED", "RESOLVED", 2)
    assert list(BatchItem.objects.order_by("pk").values_list("state", flat=True)) == ["FAILED", "RESOLVED"]
    attempts = AnalysisAttempt.objects.order_by("number")
    redrives = list(BatchItem.objects.order_by("pk").values_list("redrive_id", flat=True))
    assert list(attempts.values_list("redrive_id", flat=True)) == ["", *redrives]
    acts = [(act.actor, act.action, act.state) for act in AuditEvent.objects.acts().order_by("id")]
    once = [("omar", "dlq.propose", "ok"), ("ada", "dlq.approve", "ok"), ("omar", "job.redrive", "ok")]
    assert acts == once * 2


def test_a_redriver_killed_between_attempt_and_mark_begins_no_second_attempt(
    run: Run, people: People
) -> None:
    jobs = [broken(people.omar) for _ in range(3)]
    with run(*LOOP), run(WORKER) as worker:
        eventually(lambda: DeadLetter.objects.count() == 3, "three letters")
        worker.leave("repaired")
        batch = sent_again(people)
        with run(REDRIVER, HEIMDALL_CRASH_AT="dlq.after_target") as killed:
            ended(killed, KILLED)
        with run(REDRIVER):
            await_done(batch)
    assert {status(job) for job in jobs} == {"SUCCEEDED"}
    assert set(DeadLetter.objects.values_list("state", flat=True)) == {"RESOLVED"}
    assert AnalysisAttempt.objects.count() == 6
