"""What may happen while letters are sent again, on real processes: rights and topics go, workers die."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dlq_admin.models import BatchItem, DeadLetter, RedriveBatch
from heimdall_project.accounts.models import User
from heimdall_project.errors import InvalidMessage
from heimdall_project.streams import broker
from heimdall_project.streams.dead_letters import Failure, build
from heimdall_project.streams.models import RedriveOutcome, WorkerProcess
from heimdall_project.streams.records import Record
from tests.probe_workers.harness import eventually

from .test_dead_letters_redriven import (
    INDEXER,
    KILLED,
    NAMES,
    QUICK,
    REDRIVER,
    WORKER,
    approved,
    lettered,
    probe,
)
from .world import DEAD, TOPIC, World, ended, repeats

__all__ = ["probe"]
LEASE = {"OUTBOX_LEASE": "2", **QUICK}
pytestmark = pytest.mark.usefixtures("probe")


def state_of(batch: RedriveBatch) -> str:
    return RedriveBatch.objects.values_list("state", flat=True).get(pk=batch.pk)


def seems_to_run() -> None:
    """By the registry the worker runs, so that letters are sent though nobody handles them yet."""
    alive = {"state": "running", "host": "h", "pid": 1, "heartbeat_at": timezone.now() + timedelta(days=1)}
    WorkerProcess.objects.create(id="absent", worker=WORKER, **alive)


def test_a_worker_killed_between_an_outcome_and_its_offset_handles_no_letter_twice(world: World) -> None:
    batch = approved(lettered(world))
    with world.run(REDRIVER, **LEASE):
        with world.run(WORKER, HEIMDALL_CRASH_AT="runner.after_ledger", **QUICK) as killed:
            ended(killed, KILLED)
        assert RedriveOutcome.objects.filter(status="ok").exists() and not world.is_through(WORKER)
        with world.run(WORKER, **QUICK):
            eventually(lambda: state_of(batch) == "DONE")
    assert set(DeadLetter.objects.values_list("state", flat=True)) == {"RESOLVED"}
    assert world.stored(WORKER) == set(NAMES) and repeats(world.calls(WORKER)) == {}


def test_an_approver_who_loses_the_right_stops_the_batch_and_what_arrives_meanwhile_is_not_in_it(
    world: World,
) -> None:
    batch = approved(lettered(world), rate=2.0)
    record = Record(TOPIC, 0, 10_000, 1_795_262_400_000, b"key", b'{"id":"late"}', [])
    late = build(Failure(record, InvalidMessage("x"), 1, 1.8e9), worker=WORKER, group=world.group(WORKER))
    with world.run(WORKER, REDRIVER, INDEXER, **LEASE):
        eventually(lambda: DeadLetter.objects.filter(state="RESOLVED").count() >= 3, "the canary")
        world.produce(late.value, key=late.key, headers=late.headers, topic=DEAD)
        eventually(lambda: DeadLetter.objects.filter(offset=10_000).exists(), "the late letter")
        User.objects.filter(username="other").update(is_superuser=False)
        eventually(lambda: state_of(batch) == "STOPPED", "the stop")
        eventually(lambda: not BatchItem.objects.filter(state__in=["SENDING", "PUBLISHED"]).exists())
    sent = DeadLetter.objects.filter(state="RESOLVED").count()
    assert 3 <= sent < len(NAMES) and len(world.stored(WORKER)) == sent
    assert DeadLetter.objects.get(offset=10_000).state == "PENDING"
    assert "may not approve any more" in RedriveBatch.objects.get(pk=batch.pk).note


def test_letters_wait_for_a_topic_that_is_gone_and_are_sent_when_it_is_back(world: World) -> None:
    batch = approved(lettered(world))
    broker.admin().delete([TOPIC])
    seems_to_run()
    with world.run(REDRIVER, **LEASE):
        held = RedriveBatch.objects.filter(pk=batch.pk, note__contains="were not acknowledged")
        eventually(held.exists, "a note of what holds it up")
        assert set(DeadLetter.objects.values_list("state", flat=True)) == {"APPROVED", "REPROCESSING"}
        world.create(TOPIC)
        with world.run(WORKER, **QUICK):
            eventually(lambda: state_of(batch) == "DONE")
    assert world.stored(WORKER) == set(NAMES) and repeats(world.calls(WORKER)) == {}
