"""Several records in one call: most urgent first, each ends for itself, what was not begun comes again."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from heimdall_project.errors import InvalidMessage, TransientError
from heimdall_project.streams.consumer import ConcurrentConsumer, Delivery, End
from heimdall_project.streams.member import Member
from heimdall_project.streams.outcomes import STORED
from heimdall_project.streams.records import Partition, Record
from heimdall_project.streams.retry import RetryPolicy
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle

from .machine.workers import Pool
from .workers import TOPIC, Note

P0, P1 = Partition(TOPIC, 0), Partition(TOPIC, 1)
URGENT = 100


class Together(ConcurrentConsumer[Note]):
    """Keeps each n, four at a time. Idempotent by n."""

    name, topic, event = "together", TOPIC, Note
    concurrency, unfinished, most = 1, 12, 4
    retry = RetryPolicy(attempts=2, base=0.1, ceiling=0.2)

    def __init__(self, fate: Callable[[int], Exception | None] = lambda n: None, at_once: int = 4) -> None:
        self.fate, self.at_once = fate, at_once
        self.calls: list[list[int]] = []

    @property
    def seen(self) -> list[int]:
        """Every n in order of its handling."""
        return [n for call in self.calls for n in call]

    def urgency(self, record: Record) -> int:
        return 3 if msgspec.json.decode(record.value or b"")["n"] >= URGENT else 0

    def handle(self, delivery: Delivery[Note]) -> None:
        self.calls.append([delivery.event.n])
        if error := self.fate(delivery.event.n):
            raise error

    def handle_many(self, deliveries: Sequence[Delivery[Note]], go_on: Callable[[], bool]) -> list[End]:
        taken = deliveries[: self.at_once]
        self.calls.append([each.event.n for each in taken])
        ends: list[End] = [self.fate(each.event.n) or STORED for each in taken]
        return ends + [None] * (len(deliveries) - len(taken))


def produce(broker: InMemoryBroker, *numbers: int, place: Partition = P0) -> None:
    for n in numbers:
        broker.produce(TOPIC, msgspec.json.encode(Note(n)), partition=place.number)


def failing(n: int, error: Exception) -> Callable[[int], Exception | None]:
    return lambda each: error if each == n else None


def hurried(broker: InMemoryBroker, consumer: Together, **more: Any) -> Member:
    """A runner whose hand-overs are as large as they get."""
    runner = broker.runner(consumer, **more)
    runner._pace.took(consumer.most, 0.0)
    return runner


def test_what_is_urgent_overtakes_what_is_not_begun() -> None:
    broker, consumer, pool = InMemoryBroker(), Together(), Pool()
    runner = hurried(broker, consumer, hands=pool)
    produce(broker, *range(8))
    runner.turn()
    produce(broker, URGENT, place=P1)
    for _ in range(5):
        runner.turn()
        pool.run_all()
    assert consumer.calls[:2] == [[0, 1, 2, 3], [URGENT, 4, 5, 6]]


def test_no_more_is_taken_in_than_may_be_unfinished() -> None:
    broker, consumer, pool = InMemoryBroker(), Together(), Pool()
    runner = hurried(broker, consumer, hands=pool)
    produce(broker, *range(40))
    for _ in range(10):
        runner.turn()
        assert runner._progress.unfinished <= Together.unfinished
    assert runner.taken == Together.unfinished


def test_what_a_hand_over_did_not_begin_is_offered_again_and_not_committed_before() -> None:
    broker, consumer = InMemoryBroker(), Together(at_once=2)
    runner = hurried(broker, consumer)
    produce(broker, *range(7))
    runner.turn()
    assert broker.committed(Together.group()).get(P0, 0) <= 2
    run_until_idle(runner)
    assert sorted(consumer.seen) == list(range(7))
    assert broker.committed(Together.group())[P0] == 7
    assert broker.books.counted(Together.group()) == {"stored": 7}


def test_an_invalid_record_among_many_is_dead_lettered_alone() -> None:
    broker, consumer = InMemoryBroker(), Together(failing(2, InvalidMessage("no")))
    runner = hurried(broker, consumer)
    produce(broker, *range(4))
    run_until_idle(runner)
    assert broker.books.counted(Together.group()) == {"stored": 3, "dead_lettered": 1}
    assert consumer.seen == [0, 1, 2, 3]


def test_a_bug_with_one_of_many_is_tried_again_for_that_one_only() -> None:
    broker, consumer = InMemoryBroker(), Together(failing(2, RuntimeError("bug")))
    runner = hurried(broker, consumer)
    produce(broker, *range(4))
    run_until_idle(runner)
    assert sorted(consumer.seen) == [0, 1, 2, 2, 3]
    assert broker.books.counted(Together.group()) == {"stored": 3, "dead_lettered": 1}


def test_one_that_waits_for_a_dependency_holds_up_no_neighbour() -> None:
    down = [TransientError("model", "away")]
    broker = InMemoryBroker()
    consumer = Together(lambda n: down[0] if n == 2 and down else None)
    runner = hurried(broker, consumer)
    produce(broker, *range(4))
    for _ in range(3):
        runner.turn()
    assert runner._progress.unfinished == 1 and not broker.records("dlq.failed")
    down.clear()
    run_until_idle(runner)
    assert broker.books.counted(Together.group()) == {"stored": 4}


class Whole(Together):
    """A call that fails as a whole if 2 is in it. Idempotent by n."""

    def handle_many(self, deliveries: Sequence[Delivery[Note]], go_on: Callable[[], bool]) -> list[End]:
        for each in deliveries:
            if error := self.fate(each.event.n):
                raise error
        return super().handle_many(deliveries, go_on)


def test_a_call_that_fails_as_a_whole_is_taken_apart_to_find_the_culprit() -> None:
    broker, consumer = InMemoryBroker(), Whole(failing(2, RuntimeError("bug")))
    runner = hurried(broker, consumer)
    produce(broker, *range(4))
    run_until_idle(runner)
    assert broker.books.counted(Together.group()) == {"stored": 3, "dead_lettered": 1}


def test_an_outage_during_a_call_is_everybodys_and_nobody_is_handled_alone() -> None:
    down = [TransientError("postgresql", "away")]
    broker = InMemoryBroker()
    consumer = Whole(lambda n: down[0] if down else None)
    runner = hurried(broker, consumer)
    produce(broker, *range(4))
    for _ in range(3):
        runner.turn()
    assert consumer.calls == [] and runner._progress.unfinished == 4
    down.clear()
    run_until_idle(runner)
    assert broker.books.counted(Together.group()) == {"stored": 4}


class Asking(Together):
    """Begins the next record as long as it may. Idempotent by n."""

    between: Callable[[], None] = staticmethod(lambda: None)

    def handle_many(self, deliveries: Sequence[Delivery[Note]], go_on: Callable[[], bool]) -> list[End]:
        ends: list[End] = []
        for each in deliveries:
            if ends and not go_on():
                break
            self.calls.append([each.event.n])
            ends.append(STORED)
            self.between()
        return ends + [None] * (len(deliveries) - len(ends))


def test_a_hand_over_that_takes_long_begins_no_further_record() -> None:
    broker, consumer, pool = InMemoryBroker(), Asking(), Pool()
    consumer.between = lambda: broker.clock.advance(1.0)
    runner = hurried(broker, consumer, hands=pool)
    produce(broker, *range(4))
    runner.turn()
    pool.run_all()
    assert consumer.seen == [0]
    run_until_idle_with(runner, pool)
    assert sorted(consumer.seen) == [0, 1, 2, 3]


def test_a_partition_that_goes_away_ends_a_hand_over_after_the_record_it_is_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, consumer, pool = InMemoryBroker(), Asking(), Pool()
    runner = hurried(broker, consumer, hands=pool)
    monkeypatch.setattr("heimdall_project.streams.member.wait", lambda futures, timeout: pool.run_all())
    produce(broker, 0, 1)
    produce(broker, 2, 3, place=P1)
    runner.turn()
    runner.revoked([P0])
    assert consumer.seen == []  # it had not begun: nothing of it is
    run_until_idle_with(runner, pool)
    assert sorted(consumer.seen) == [2, 3]
    assert broker.committed(Together.group()) == {P1: 2}


def test_a_hand_over_under_way_begins_no_further_record_when_a_partition_of_it_goes_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, consumer, pool = InMemoryBroker(), Asking(), Pool()
    runner = hurried(broker, consumer, hands=pool)
    monkeypatch.setattr("heimdall_project.streams.member.wait", lambda futures, timeout: None)
    consumer.between = lambda: runner.revoked([P0])
    produce(broker, 0)
    produce(broker, 1, 2, place=P1)
    runner.turn()
    pool.run_all()
    assert consumer.seen == [0]
    consumer.between = lambda: None
    run_until_idle_with(runner, pool)
    assert consumer.seen == [0, 1, 2]


def run_until_idle_with(runner: Member, pool: Pool) -> None:
    for _ in range(60):
        runner.turn(0.05)
        pool.run_all()


@pytest.mark.parametrize("trouble", [TransientError("postgresql", "hangs"), RuntimeError("bug")])
def test_what_outlasts_a_rebalance_and_then_fails_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    """A hand-over of two partitions; one of them goes away meanwhile, and the budget for that passes."""
    broker, pool = InMemoryBroker(), Pool()
    troubles = [trouble]

    def fate(n: int) -> Exception | None:
        if n == 0:
            runner.revoked([P0])
        return troubles[0] if troubles else None

    runner = hurried(broker, Together(fate), hands=pool)
    monkeypatch.setattr("heimdall_project.streams.member.wait", lambda futures, timeout: None)
    produce(broker, 0)
    produce(broker, 1, 2, place=P1)
    runner.turn()
    pool.run_all()
    troubles.clear()
    run_until_idle_with(runner, pool)
    assert broker.committed(Together.group()) == {P1: 2}, "what stayed ours is handled again"


class Patient(Together):
    """Waits long before it tries again. Idempotent by n."""

    retry = RetryPolicy(attempts=2, base=60.0, ceiling=60.0)


def test_those_that_a_bug_sends_round_again_hold_up_nobody_else() -> None:
    """They wait for their next try; only those that wait for a dependency keep the others waiting too."""
    broker = InMemoryBroker()
    consumer = Patient(lambda n: RuntimeError("bug") if n in {0, 1, 2} else None)
    runner = hurried(broker, consumer)
    produce(broker, *range(9))
    for _ in range(6):
        runner.turn()
    assert sorted(consumer.seen) == list(range(9)), "nobody waits out the backoff of another"
