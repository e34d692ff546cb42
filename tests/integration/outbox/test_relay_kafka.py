"""The relay between PostgreSQL and Kafka."""

from collections import defaultdict
from itertools import chain
from random import Random
from threading import Event

import pytest
from django.db import transaction
from pytest_django import Settings

from heimdall_project.streams import broker, outbox, topics
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.outbox import NewEvent
from heimdall_project.streams.topics import Topic

from .world import (
    GO_ON,
    SCHEMA,
    beside,
    expire_lease,
    first_occurrences,
    read,
    relay,
    unsent,
    until,
    values,
    write,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_topics")]
NAMES = [f"n{number}" for number in range(50)]


def drained() -> bool:
    return unsent() == []


def test_events_arrive_with_key_headers_and_bytes_and_say_where_they_are() -> None:
    write("one", key="clé")
    relay().step(GO_ON)
    [record] = read()
    row = OutboxMessage.objects.get()
    assert (record.key, record.value, record.header("event_id")) == ("clé".encode(), b"one", "one")
    assert (row.partition, row.offset) == (record.partition, record.offset)


def test_each_key_arrives_in_order_of_its_commits() -> None:
    draw = Random(7)
    keys = "abcde"
    with transaction.atomic():
        outbox.publish_many(
            [
                NewEvent(topic=Topic.ANALYSIS_REQUEST, key=draw.choice(keys), event=b"%d" % n, schema=SCHEMA)
                for n in range(2000)
            ]
        )
    leading = relay(batch=300)
    until(drained, doing=lambda: leading.step(GO_ON))
    arrived: dict[bytes | None, list[int]] = defaultdict(list)
    for record in read():
        arrived[record.key].append(int(record.value or b""))
    assert all(numbers == sorted(numbers) for numbers in arrived.values())
    assert sorted(chain(*arrived.values())) == list(range(2000))


def test_an_event_as_large_as_the_topic_takes_arrives() -> None:
    most = topics.spec(Topic.ANALYSIS_REQUEST).max_bytes
    room = outbox.record_size(
        b"a", b"", {"event_id": "x", "schema": SCHEMA, "correlation_id": "x", "source": "outbox"}
    )
    value = Random(1).randbytes(most - room)
    with transaction.atomic():
        outbox.publish(topic=Topic.ANALYSIS_REQUEST, key="a", event=value, schema=SCHEMA, event_id="x")
    relay().step(GO_ON)
    assert [record.value for record in read()] == [value]


def test_two_relays_at_once_publish_each_event_once() -> None:
    write(*NAMES)
    stop = Event()

    def run() -> None:
        mine = relay(batch=7)
        while not stop.is_set():
            mine.step(stop)
        mine.close()

    with beside(run), beside(run):
        until(drained)
        stop.set()
    assert values() == NAMES


def test_a_relay_that_was_replaced_repeats_but_neither_loses_nor_reorders() -> None:
    write(*NAMES)
    first, second = relay(batch=20), relay(batch=20)
    first.step(GO_ON)
    expire_lease()
    second.step(GO_ON)
    first.step(GO_ON)
    until(drained, doing=lambda: second.step(GO_ON))
    assert first_occurrences(values()) == NAMES


def test_events_written_while_kafka_is_away_are_published_in_order_later(
    settings: Settings,
) -> None:
    there = settings.KAFKA_BOOTSTRAP_SERVERS
    settings.KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:1"
    write(*NAMES)
    leading = relay()
    leading.step(GO_ON)
    assert unsent() == NAMES
    settings.KAFKA_BOOTSTRAP_SERVERS = there
    until(drained, doing=lambda: leading.step(GO_ON))
    assert values() == NAMES


@pytest.mark.usefixtures("uncompressed")
def test_a_record_that_the_broker_refuses_keeps_its_place_and_blocks_no_other_key() -> None:
    shrink(5_000)
    poison = b"x" * 10_000
    with transaction.atomic():
        outbox.publish(
            topic=Topic.ANALYSIS_REQUEST, key="poison", event=poison, schema=SCHEMA, event_id="poison"
        )
    write("next", key="poison")
    write(*NAMES, key="healthy")
    leading = relay()
    until(lambda: unsent() == ["poison", "next"], doing=lambda: leading.step(GO_ON))
    shrink(1_048_576)
    until(drained, doing=lambda: leading.step(GO_ON))
    assert values(key="healthy") == NAMES
    assert first_occurrences([value[:4] for value in values(key="poison")]) == ["xxxx", "next"]


def shrink(most: int) -> None:
    """Let the broker take records up to so many bytes; compressed, if the producer compresses."""
    broker.admin().alter_config(Topic.ANALYSIS_REQUEST, {"max.message.bytes": str(most)})


@pytest.fixture
def uncompressed(settings: Settings) -> None:
    """So that bytes sent are bytes written."""
    settings.KAFKA_COMPRESSION = "none"
