"""Dead letters are sent again through real Kafka, though the redriver is killed on the way."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from dlq_admin.consumers import DlqIndexer
from dlq_admin.models import BatchItem, DeadLetter, RedriveBatch
from dlq_admin.services import Pace, batch_approve, batch_propose, letters_index
from heimdall_project.accounts.models import User
from heimdall_project.errors import InvalidMessage
from heimdall_project.streams import registry
from heimdall_project.streams.dead_letters import Failure, build
from heimdall_project.streams.records import Record
from tests.probe_workers.harness import eventually

from .world import DEAD, TOPIC, World, ended, repeats

WORKER, INDEXER, REDRIVER = "probe-record", "dlq-indexer", "dlq-redriver"
KILLED = 137
QUICK = {"KAFKA_SESSION_TIMEOUT": "2", "DEBUG": "true"}
STEPS = ("dlq.after_claim", "dlq.after_publish", "dlq.after_mark", "dlq.after_end")
NAMES = [f"n{number}" for number in range(40)]


@pytest.fixture
def probe() -> Iterator[None]:
    """The worker of the test is known in this process too: only whom somebody consumes for can be sent to."""
    from tests.probe_consumers import consumers

    mine = [each for each in vars(consumers).values() if getattr(each, "name", None) == WORKER]
    for each in registry.workers(where=lambda each: each.__module__ == consumers.__name__):
        registry.forget(each.name)  # the module was imported just now, and registered all of its workers
    registry.register(mine[0])
    yield
    registry.forget(WORKER)


def lettered(world: World, names: Sequence[str] = NAMES) -> list[int]:
    """Dead letters of records that would be handled well by now; their ids."""
    world.create(*DlqIndexer.topics())
    read = []
    for offset, name in enumerate(names):
        value = b'{"id":"%s"}' % name.encode()
        record = Record(TOPIC, 0, offset, 1_795_262_400_000, b"key", value, [("event_id", name.encode())])
        failure = Failure(record, InvalidMessage("of a worker before its repair"), 1, 1_795_262_400.0)
        made = build(failure, worker=WORKER, group=world.group(WORKER))
        read.append(Record(DEAD, 0, offset, record.timestamp, made.key, made.value, made.headers))
    letters_index(records=read)
    return list(DeadLetter.objects.order_by("pk").values_list("pk", flat=True))


def approved(ids: list[int], **more: Any) -> RedriveBatch:
    """A batch of these that runs."""
    one, other = (User.objects.get_or_create(username=n, is_superuser=True)[0] for n in ("one", "other"))
    pace = Pace(**({"canary": 3, "rate": 1000.0} | more))
    batch = batch_propose(letter_ids=ids, actor=one, reason="repaired", pace=pace)
    return batch_approve(batch_id=batch.pk, actor=other, reason="seen", set_hash=batch.set_hash)


def test_a_redriver_killed_behind_each_step_has_each_letter_handled_once_and_resolved(
    world: World, probe: None
) -> None:
    batch = approved(lettered(world))
    lease = {"OUTBOX_LEASE": "2", **QUICK}
    with world.run(WORKER, **QUICK):
        for point in STEPS:
            with world.run(REDRIVER, HEIMDALL_CRASH_AT=point, **lease) as killed:
                ended(killed, KILLED)
        with world.run(REDRIVER, **lease):
            eventually(lambda: RedriveBatch.objects.filter(pk=batch.pk, state="DONE").exists())
    assert set(DeadLetter.objects.values_list("state", flat=True)) == {"RESOLVED"}
    assert set(BatchItem.objects.values_list("state", flat=True)) == {"RESOLVED"}
    assert world.stored(WORKER) == set(NAMES) and repeats(world.calls(WORKER)) == {}
