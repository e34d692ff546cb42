"""The client on a real broker: what the runtime relies on."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from heimdall_project.errors import DeliveryFailed, OffsetGap, RecordRefused, TransientError
from heimdall_project.streams import broker, topics
from heimdall_project.streams.broker import ConfluentConsumer
from heimdall_project.streams.records import Delivered, Outgoing, Partition, Record

TOPIC = "analysis.request"
P0, P1, P2 = PLACES = [Partition(TOPIC, number) for number in range(3)]
PATIENCE = 30.0
BROKERS = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
pytestmark = pytest.mark.usefixtures("own_topics")


class Listener:
    """Reads each partition from the committed offset, or from the beginning."""

    def __init__(self, consumer):
        self.consumer, self.held, self.lost_once, self.fails = consumer, set(), False, None

    def assigned(self, partitions):
        self.held.update(partitions)
        if self.fails:
            raise self.fails
        return {place: at or 0 for place, at in self.consumer.committed(partitions).items()}

    def revoked(self, partitions):
        self.held.difference_update(partitions)

    def lost(self, partitions):
        self.lost_once = True
        self.held.difference_update(partitions)


@contextmanager
def member(group=None) -> Iterator[tuple[ConfluentConsumer, Listener]]:
    """A member of a group of its own, or of `group`."""
    consumer = ConfluentConsumer(group or f"g-{uuid4().hex[:8]}")
    listener = Listener(consumer)
    consumer.subscribe([TOPIC], listener)
    try:
        yield consumer, listener
    finally:
        consumer.close()


def until(done, *consumers):
    """Poll these until `done()`; answers what they read."""
    read: list[Record] = []
    end = time.monotonic() + PATIENCE
    while not done(read):
        assert time.monotonic() < end, f"not done after {PATIENCE} s; read {len(read)} records"
        for consumer in consumers:
            read += consumer.poll(500, 0.05)
    return read


def publish(*values, key=b"k", **more):
    producer = broker.producer(**more)
    return producer.publish([Outgoing(TOPIC, value, key=key) for value in values])


def numbers(count):
    return [b"%d" % n for n in range(count)]


def delete_before(place, offset):
    """Delete records, as retention does."""
    client = AdminClient({"bootstrap.servers": BROKERS})
    wire = TopicPartition(topics.physical(place.topic), place.number, offset)
    for future in client.delete_records([wire]).values():
        future.result(10)


# --- publishing -------------------------------------------------------------------------------------------


def test_records_of_one_key_are_published_and_read_in_order():
    answers = publish(*numbers(2000))
    with member() as (consumer, _):
        read = until(lambda seen: len(seen) == 2000, consumer)
    assert [each.value for each in read] == numbers(2000)
    assert answers == [Delivered(each.topic, each.partition, each.offset) for each in read]


def test_what_is_read_is_what_was_published():
    headers = [("event_id", b"e1"), ("empty", b""), ("none", None), ("event_id", b"e2")]
    sent = [Outgoing(TOPIC, None, key=None), Outgoing(TOPIC, b"\xff\x00", key=b"\x00", headers=headers)]
    before = time.time() * 1000
    broker.producer().publish(sent)
    with member() as (consumer, _):
        read = until(lambda seen: len(seen) == 2, consumer)
    found = {each.key: each for each in read}
    assert (found[None].value, found[None].headers) == (None, None)
    assert (found[b"\x00"].value, found[b"\x00"].headers) == (b"\xff\x00", headers)
    assert all(abs(each.timestamp - before) < 600_000 and each.topic == TOPIC for each in read)


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    ],
)
def test_keys_land_where_java_producers_put_them(key, hashed):
    """Hashes as in the tests of the Java client."""
    [answer] = publish(b"v", key=key)
    assert isinstance(answer, Delivered)
    assert answer.partition == (hashed & 0x7FFFFFFF) % 3


def test_a_record_that_the_broker_refuses_fails_alone():
    large = os.urandom(2 * topics.spec(TOPIC).max_bytes)  # noise, since the topic bounds what is compressed
    answers = publish(b"a", large, b"b")
    assert [type(answer) for answer in answers] == [Delivered, RecordRefused, Delivered]


def test_a_topic_that_does_not_exist_is_a_failed_delivery_and_is_not_created(own_topics):
    [answer] = broker.producer(delivery_timeout=2.0).publish([Outgoing("log-events", b"v")])
    assert isinstance(answer, DeliveryFailed)
    assert broker.admin().describe(["log-events"]) == {}


# --- reading ----------------------------------------------------------------------------------------------


def test_a_poll_gives_no_more_than_it_was_asked_for():
    publish(*numbers(50))
    sizes: list[int] = []
    with member() as (consumer, _):
        while sum(sizes) < 50:
            sizes.append(len(consumer.poll(7, 0.2)))
    assert max(sizes) <= 7 and sum(sizes) == 50


def test_a_new_member_goes_on_where_the_group_committed():
    publish(*numbers(10))
    group = f"g-{uuid4().hex[:8]}"
    with member(group) as (consumer, _):
        [place] = {each.place for each in until(lambda seen: len(seen) == 10, consumer)}
        assert consumer.committed([place]) == {place: None}
        consumer.commit({place: 6})
    with member(group) as (consumer, _):
        read = until(lambda seen: len(seen) == 4, consumer)
        assert consumer.committed([place]) == {place: 6}
    assert [each.offset for each in read] == [6, 7, 8, 9]


def test_the_answer_to_a_commit_comes_with_a_later_poll():
    publish(*numbers(3))
    with member() as (consumer, _):
        [place] = {each.place for each in until(lambda seen: len(seen) == 3, consumer)}
        answer = consumer.commit_soon({place: 3})
        until(lambda _: answer.done(), consumer)
        assert (answer.result(), consumer.committed([place])) == (None, {place: 3})


def test_watermarks_are_those_of_the_broker():
    [answer, *_] = publish(*numbers(5))
    assert isinstance(answer, Delivered)
    place = Partition(TOPIC, answer.partition)
    delete_before(place, 2)
    with member() as (consumer, _):
        assert consumer.watermarks(place) == (2, 5)


def test_records_deleted_before_they_were_read_are_a_gap_and_are_not_skipped():
    publish(*numbers(20))
    group = f"g-{uuid4().hex[:8]}"
    with member(group) as (consumer, _):
        [place] = {each.place for each in until(lambda seen: len(seen) == 20, consumer)}
        consumer.commit({place: 20})
    publish(*numbers(20))
    delete_before(place, 35)
    with member(group) as (consumer, _), pytest.raises(OffsetGap) as raised:
        until(lambda _: False, consumer)
    assert (raised.value.committed, raised.value.low, raised.value.high) == (20, 35, 40)


def test_what_the_listener_raises_comes_out_of_poll():
    with member() as (consumer, listener):
        listener.fails = TransientError("postgresql", "down")
        with pytest.raises(TransientError):
            until(lambda _: False, consumer)


# --- groups -----------------------------------------------------------------------------------------------


def test_a_second_member_gets_a_share_and_nothing_is_read_by_both():
    publish_to_all()
    group = f"g-{uuid4().hex[:8]}"
    with member(group) as (one, first), member(group) as (other, second):
        until(lambda _: first.held and second.held and len(first.held | second.held) == 3, one, other)
        assert first.held.isdisjoint(second.held)


def publish_to_all():
    """A few records in each partition."""
    sent = [Outgoing(TOPIC, b"v", key=b"%d" % n) for n in range(60)]
    answers = broker.producer().publish(sent)
    assert {answer.partition for answer in answers if isinstance(answer, Delivered)} == {0, 1, 2}


def test_a_paused_partition_is_silent_until_it_is_resumed():
    with member() as (consumer, listener):
        until(lambda _: len(listener.held) == 3, consumer)
        consumer.pause([P1])
        publish_to_all()
        read = until(lambda seen: {each.place for each in seen} >= {P0, P2}, consumer)
        assert P1 not in {each.place for each in read}
        consumer.resume([P1])
        until(lambda seen: P1 in {each.place for each in seen}, consumer)


def test_a_partition_that_went_away_while_paused_is_read_when_it_comes_back():
    """The client itself would keep the pause for ever."""
    group = f"g-{uuid4().hex[:8]}"
    with member(group) as (one, first):
        until(lambda _: len(first.held) == 3, one)
        one.pause(PLACES)
        with member(group) as (other, second):
            until(lambda _: second.held, one, other)
            [moved] = second.held
        until(lambda _: len(first.held) == 3, one)
        publish_to_all()
        read = until(lambda seen: len(seen) > 0, one)
        assert {each.place for each in read} == {moved}


def test_a_member_that_was_thrown_out_may_not_commit(settings):
    settings.KAFKA_MAX_POLL_INTERVAL = settings.KAFKA_SESSION_TIMEOUT = 6.0
    publish(*numbers(3))
    group = f"g-{uuid4().hex[:8]}"
    with member(group) as (consumer, _):
        [place] = {each.place for each in until(lambda seen: len(seen) == 3, consumer)}
        stand_still_until_it_is_gone_from(group)
        with pytest.raises(TransientError, match="commit"):
            consumer.commit({place: 3})
    with member(group) as (consumer, _):
        assert consumer.committed([place]) == {place: None}


def stand_still_until_it_is_gone_from(group):
    """Poll nothing until the group has no members any more."""
    client, end = AdminClient({"bootstrap.servers": BROKERS}), time.monotonic() + PATIENCE
    while client.describe_consumer_groups([group])[group].result(10).members:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_the_id_of_a_topic_changes_when_it_is_recreated():
    with member() as (consumer, _):
        before = consumer.topic_ids([TOPIC])
        assert consumer.topic_ids([TOPIC, "log-events"]) == before
    broker.admin().delete([TOPIC])
    after, end = before, time.monotonic() + PATIENCE
    while after.keys() != before.keys() or after == before:
        assert time.monotonic() < end
        broker.admin().create([topics.spec(TOPIC)])
        after = {name: state.topic_id for name, state in broker.admin().describe([TOPIC]).items()}
