"""How a flood is told from a few bad records."""

import pytest

from heimdall_project.errors import FloodDetected, TransientError
from heimdall_project.streams.consumer import Batch
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle

from .workers import TOPIC, Keeper, Lots, Note, fill


@pytest.fixture
def broker() -> InMemoryBroker:
    return InMemoryBroker()


def test_the_first_records_of_a_flood_are_not_dead_lettered_though_they_come_one_by_one(
    broker: InMemoryBroker,
) -> None:
    runner = broker.runner(Keeper())
    with pytest.raises(FloodDetected, match="first 20 records"):
        for _ in range(30):
            broker.produce(TOPIC, b"broken", partition=0)
            for _ in range(4):
                runner.turn(0.01)
    assert (broker.records("dlq.failed"), broker.committed("heimdall.keeper")) == ([], {})


def test_new_partitions_are_judged_by_their_own_first_records(broker: InMemoryBroker) -> None:
    fill(broker, *range(50))
    runner = broker.runner(Keeper())
    run_until_idle(runner)
    runner._meter.assigned()
    for _ in range(30):
        broker.produce(TOPIC, b"broken", partition=1)
    with pytest.raises(FloodDetected):
        run_until_idle(runner)


def test_a_flood_goes_on_where_it_was_after_a_restart(broker: InMemoryBroker) -> None:
    fill(broker, *range(60))
    for _ in range(50):
        broker.produce(TOPIC, b"broken", partition=1)
    first = broker.runner(Keeper())
    run_until_idle(first)
    first.drain()
    for _ in range(60):
        broker.produce(TOPIC, b"broken", partition=0)
    fill(broker, *range(40))
    with pytest.raises(FloodDetected, match="within 60 s"):
        run_until_idle(broker.runner(Keeper()))


def test_poison_that_came_with_good_records_is_no_flood_because_a_dependency_is_away(
    broker: InMemoryBroker,
) -> None:
    outage = [True]

    def store(_: Batch[Note]) -> None:
        if outage[0]:
            raise TransientError("clickhouse", "164 READONLY")

    for partition in range(3):
        fill(broker, *range(3 * partition, 3 * partition + 3), partition=partition)
        for _ in range(7):
            broker.produce(TOPIC, b"broken", partition=partition)
    runner = broker.runner(lots := Lots(store))
    for _ in range(100):
        runner.turn(0.05)
    assert broker.records("dlq.failed") == []
    outage[0] = False
    run_until_idle(runner)
    assert (sorted(lots.seen), len(broker.records("dlq.failed"))) == (list(range(9)), 21)
