"""The loop on the in-memory broker."""

import pytest

from heimdall_project.errors import (
    DeadLetterUnavailable,
    FloodDetected,
    InvalidMessage,
    OffsetGap,
    StopOnPurpose,
    TransientError,
)
from heimdall_project.streams import redrive
from heimdall_project.streams.consumer import Effects, Redrive
from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.member import Overrun
from heimdall_project.streams.orders import Orders
from heimdall_project.streams.outcomes import DUPLICATE, dropped
from heimdall_project.streams.records import Partition
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle

from .workers import TOPIC, Crowd, Keeper, Lots, fill

P0 = Partition(TOPIC, 0)


@pytest.fixture
def broker() -> InMemoryBroker:
    return InMemoryBroker()


def test_records_are_handled_in_order_and_committed(broker):
    keeper = Keeper()
    fill(broker, 1, 2, 3)
    run_until_idle(broker.runner(keeper))
    assert keeper.seen == [1, 2, 3]
    assert broker.committed("heimdall.keeper")[P0] == 3


def test_a_new_group_starts_at_the_beginning_and_a_known_one_where_it_stopped(broker):
    fill(broker, 1, 2)
    first = broker.runner(Keeper())
    run_until_idle(first)
    first.drain()
    fill(broker, 3)
    again = Keeper()
    run_until_idle(broker.runner(again))
    assert again.seen == [3]


def test_the_ledger_balances_and_names_every_outcome(broker):
    def act(delivery):
        if delivery.event.n == 2:
            return DUPLICATE
        return dropped("foreign") if delivery.event.n == 3 else None

    fill(broker, 1, 2, 3, 4)
    broker.produce(TOPIC, b"not json", partition=0)
    run_until_idle(broker.runner(Keeper(act)))
    assert broker.books.balances("heimdall.keeper")
    assert broker.books.counted("heimdall.keeper") == {
        "stored": 2,
        "duplicate": 1,
        "dropped:foreign": 1,
        "dead_lettered": 1,
    }


def test_an_invalid_record_becomes_a_dead_letter_with_identical_bytes_and_the_rest_flows_on(broker):
    fill(broker, 1)
    broker.produce(TOPIC, b"\xff\x00 broken", key=b"k", partition=0, headers=[("event_id", b"e1")])
    fill(broker, 2)
    keeper = Keeper()
    run_until_idle(broker.runner(keeper))
    [letter] = broker.records("dlq.failed")
    headers = as_dict(letter.headers)
    assert (letter.value, letter.key) == (b"\xff\x00 broken", b"k")
    assert keeper.seen == [1, 2]
    assert headers["original_topic"] == TOPIC and headers["original_offset"] == "1"
    assert headers["disposition"] == "poison" and headers["event_id"] == "e1"


def test_a_record_of_the_wrong_shape_is_a_contract_violation(broker):
    fill(broker, 1)
    broker.produce(TOPIC, b'{"n":"x"}', partition=0)
    run_until_idle(broker.runner(Keeper()))
    assert as_dict(broker.records("dlq.failed")[0].headers)["disposition"] == "contract"


def test_an_unexpected_error_is_tried_a_bounded_number_of_times(broker):
    tries = []

    def act(delivery):
        if delivery.event.n == 2:
            tries.append(1)
            raise RuntimeError("bug")

    fill(broker, 1, 2, 3)
    keeper = Keeper(act)
    run_until_idle(broker.runner(keeper))
    headers = as_dict(broker.records("dlq.failed")[0].headers)
    assert (len(tries), keeper.seen) == (3, [1, 3])
    assert (headers["disposition"], headers["attempts"]) == ("unexpected", "3")


def test_an_outage_writes_no_dead_letters_and_commits_nothing_past_it(broker):
    down = [True]

    def act(delivery):
        if down[0] and delivery.event.n == 2:
            raise TransientError("clickhouse", "refused")

    fill(broker, 1, 2, 3)
    keeper = Keeper(act)
    runner = broker.runner(keeper)
    for _ in range(300):
        runner.turn(0.1)
    assert (keeper.seen, broker.committed("heimdall.keeper")[P0]) == ([1], 1)
    assert (runner.state, broker.records("dlq.failed")) == ("waiting", [])
    down[0] = False
    run_until_idle(runner)
    assert keeper.seen == [1, 2, 3]


