"""The world in memory behaves as the real one where the runtime relies on it."""

import pytest

from heimdall_project.errors import DeliveryFailed, OffsetGap, TransientError
from heimdall_project.streams.flood import Window
from heimdall_project.streams.offsets import Run, Span
from heimdall_project.streams.outcomes import STORED
from heimdall_project.streams.records import Delivered, Outgoing, Partition
from heimdall_project.streams.testing import InMemoryBooks, InMemoryBroker

TOPIC = "analysis.request"
P0, P1, P2 = (Partition(TOPIC, number) for number in range(3))


class Listener:
    """Keeps what it is told; reads from the committed offset or the beginning."""

    def __init__(self, consumer):
        self.consumer, self.told = consumer, []

    def assigned(self, partitions):
        self.told.append(("assigned", *partitions))
        return {place: offset or 0 for place, offset in self.consumer.committed(partitions).items()}

    def revoked(self, partitions):
        self.told.append(("revoked", *partitions))

    def lost(self, partitions):
        self.told.append(("lost", *partitions))


@pytest.fixture
def broker():
    return InMemoryBroker()


def member(broker, group="g"):
    consumer = broker.consumer(group)
    listener = Listener(consumer)
    consumer.subscribe([TOPIC], listener)
    return consumer, listener.told


def fill(broker, count, *, place=P0):
    for _ in range(count):
        broker.produce(TOPIC, b"{}", partition=place.number)


def test_one_member_gets_every_partition_and_reads_each_in_order(broker):
    fill(broker, 3, place=P0)
    fill(broker, 2, place=P2)
    one, told = member(broker)
    assert [(each.place, each.offset) for each in one.poll(10, 0)] == [
        (P0, 0), (P0, 1), (P0, 2), (P2, 0), (P2, 1)
    ]  # fmt: skip
    assert told == [("assigned", P0, P1, P2)]


def test_a_partition_moves_only_after_its_owner_let_go_of_it(broker):
    one, told = member(broker)
    one.poll(1, 0)
    other, others = member(broker)
    other.poll(1, 0)
    assert others == []
    one.poll(1, 0)
    other.poll(1, 0)
    [(_, *moved)] = others
    assert told[-1] == ("revoked", *moved)


def test_groups_know_nothing_of_each_other(broker):
    fill(broker, 1)
    readers = [member(broker, group)[0] for group in ("g", "h")]
    assert [len(each.poll(9, 0)) for each in readers] == [1, 1]


def test_a_member_that_expired_loses_its_partitions_and_hears_of_it_when_it_polls(broker):
    one, told = member(broker)
    one.poll(1, 0)
    one.expire()
    other, _ = member(broker)
    other.poll(1, 0)
    assert len(told) == 1
    one.poll(1, 0)
    assert told[1] == ("lost", P0, P1, P2)


def test_the_commit_of_a_member_that_expired_is_refused(broker):
    one, _ = member(broker)
    one.poll(1, 0)
    one.commit({P0: 1})
    one.expire()
    with pytest.raises(TransientError):
        one.commit({P0: 2})
    assert broker.committed("g") == {P0: 1}


def test_the_answer_to_a_commit_comes_with_a_later_poll(broker):
    one, _ = member(broker)
    one.poll(1, 0)
    answer = one.commit_soon({P0: 1})
    assert (broker.committed("g"), answer.done()) == ({P0: 1}, False)
    one.poll(1, 0)
    assert answer.done()


def test_an_exception_out_of_poll_takes_its_records_along(broker):
    fill(broker, 2)
    one, _ = member(broker)
    one.raise_on_poll = RuntimeError()
    with pytest.raises(RuntimeError):
        one.poll(1, 0)
    assert [each.offset for each in one.poll(9, 0)] == [1]


def test_records_that_retention_deleted_before_they_were_read_are_a_gap(broker):
    fill(broker, 5)
    one, _ = member(broker)
    one.poll(2, 0)
    broker.truncate(P0, 4)
    assert one.watermarks(P0) == (4, 5)
    with pytest.raises(OffsetGap, match="2 records"):
        one.poll(2, 0)


def test_a_paused_partition_is_silent_until_it_is_resumed_or_comes_back(broker):
    fill(broker, 2)
    one, _ = member(broker)
    one.poll(1, 0)
    one.pause([P0])
    assert one.poll(9, 0) == []
    one.expire()
    assert len(one.poll(9, 0)) == 2


def test_an_idle_poll_lets_time_pass(broker):
    one, _ = member(broker)
    before = broker.clock.now()
    one.poll(1, 2.5)
    assert broker.clock.now() == before + 2.5


def test_publishing_to_a_topic_that_is_away_fails_record_by_record(broker):
    broker.unavailable.add("dlq.failed")
    answers = broker.producer().publish([Outgoing("dlq.failed", b"x"), Outgoing(TOPIC, b"x", key=b"k")])
    assert [type(each) for each in answers] == [DeliveryFailed, Delivered]


def test_the_same_key_goes_to_the_same_partition(broker):
    assert len({broker.produce(TOPIC, b"x", key=b"k7").place for _ in range(5)}) == 1


def settle(books, start, end):
    span = Span(P0, start, end, (Run(start, end - 1, 0, "http", STORED),))
    books.settle("g", [span], topic_ids={}, window=Window(0.0))


def test_the_books_count_each_offset_once(broker):
    books = InMemoryBooks()
    for start, end in ((0, 5), (0, 5), (2, 8), (0, 3)):
        settle(books, start, end)
    assert (books.counted("g"), books.balances("g")) == ({"stored": 8}, True)
    assert books.cursors("g", [P0])[P0].next_offset == 8


def test_a_redrive_that_is_ok_stays_ok_and_is_begun_once():
    books = InMemoryBooks()
    record = InMemoryBroker().produce(TOPIC, b"x", partition=0)
    assert [books.redrive_begun("g", "r", record) for _ in range(2)] == [True, False]
    assert books.redrive_status(["r", "other"]) == {"r": "started"}


def test_books_that_are_down_say_so():
    books = InMemoryBooks()
    books.down = True
    with pytest.raises(TransientError):
        settle(books, 0, 1)
