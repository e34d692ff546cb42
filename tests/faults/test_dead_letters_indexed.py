"""Dead letters on the real broker become rows, each once, though the indexer is killed on the way."""

from dlq_admin.consumers import DlqIndexer
from dlq_admin.models import Cluster, DeadLetter, LetterLine
from heimdall_project.streams import redrive
from tests.probe_workers.harness import eventually

from .world import DEAD, World, ended

WORKER, INDEXER = "probe-record", "dlq-indexer"
KILLED = 137
QUICK = {"KAFKA_SESSION_TIMEOUT": "2", "DEBUG": "true"}
POISON = [b"", b"\xff\x00", b"{", b"[1]", None, b"x" * 900_000]


def refused(world: World) -> None:
    """A worker refuses records of all kinds, and some that carry strange headers."""
    world.create(*DlqIndexer.topics())
    world.fill(30)
    for value in POISON:
        world.produce(value, headers=[("event_id", b"e\0"), ("x", b"\xff"), ("x", b"")])
    world.produce(b"?", topic=DEAD, key=None)
    with world.run(WORKER, **QUICK):
        world.await_through(WORKER)


def test_an_indexer_killed_after_its_rows_reads_again_and_writes_nothing_twice(world: World) -> None:
    refused(world)
    with world.run(INDEXER, HEIMDALL_CRASH_AT="dlq.after_index", **QUICK) as first:
        ended(first, KILLED)
    assert not world.is_through(INDEXER, DEAD)
    with world.run(INDEXER, **QUICK):
        world.await_through(INDEXER, DEAD)
    rows = DeadLetter.objects.filter(origin_known=True)
    assert {None if row.payload.value is None else bytes(row.payload.value) for row in rows} == set(POISON)
    assert DeadLetter.objects.count() == LetterLine.objects.count() == len(POISON) + 1
    assert sum(Cluster.objects.values_list("pending", flat=True)) == len(POISON) + 1
    ledger = world.ledger(INDEXER)
    assert (
        ledger.total() == len(POISON) + 1 and set(ledger) <= {"stored", "duplicate"} and ledger["duplicate"]
    )


def test_a_redriven_record_that_fails_again_comes_back_to_its_row(world: World) -> None:
    world.create(*DlqIndexer.topics())
    world.produce(b"{")
    with world.run(WORKER, INDEXER, **QUICK):
        row = eventually(lambda: DeadLetter.objects.first())
        assert row
        DeadLetter.objects.update(state="PUBLISHED", redrive_id="r-1")
        Cluster.objects.update(pending=0, published=1)
        marks = redrive.marks(
            topic=row.topic, key=b"key", value=b"{", redrive_id="r-1", group=row.group, count=1
        )
        world.produce(b"{", headers=marks)
        eventually(lambda: DeadLetter.objects.filter(state="FAILED_AGAIN", attempt=2).exists())
    assert DeadLetter.objects.count() == 1 and Cluster.objects.get().failed_again == 1