def test_polling_goes_on_during_an_outage_and_memory_stays_bounded(broker):
    def act(delivery):
        raise TransientError("redis")

    fill(broker, *range(5000))
    runner = broker.runner(Keeper(act))
    for _ in range(200):
        runner.turn(0.1)
    assert runner.taken <= 10 * Keeper.chunk


def test_a_dead_letter_topic_that_is_away_stops_the_worker_uncommitted(broker):
    fill(broker, 1)
    broker.produce(TOPIC, b"broken", partition=0)
    fill(broker, 3)
    broker.unavailable.add("dlq.failed")
    with pytest.raises(DeadLetterUnavailable):
        run_until_idle(broker.runner(Keeper()))
    assert broker.committed("heimdall.keeper").get(P0, 0) <= 1


def test_a_flood_of_invalid_records_stops_the_worker_with_offsets_unmoved(broker):
    for _ in range(30):
        broker.produce(TOPIC, b"broken", partition=0)
    with pytest.raises(FloodDetected, match="first 30 records"):
        run_until_idle(broker.runner(Keeper()))
    assert broker.committed("heimdall.keeper") == {}
    assert broker.records("dlq.failed") == []


def test_an_override_lets_a_flood_through(broker):
    for _ in range(30):
        broker.produce(TOPIC, b"broken", partition=0)
    orders = Orders(flood_override_until=broker.clock.now() + 600)
    run_until_idle(broker.runner(Keeper(), orders=lambda: orders))
    assert len(broker.records("dlq.failed")) == 30


def test_a_large_share_of_invalid_records_stops_the_worker_even_after_good_ones(broker):
    fill(broker, *range(40))
    for _ in range(200):
        broker.produce(TOPIC, b"broken", partition=0)
    with pytest.raises(FloodDetected, match="within 60 s"):
        run_until_idle(broker.runner(Keeper()))


def test_a_few_invalid_first_records_are_let_go_after_some_quiet(broker):
    broker.produce(TOPIC, b"broken", partition=0)
    runner = broker.runner(Keeper())
    runner.turn(0.1)
    assert broker.records("dlq.failed") == []
    run_until_idle(runner)
    assert len(broker.records("dlq.failed")) == 1


def test_an_exception_while_polling_ends_the_worker_and_skips_nothing(broker):
    fill(broker, 1, 2, 3)
    runner = broker.runner(Keeper())
    runner._broker.raise_on_poll = RuntimeError("from a callback")
    with pytest.raises(RuntimeError):
        run_until_idle(runner)
    runner.abandon()
    keeper = Keeper()
    run_until_idle(broker.runner(keeper))
    assert keeper.seen == [1, 2, 3]


def test_a_committed_offset_that_the_broker_no_longer_has_stops_with_the_size_of_the_gap(broker):
    fill(broker, 1, 2, 3, 4, 5)
    runner = broker.runner(Keeper())
    run_until_idle(runner)
    runner.drain()
    fill(broker, *range(10))
    broker.truncate(P0, 9)
    with pytest.raises(OffsetGap, match="4 records were deleted"):
        run_until_idle(broker.runner(Keeper()))


def test_a_revoked_partition_is_finished_and_committed_before_it_is_released(broker):
    fill(broker, *range(50), partition=0)
    fill(broker, *range(50), partition=1)
    fill(broker, *range(50), partition=2)
    one = Keeper()
    first = broker.runner(one)
    first.turn()
    other = Keeper()
    second = broker.runner(other)
    for _ in range(20):
        first.turn(0.1)
        second.turn(0.1)
    run_until_idle(first)
    run_until_idle(second)
    assert len(one.offsets) + len(other.offsets) == 150
    assert set(one.offsets).isdisjoint(other.offsets)


def test_what_is_finished_is_committed_before_its_partition_goes(broker):
    for partition in range(3):
        fill(broker, 1, 2, partition=partition)
    first = broker.runner(Keeper())
    for _ in range(5):
        first.turn()
    assert broker.committed("heimdall.keeper") == {}, "it is not yet time to commit"
    broker.runner(Keeper())
    first.turn()
    kept = set(first._progress.places)
    gone = {Partition(TOPIC, number) for number in range(3)} - kept
    assert gone and all(broker.committed("heimdall.keeper")[place] == 2 for place in gone)


