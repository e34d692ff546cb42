"""What the state machine and the careful reader found, each as a plain test."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Thread

import pytest

from heimdall_project.errors import InvalidMessage, OffsetGap, TransientError
from heimdall_project.streams import member, redrive
from heimdall_project.streams.consumer import Effects
from heimdall_project.streams.orders import Orders
from heimdall_project.streams.records import Partition
from heimdall_project.streams.redrive_gate import AtWork, RedriveGate
from heimdall_project.streams.shape import BUFFER_BYTES
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle

from .workers import TOPIC, Crowd, Keeper, Lots, fill

P0 = Partition(TOPIC, 0)


@pytest.fixture
def broker() -> InMemoryBroker:
    return InMemoryBroker()


def again(broker, group, *, copies=1, redrive_id="r1", n=7):
    """Publish a redrive, perhaps more often than once."""
    value = b'{"n":%d}' % n
    marks = redrive.marks(topic=TOPIC, key=None, value=value, redrive_id=redrive_id, group=group, count=1)
    return [broker.produce(TOPIC, value, partition=0, headers=marks) for _ in range(copies)]


def test_a_partition_that_went_away_while_paused_is_read_when_it_comes_back(broker):
    orders = [Orders(paused=True)]
    keeper = Keeper()
    runner = broker.runner(keeper, orders=lambda: orders[0])
    runner.turn()
    runner.turn()
    runner._broker.expire()
    orders[0] = Orders()
    fill(broker, 1, 2)
    run_until_idle(runner)
    assert keeper.seen == [1, 2]


def test_a_zombie_that_leaves_takes_nothing_from_the_new_owner(broker):
    fill(broker, 1)
    zombie = broker.runner(Keeper())
    zombie.turn()
    zombie._broker.expire()
    keeper = Keeper()
    other = broker.runner(keeper)
    run_until_idle(other)
    zombie.drain()
    fill(broker, 2)
    run_until_idle(other)
    assert keeper.seen == [1, 2]


@pytest.mark.parametrize("shape", [Keeper, Crowd, Lots])
def test_copies_of_a_redrive_in_one_hand_over_are_handled_once(broker, shape):
    consumer = shape()
    again(broker, consumer.group(), copies=3)
    run_until_idle(broker.runner(consumer))
    assert consumer.seen == [7]
    assert broker.books.counted(consumer.group()) == {"stored": 1, "duplicate": 2}


@pytest.mark.parametrize("shape", [Keeper, Lots])
def test_a_redrive_whose_outcome_could_not_be_written_is_not_handled_again(broker, shape):
    def act(_):
        broker.books.down = True

    consumer = shape(act)
    again(broker, consumer.group())
    runner = broker.runner(consumer)
    for _ in range(30):
        runner.turn(0.1)
    broker.books.down = False
    consumer.act = lambda _: None
    run_until_idle(runner)
    assert (consumer.seen, broker.books.redrives) == ([7], {"r1": "ok"})
    assert broker.books.counted(consumer.group()) == {"stored": 1}


def test_a_redrive_is_not_handled_again_because_another_record_fails_its_batch(broker):
    redriven = []

    def act(batch):
        redriven.extend(batch.redrives)
        if any(note.n == 3 for note in batch.events):
            raise RuntimeError("bug")

    fill(broker, 1, 2)
    again(broker, "heimdall.lots")
    fill(broker, 3, 4)
    lots = Lots(act)
    run_until_idle(broker.runner(lots))
    assert (sorted(lots.seen), redriven) == ([1, 2, 4, 7], [2])


def test_an_unsafe_redrive_is_not_given_up_because_of_an_outage_before_its_turn(broker):
    class Unsafe(Lots):
        name, effects = "unsafe", Effects.UNSAFE

    down = [True]

    def act(batch):
        if down[0] and not batch.redrives:
            raise TransientError("lookup", "away")

    fill(broker, 1)
    again(broker, "heimdall.unsafe")
    unsafe = Unsafe(act)
    runner = broker.runner(unsafe)
    for _ in range(30):
        runner.turn(0.1)
    down[0] = False
    run_until_idle(runner)
    assert (unsafe.seen, broker.books.redrives) == ([1, 7], {"r1": "ok"})


def test_a_redrive_that_another_thread_is_at_is_not_let_in(broker):
    [record] = again(broker, "heimdall.keeper")
    addressed = redrive.read(record)
    assert addressed
    gate = RedriveGate("heimdall.keeper", Effects.IDEMPOTENT, broker.books)
    assert gate.enter(record, addressed) is None
    with pytest.raises(AtWork):
        gate.enter(record, addressed)
    gate.leave(["r1"])
    assert gate.enter(record, addressed) is None


def test_only_one_of_two_processes_may_begin_an_unsafe_redrive(broker):
    """The row decides, not a look at it: both looked before either wrote."""
    [record] = again(broker, "heimdall.keeper")
    addressed = redrive.read(record)
    both_looked = Barrier(2, timeout=0.5)
    look = broker.books.redrive_status

    def look_together(ids):
        seen = look(ids)
        with suppress(BrokenBarrierError):  # the one that came too late looks a second time, alone
            both_looked.wait()
        return seen

    broker.books.redrive_status = look_together
    verdicts = []
    gates = [RedriveGate("heimdall.keeper", Effects.UNSAFE, broker.books) for _ in range(2)]
    threads = [Thread(target=lambda g=g: verdicts.append(g.enter(record, addressed))) for g in gates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts.count(None) == 1


def test_a_group_whose_offsets_the_broker_forgot_stops_at_what_was_deleted_unread(broker):
    fill(broker, *range(5))
    runner = broker.runner(Keeper())
    run_until_idle(runner)
    runner.drain()
    fill(broker, *range(5))
    broker.state("heimdall.keeper").committed.clear()
    broker.truncate(P0, 8)
    with pytest.raises(OffsetGap, match="3 records were deleted"):
        run_until_idle(broker.runner(Keeper()))


def test_large_records_that_wait_behind_a_stuck_one_stay_within_the_bound(broker):
    class Slow(Crowd):
        name = "slow"

        def handle(self, delivery):
            if delivery.record.offset == 0:
                raise TransientError("lookup", "away")

    for _ in range(300):
        broker.produce(TOPIC, b'{"n":1,"pad":"%s"}' % (b"x" * 1_000_000), partition=0)
    runner = broker.runner(Slow())
    for _ in range(500):
        runner.turn(0.1)
    assert runner._progress.bytes <= 2 * BUFFER_BYTES


def test_what_waits_for_the_ledger_stays_within_a_bound(broker, monkeypatch):
    monkeypatch.setattr(member, "UNSETTLED", 50)
    for n in range(2000):
        sources = [b"http", b"outbox"]
        broker.produce(TOPIC, b'{"n":%d}' % n, partition=0, headers=[("source", sources[n % 2])])
    keeper = Keeper()
    runner = broker.runner(keeper)
    broker.books.down = True
    for _ in range(100):
        runner.turn(0.1)
    assert len(keeper.seen) <= 50 + 10 * Keeper.chunk
    broker.books.down = False
    run_until_idle(runner)
    assert len(keeper.seen) == 2000


def test_what_a_batch_rejects_for_an_outage_is_tried_again_and_no_dead_letter(broker):
    down = [True]

    def act(batch):
        for record, note in zip(batch.records, batch.events, strict=True):
            if note.n == 3 and down[0]:
                batch.reject(record, TransientError("lookup", "away"))
            if note.n == 5:
                batch.reject(record, InvalidMessage("column n"))

    fill(broker, *range(10))
    lots = Lots(act)
    runner = broker.runner(lots)
    for _ in range(30):
        runner.turn(0.1)
    assert broker.committed("heimdall.lots") == {P0: 3}
    down[0] = False
    run_until_idle(runner)
    assert [letter.value for letter in broker.records("dlq.failed")] == [b'{"n":5}']
    assert broker.books.counted("heimdall.lots") == {"stored": 9, "dead_lettered": 1}


def test_what_a_batch_rejects_for_an_unexpected_reason_has_bounded_attempts(broker):
    def act(batch):
        for record, note in zip(batch.records, batch.events, strict=True):
            if note.n == 3:
                batch.reject(record, RuntimeError("bug"))

    fill(broker, *range(10))
    run_until_idle(broker.runner(Lots(act)))
    [letter] = broker.records("dlq.failed")
    assert dict(letter.headers)["attempts"] == b"2"
