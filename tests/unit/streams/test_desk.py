"""What is done aside: dead letters, ledger, commits, and what a rebalance in the middle of them may do."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Event, get_ident
from typing import Any

import pytest

from heimdall_project.errors import InvalidMessage, StopOnPurpose
from heimdall_project.streams import member, redrive
from heimdall_project.streams.consumer import Delivery
from heimdall_project.streams.desk import ANSWER
from heimdall_project.streams.records import Partition
from heimdall_project.streams.testing import InMemoryBroker, InMemoryConsumer, run_until_idle

from .workers import TOPIC, Keeper, Note, fill

P0 = Partition(TOPIC, 0)
GROUP = "heimdall.keeper"


class Later(Executor):
    """Work that waits until the test lets it run."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, partial(fn, *args, **kwargs)))
        return future

    def run(self) -> None:
        """Run everything that waits."""
        while self.waiting:
            future, work = self.waiting.popleft()
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)


@pytest.fixture
def broker() -> InMemoryBroker:
    return InMemoryBroker()


def reject(delivery: Delivery[Note]) -> None:
    if delivery.event.n < 0:
        raise InvalidMessage("negative")


def turn(broker: InMemoryBroker, runner: Any, aside: Later) -> None:
    """Let the loop turn and what it has done aside happen, for some time."""
    for _ in range(20):
        aside.run()
        runner.turn(0.1)
        broker.clock.advance(1.0)


def lose_and_come_back(broker: InMemoryBroker, runner: Any) -> None:
    """The session ends and the same process gets its partitions again."""
    runner._broker.expire()
    for _ in range(3):
        runner._broker.poll(0, 0.0)


def test_a_dead_letter_is_written_once_while_the_books_are_away(broker: InMemoryBroker) -> None:
    value = b'{"n":-1}'
    marks = redrive.marks(topic=TOPIC, key=None, value=value, redrive_id="r1", group=GROUP, count=1)
    fill(broker, 1)
    broker.produce(TOPIC, value, partition=0, headers=marks)
    aside = Later()
    runner = broker.runner(Keeper(reject), aside=aside)
    runner.turn(0.1)
    runner.turn(0.1)
    broker.books.down = True
    turn(broker, runner, aside)
    broker.books.down = False
    turn(broker, runner, aside)
    assert len(broker.records("dlq.failed")) == 1
    assert broker.books.redrives == {"r1": "failed"}


def test_dead_letters_of_a_partition_that_came_back_are_settled_by_its_new_assignment(
    broker: InMemoryBroker,
) -> None:
    fill(broker, 1, -2, 3)
    aside = Later()
    runner = broker.runner(Keeper(reject), aside=aside)
    runner.turn(0.1)
    runner.turn(0.1)
    assert len(aside.waiting) == 1, "the dead letter"
    lose_and_come_back(broker, runner)
    aside.run()
    runner._gather()
    assert runner._progress.next_offsets()[P0] == 0
    turn(broker, runner, aside)
    assert broker.committed(GROUP)[P0] == 3
    assert runner._progress.unfinished == 0


def test_a_settlement_of_an_earlier_assignment_says_nothing_about_this_one(broker: InMemoryBroker) -> None:
    fill(broker, 1, 2, 3)
    aside = Later()
    runner: Any = broker.runner(Keeper(), aside=aside)
    runner.turn(0.1)
    broker.clock.advance(2.0)
    runner.turn(0.1)
    assert len(aside.waiting) == 1, "the settlement"
    runner._broker.expire()
    aside.run()  # ledger yes, commit refused
    turn(broker, runner, aside)
    assert broker.committed(GROUP)[P0] == 3
    assert broker.books.counted(GROUP) == {"stored": 3}


def test_a_commit_that_is_refused_while_the_partition_stays_is_repeated(broker: InMemoryBroker) -> None:
    fill(broker, 1, 2, 3)
    runner: Any = broker.runner(Keeper())
    runner.turn(0.1)
    runner._broker.commit_fails = True  # the generation moves on, as in every rebalance
    broker.clock.advance(2.0)
    for _ in range(3):
        runner.turn(0.1)
    assert broker.books.counted(GROUP) == {"stored": 3} and broker.committed(GROUP) == {}
    runner._broker.commit_fails = False
    run_until_idle(runner)
    assert broker.committed(GROUP)[P0] == 3