def test_a_lost_partition_commits_nothing(broker):
    fill(broker, 1, 2, 3)
    runner = broker.runner(Keeper())
    runner.turn()
    runner._broker.expire()
    keeper = Keeper()
    other = broker.runner(keeper)
    run_until_idle(other)
    runner.turn()
    assert keeper.seen == [1, 2, 3]
    assert broker.books.counted("heimdall.keeper") == {"stored": 3}


def test_a_redriven_record_reaches_only_the_group_that_it_is_for(broker):
    value = b'{"n":7}'
    marks = redrive.marks(
        topic=TOPIC, key=None, value=value, redrive_id="r1", group="heimdall.other", count=1
    )
    broker.produce(TOPIC, value, partition=0, headers=marks)
    keeper = Keeper()
    run_until_idle(broker.runner(keeper))
    assert keeper.seen == []
    assert broker.books.counted("heimdall.keeper") == {"dropped:redrive_for_other_group": 1}


def test_a_redrive_is_handled_once_however_often_it_is_published(broker):
    value = b'{"n":7}'
    marks = redrive.marks(
        topic=TOPIC, key=None, value=value, redrive_id="r1", group="heimdall.keeper", count=1
    )
    for _ in range(3):
        broker.produce(TOPIC, value, partition=0, headers=marks)
    keeper = Keeper()
    run_until_idle(broker.runner(keeper))
    assert keeper.seen == [7]
    assert broker.books.counted("heimdall.keeper") == {"stored": 1, "duplicate": 2}


def test_a_forged_redrive_is_an_ordinary_record(broker):
    forged = [
        ("redrive_id", b"r1"),
        ("redrive_for", b"heimdall.other"),
        ("redrive_count", b"1"),
        ("redrive_mac", b"0" * 64),
    ]
    broker.produce(TOPIC, b'{"n":7}', partition=0, headers=forged)
    keeper = Keeper()
    run_until_idle(broker.runner(keeper))
    assert (keeper.seen, broker.books.redrives) == ([7], {})


def test_a_redrive_that_fails_again_says_so(broker):
    value = b'{"n":7}'
    marks = redrive.marks(
        topic=TOPIC, key=None, value=value, redrive_id="r1", group="heimdall.keeper", count=2
    )
    fill(broker, 1)
    broker.produce(TOPIC, value, partition=0, headers=marks)

    def act(delivery):
        if delivery.is_redrive:
            raise InvalidMessage("still bad")

    run_until_idle(broker.runner(Keeper(act)))
    headers = as_dict(broker.records("dlq.failed")[0].headers)
    assert broker.books.redrives == {"r1": "failed"}
    assert (headers["redrive_id"], headers["redrive_count"]) == ("r1", "2")


def test_a_paused_worker_takes_nothing_and_goes_on_when_resumed(broker):
    fill(broker, 1, 2)
    orders = [Orders(paused=True, pause_reason="looking")]
    keeper = Keeper()
    runner = broker.runner(keeper, orders=lambda: orders[0])
    for _ in range(5):
        runner.turn(0.1)
    assert (keeper.seen, runner.state) == ([], "paused")
    orders[0] = Orders()
    run_until_idle(runner)
    assert keeper.seen == [1, 2]


def test_a_paused_worker_still_tells_how_far_it_falls_behind(broker):
    orders = Orders(paused=True, pause_reason="looking")
    runner = broker.runner(Keeper(), orders=lambda: orders)
    runner.turn(0.1)
    fill(broker, *range(7))
    for _ in range(100):
        runner.turn(0.1)
    assert runner.beat.lag_records == 7
    assert runner.beat.lag_seconds > 5


def test_a_record_that_an_operator_skips_goes_to_the_dead_letters(broker):
    def act(delivery):
        if delivery.event.n == 2:
            raise TransientError("poisoned dependency")

    fill(broker, 1, 2, 3)
    orders = [Orders()]
    keeper = Keeper(act)
    runner = broker.runner(keeper, orders=lambda: orders[0])
    for _ in range(5):
        runner.turn(0.1)
    orders[0] = Orders(skips=frozenset({(TOPIC, 0, 1)}))
    run_until_idle(runner)
    assert keeper.seen == [1, 3]
    assert as_dict(broker.records("dlq.failed")[0].headers)["error_class"] == "SkippedByOperator"


