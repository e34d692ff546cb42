"""Everything twice, on real processes: redrivers, indexers and workers that sleep, wake and repeat."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from dlq_admin.consumers import DlqIndexer
from dlq_admin.models import BatchItem, DeadLetter, LetterLine
from tests.integration.dlq_admin.letters import assert_counted
from tests.probe_workers.harness import RunConsumer, eventually

from .test_dead_letters_hostile import LEASE, seems_to_run, state_of
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
from .world import DEAD, World, ended, repeats

__all__ = ["probe"]
pytestmark = pytest.mark.usefixtures("probe")
FEW = NAMES[:6]


def sleeps(process: RunConsumer) -> bool:
    """Whether it stands at its crash point."""
    return Path(f"/proc/{process.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def facts(letters: list[int]) -> list[tuple[object, ...]]:
    """All that is written of these letters and of their sending."""
    items = BatchItem.objects.filter(letter__in=letters).order_by("pk")
    lines = LetterLine.objects.filter(letter__in=letters).order_by("pk")
    return [*items.values_list("pk", "state", "sent_at", "ended_at"), *lines.values_list("pk", "event")]


def test_a_redriver_that_slept_through_its_lease_sends_the_same_again_and_changes_nothing(
    world: World,
) -> None:
    *first, last = lettered(world, FEW)
    world.produce(
        b"{}", topic=DEAD
    )  # a broker that has just begun takes longer for the first than a lease lasts
    batch = approved(first)
    freeze = {"HEIMDALL_CRASH_AT": "dlq.after_publish:1:freeze", **LEASE}
    seems_to_run()
    with world.run(REDRIVER, **freeze) as zombie:
        eventually(lambda: sleeps(zombie), "the first redriver sleeps: the canary is out, and not marked")
        with world.run(REDRIVER, **LEASE):
            eventually(lambda: sum(world.ends().values()) == 6, "another one sends the canary again")
            with world.run(WORKER, **QUICK):
                eventually(lambda: state_of(batch) == "DONE", "and does the rest")
            before = facts(first)
            zombie.send(signal.SIGCONT)
        later = approved([last])  # the zombie finds out that it was late, and goes on with what is to be done
        with world.run(WORKER, **QUICK):
            eventually(lambda: state_of(later) == "DONE", "the zombie works again")
            world.await_through(WORKER)
    assert facts(first) == before
    assert set(DeadLetter.objects.values_list("state", flat=True)) == {"RESOLVED"}
    assert set(BatchItem.objects.values_list("state", flat=True)) == {"RESOLVED"}
    assert world.stored(WORKER) == set(FEW) and repeats(world.calls(WORKER)) == {}
    assert world.ledger(WORKER).total() == len(FEW) + 3 and set(world.ledger(WORKER)) == {
        "stored",
        "duplicate",
    }


def test_an_indexer_that_slept_while_another_read_the_same_letters_writes_none_twice(world: World) -> None:
    world.create(*DlqIndexer.topics())
    for number in range(5):
        world.produce(b"%d" % number, topic=DEAD)
    with world.run(INDEXER, HEIMDALL_CRASH_AT="dlq.after_index:1:freeze", **QUICK) as zombie:
        eventually(lambda: sleeps(zombie), "the first indexer sleeps behind its rows")
        with world.run(INDEXER, **QUICK):
            world.await_through(INDEXER, DEAD)
            zombie.send(signal.SIGCONT)
            world.produce(b"later", topic=DEAD)
            world.await_through(INDEXER, DEAD)
            eventually(lambda: DeadLetter.objects.count() == 6, "what came later")
    assert LetterLine.objects.count() == 6
    assert_counted()
    world.assert_balanced(INDEXER, DEAD)


def test_a_worker_killed_between_the_letter_of_a_redrive_and_its_outcome_counts_one_failure(
    world: World,
) -> None:
    [pk] = lettered(world, ["n0"])
    approved([pk], most_failures=1.0)
    strict = {"PROBE_CONTRACT": "long-notes", **QUICK}
    with world.run(REDRIVER, INDEXER, **LEASE):
        with world.run(WORKER, HEIMDALL_CRASH_AT="runner.after_dead_letter", **strict) as killed:
            ended(killed, KILLED)
        eventually(lambda: DeadLetter.objects.filter(state="FAILED_AGAIN", attempt=2).exists())
        assert BatchItem.objects.get().state == "PUBLISHED"  # the letter is news before the outcome is
        with world.run(WORKER, **strict):
            eventually(lambda: BatchItem.objects.get().state == "FAILED", "the outcome")
            world.await_through(INDEXER, DEAD)
    again = world.dead_letters()
    assert len(again) == 2 and len({letter.header("redrive_id") for letter in again}) == 1
    row = DeadLetter.objects.get()
    assert (row.state, row.attempt, row.batch) == ("FAILED_AGAIN", 2, None)
    assert Counter(LetterLine.objects.values_list("event", flat=True))["failed_again"] == 1
    assert_counted()