def test_offsets_are_committed_from_the_thread_that_polls(broker: InMemoryBroker) -> None:
    threads: set[int] = set()

    class Watched(InMemoryConsumer):
        def commit(self, positions: Mapping[Partition, int]) -> None:
            threads.add(get_ident())
            super().commit(positions)

    fill(broker, 1, 2, 3)
    with ThreadPoolExecutor(1) as aside:
        runner = broker.runner(Keeper(), broker=Watched(broker, GROUP), aside=aside)
        while broker.committed(GROUP).get(P0) != 3:
            runner.turn(0.1)
        fill(broker, 4)
        runner.turn(0.1)
        runner.drain()
    assert threads == {get_ident()}
    assert broker.committed(GROUP)[P0] == 4


def test_a_commit_under_way_does_not_hold_up_a_partition_that_goes_away(broker: InMemoryBroker) -> None:
    fill(broker, 1, 2, 3)
    runner = broker.runner(Keeper())
    runner.turn(0.1)
    broker.clock.advance(2.0)
    runner.turn(0.1)
    runner._gather()
    assert runner._desk.is_busy and not runner._desk.is_at_work, "the answer waits for the next poll"
    runner.revoked([P0])
    assert broker.committed(GROUP)[P0] == 3


def test_a_topic_recreated_under_a_running_worker_is_noticed_before_anything_is_counted(
    broker: InMemoryBroker,
) -> None:
    class Recreated(InMemoryConsumer):
        def topic_ids(self, names: Sequence[str]) -> dict[str, str]:
            return {name: f"id-{len(broker.records(TOPIC))}" for name in names}

    runner = broker.runner(Keeper(), broker=Recreated(broker, GROUP))
    runner.turn(0.1)
    fill(broker, 1, 2, 3)
    with pytest.raises(StopOnPurpose, match="recreated"):
        run_until_idle(runner)
    assert broker.committed(GROUP) == {} and broker.books.counted(GROUP) == {}


def test_work_in_hand_of_a_revoked_partition_is_finished_and_committed_first(
    broker: InMemoryBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()

    def act(_: Delivery[Note]) -> None:
        begun.set()
        assert go_on.wait(10)

    def let_it_finish(futures: Any, **_: Any) -> None:
        go_on.set()
        wait(futures, timeout=10)

    monkeypatch.setattr(member, "wait", let_it_finish)
    fill(broker, 1, 2, 3)
    keeper = Keeper(act)
    with ThreadPoolExecutor(1) as hands:
        runner = broker.runner(keeper, hands=hands)
        runner.turn(0.1)
        assert begun.wait(10)
        runner.revoked([P0])
        go_on.set()
    assert broker.committed(GROUP) == {P0: 1}


def test_what_is_in_hand_of_a_lost_partition_is_dropped(broker: InMemoryBroker) -> None:
    fill(broker, *range(500))
    runner: Any = broker.runner(Keeper(), hands=Later())
    for _ in range(3):
        runner.turn(0.1)
    assert len(runner._inbox) > 0
    runner._broker.expire()
    runner._broker.poll(0, 0.0)
    assert runner._progress.unfinished == len(runner._inbox) == 0


def test_a_commit_that_is_never_answered_is_repeated(broker: InMemoryBroker) -> None:
    class Silent(InMemoryConsumer):
        def commit_soon(self, positions: Mapping[Partition, int]) -> Future[None]:
            asked.append(dict(positions))
            return Future()

    asked: list[dict[Partition, int]] = []
    fill(broker, 1, 2, 3)
    runner = broker.runner(Keeper(), broker=Silent(broker, GROUP))
    for _ in range(5):
        runner.turn(0.1)
        broker.clock.advance(2.0)
    assert asked == [{P0: 3}]
    broker.clock.advance(ANSWER)
    for _ in range(5):
        runner.turn(0.1)
        broker.clock.advance(2.0)
    assert asked == [{P0: 3}, {P0: 3}]
    assert broker.books.counted(GROUP) == {"stored": 3}