def test_what_a_handler_says_must_stop_stops(broker):
    def act(delivery):
        raise StopOnPurpose("schema is newer than this worker")

    fill(broker, 1)
    with pytest.raises(StopOnPurpose):
        run_until_idle(broker.runner(Keeper(act)))
    assert broker.committed("heimdall.keeper") == {}


def test_the_most_urgent_record_in_hand_goes_first(broker):
    fill(broker, 1, 2, 3, 9)
    crowd = Crowd()
    run_until_idle(broker.runner(crowd))
    assert crowd.seen == [9, 1, 2, 3]
    assert broker.committed("heimdall.crowd")[P0] == 4


def test_a_batch_is_handed_over_by_count_and_by_age(broker):
    fill(broker, *range(25))
    lots = Lots()
    run_until_idle(broker.runner(lots))
    assert (lots.sizes, lots.seen) == ([10, 10, 5], list(range(25)))


def send_again(broker, n, redrive_id):
    value = b'{"n":%d}' % n
    marks = redrive.marks(
        topic=TOPIC, key=None, value=value, redrive_id=redrive_id, group=Lots.group(), count=1
    )
    broker.produce(TOPIC, value, partition=0, headers=marks)


@pytest.fixture
def atomic(monkeypatch):
    monkeypatch.setattr(Lots, "is_atomic", True)


@pytest.mark.usefixtures("atomic")
def test_redrives_are_handled_together_where_a_batch_that_fails_changed_nothing(broker):
    told = []
    fill(broker, 0, 1)
    for n in (2, 3):
        send_again(broker, n, f"r{n}")
    fill(broker, 4)
    lots = Lots(lambda batch: told.append(batch.redrives))
    run_until_idle(broker.runner(lots))
    assert (lots.sizes, lots.seen) == ([5], [0, 1, 2, 3, 4])
    assert told == [{2: Redrive("r2", 1), 3: Redrive("r3", 1)}]
    assert broker.books.redrives == {"r2": "ok", "r3": "ok"}


@pytest.mark.usefixtures("atomic")
def test_two_copies_of_a_redrive_in_one_batch_are_handled_once(broker):
    fill(broker, 0)
    for redrive_id in ("r1", "r2", "r1"):
        send_again(broker, 1, redrive_id)
    fill(broker, 2)
    lots = Lots()
    run_until_idle(broker.runner(lots))
    assert (lots.sizes, lots.seen) == ([3, 1], [0, 1, 1, 2])
    assert broker.books.counted(Lots.group()) == {"stored": 4, "duplicate": 1}


@pytest.mark.usefixtures("atomic")
def test_of_redrives_in_a_batch_the_one_that_fails_comes_back_and_the_others_are_handled(broker):
    def act(batch):
        if any(note.n == 6 for note in batch.events):
            raise RuntimeError("one of you")

    for n in range(10):
        send_again(broker, n, f"r{n}")
    lots = Lots(act)
    run_until_idle(broker.runner(lots))
    assert sorted(lots.seen) == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    assert [r.value for r in broker.records("dlq.failed")] == [b'{"n":6}']
    assert broker.books.redrives == {f"r{n}": "failed" if n == 6 else "ok" for n in range(10)}


@pytest.mark.parametrize(
    ("effects", "is_atomic"),
    [(Effects.IDEMPOTENT, False), (Effects.NEEDS_KEY, True), (Effects.UNSAFE, True)],
)
def test_a_redrive_that_must_not_be_handled_twice_is_handled_alone(broker, effects, is_atomic, monkeypatch):
    monkeypatch.setattr(Lots, "effects", effects)
    monkeypatch.setattr(Lots, "is_atomic", is_atomic)
    fill(broker, 0, 1)
    for n in (2, 3):
        send_again(broker, n, f"r{n}")
    fill(broker, 4)
    lots = Lots()
    run_until_idle(broker.runner(lots))
    assert (lots.sizes, lots.seen) == ([2, 1, 1, 1], [0, 1, 2, 3, 4])


def test_a_batch_that_fails_as_a_whole_is_halved_until_the_culprit_stands_alone(broker):
    def act(batch):
        if any(note.n == 6 for note in batch.events):
            raise RuntimeError("one of you")

    fill(broker, *range(10))
    lots = Lots(act)
    run_until_idle(broker.runner(lots))
    assert sorted(lots.seen) == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    assert [r.value for r in broker.records("dlq.failed")] == [b'{"n":6}']


def test_a_batch_handler_may_reject_single_records(broker):
    def act(batch):
        for record, note in zip(batch.records, batch.events, strict=True):
            if note.n == 3:
                batch.reject(record, InvalidMessage("column n: too large"))
            elif note.n == 4:
                batch.settle(record, DUPLICATE)

    fill(broker, *range(10))
    run_until_idle(broker.runner(Lots(act)))
    assert broker.books.counted("heimdall.lots") == {"stored": 8, "duplicate": 1, "dead_lettered": 1}


def test_what_a_batch_handler_leaves_is_offered_again_and_not_committed_before(broker):
    calls = []

    def act(batch):
        calls.append([note.n for note in batch.events])
        if len(calls) == 1:
            batch.reject(batch.records[1], InvalidMessage("column n: too large"))
            batch.leave_from(batch.records[6])
            assert broker.committed("heimdall.lots") == {}

    fill(broker, *range(10))
    run_until_idle(broker.runner(Lots(act)))
    assert calls == [list(range(10)), [6, 7, 8, 9]]
    assert broker.books.counted("heimdall.lots") == {"stored": 9, "dead_lettered": 1}


def test_records_of_a_batch_that_do_not_decode_end_alone_and_the_handler_sees_the_others(broker):
    fill(broker, 0, 1)
    for value in (b'{"n":1}{"n":2}', None, b'{"n":"x"}'):
        broker.produce(TOPIC, value, partition=0)
    fill(broker, 5)
    lots = Lots()
    run_until_idle(broker.runner(lots))
    assert lots.seen == [0, 1, 5]
    assert [r.value for r in broker.records("dlq.failed")] == [b'{"n":1}{"n":2}', None, b'{"n":"x"}']


def test_a_consumer_may_say_more_about_a_record_that_does_not_decode(broker):
    class Explains(Lots):
        def explain(self, record, error):
            return InvalidMessage(f"{record.offset}: {type(error).__name__}")

    broker.produce(TOPIC, b"{}", partition=0)
    run_until_idle(broker.runner(Explains()))
    [letter] = broker.records("dlq.failed")
    assert letter.header("error_message") == "0: ContractViolation"


def test_a_full_buffer_is_handed_over_though_no_batch_is_due(broker):
    class Narrow(Lots):
        max_buffer = 12

    for partition in range(3):
        fill(broker, *range(9), partition=partition)
    lots = Narrow()
    runner = broker.runner(lots)
    began = broker.clock.monotonic()
    while len(lots.seen) < 15:
        runner.turn(0.05)
    assert broker.clock.monotonic() - began < lots.batch.seconds
    run_until_idle(runner)
    assert len(lots.seen) == 27


def test_a_database_that_is_away_delays_the_commit_and_loses_nothing(broker):
    fill(broker, 1, 2)
    runner = broker.runner(Keeper())
    broker.books.down = True
    for _ in range(50):
        runner.turn(0.1)
    assert broker.committed("heimdall.keeper") == {}
    broker.books.down = False
    run_until_idle(runner)
    assert broker.books.counted("heimdall.keeper") == {"stored": 2}


def test_a_commit_that_fails_is_repeated_and_counts_nothing_twice(broker):
    fill(broker, 1, 2)
    runner = broker.runner(Keeper())
    runner._broker.commit_fails = True
    for _ in range(50):
        runner.turn(0.1)
    runner._broker.commit_fails = False
    run_until_idle(runner)
    assert broker.committed("heimdall.keeper")[P0] == 2
    assert broker.books.counted("heimdall.keeper") == {"stored": 2}


def test_draining_commits_what_is_finished_and_leaves_the_group(broker):
    fill(broker, 1, 2, 3)
    runner = broker.runner(Keeper())
    runner.turn()
    assert runner.drain()
    assert broker.members("heimdall.keeper") == []
    assert broker.committed("heimdall.keeper").get(P0) == 3


def test_a_handler_that_exceeds_its_budget_ends_the_worker(broker):
    runner = broker.runner(Keeper())
    fill(broker, 1)
    runner.turn()
    from concurrent.futures import Future

    from heimdall_project.streams.units import Load, Unit

    stuck = Unit(P0, 1, [], call_began=broker.clock.monotonic())
    runner._running[Future()] = Load([stuck])
    broker.clock.advance(Keeper.handler_budget + 1)
    with pytest.raises(Overrun):
        runner.turn()
