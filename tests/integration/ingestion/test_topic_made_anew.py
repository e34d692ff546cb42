"""Closing the books of a topic that was deleted and made anew."""

from typing import Any

import pytest
from confluent_kafka import Consumer
from pytest_django import Settings

from heimdall_project.accounts.models import AuditEvent
from heimdall_project.errors import Conflict
from heimdall_project.streams import broker, control, topics
from heimdall_project.streams.books import DjangoBooks
from heimdall_project.streams.flood import Window
from heimdall_project.streams.ledger import Pair, ledger_balance
from heimdall_project.streams.models import ConsumerCursor, LedgerEntry, SkipRequest, TopicEnd
from heimdall_project.streams.offsets import Run, Span
from heimdall_project.streams.outcomes import STORED
from heimdall_project.streams.records import Delivered, Outgoing, Partition
from heimdall_project.streams.topics import Topic
from tests.people import People
from tests.probe_workers.harness import eventually

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_topics")]
WRITER, GROUP, TOPIC = "clickhouse-writer", "heimdall.clickhouse-writer", Topic.PAGE_VIEWS
ORDER: dict[str, Any] = {"worker": WRITER, "topic": TOPIC, "reason": "the topic was made anew on purpose"}


def publish() -> int:
    """A record; its partition."""
    [answer] = broker.producer().publish([Outgoing(TOPIC, b"{}", b"key", [])])
    assert isinstance(answer, Delivered)
    return answer.partition


def counted(partition: int, *, topic_id: str, records: int = 9) -> None:
    span = Span(Partition(TOPIC, partition), 0, records, (Run(0, records - 1, 1, "http", STORED),))
    DjangoBooks().settle(GROUP, [span], topic_ids={TOPIC: topic_id}, window=Window(0.0))


def here() -> str:
    return broker.admin().ids([TOPIC])[TOPIC]


def test_the_books_are_put_aside_and_a_new_life_begins(people: People) -> None:
    place = publish()
    counted(place, topic_id="gone")
    SkipRequest.objects.create(worker=WRITER, topic=TOPIC, partition=place, offset=20, reason="poison")
    control.topic_begin_anew(actor=people.ada, **ORDER)
    assert list(ConsumerCursor.objects.values_list("topic", "next_offset")) == [(f"{TOPIC}@gone", 9)]
    assert list(LedgerEntry.objects.values_list("topic", "count")) == [(f"{TOPIC}@gone", 9)]
    assert not SkipRequest.objects.exists()
    balance = ledger_balance(pair=Pair(TOPIC, GROUP))
    assert (balance.problems, balance.in_flight) == ([], 1)
    outcome = AuditEvent.objects.get(kind="outcome")
    assert outcome.detail["closed"] == [{"partition": place, "next_offset": 9, "kept_as": f"{TOPIC}@gone"}]


def test_what_a_member_counted_of_the_new_topic_already_stays(people: People) -> None:
    place = publish()
    counted(place, topic_id=here(), records=1)
    counted((place + 1) % 6, topic_id="gone")
    control.topic_begin_anew(actor=people.ada, **ORDER)
    assert ConsumerCursor.objects.get(topic=TOPIC).partition == place


def test_a_topic_that_is_the_one_it_was_has_nothing_to_close(people: People) -> None:
    counted(publish(), topic_id=here(), records=1)
    with pytest.raises(Conflict, match="are those of the topic"):
        control.topic_begin_anew(actor=people.ada, **ORDER)
    assert ConsumerCursor.objects.filter(topic=TOPIC).exists()


def test_while_a_member_of_the_group_is_at_work_nothing_is_closed(people: People, settings: Settings) -> None:
    counted(publish(), topic_id="gone")
    client = Consumer({"bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS, "group.id": GROUP})
    client.subscribe([topics.physical(TOPIC)])
    try:
        eventually(lambda: client.poll(0.1) or client.assignment(), "a member with partitions")
        with pytest.raises(Conflict, match="still at work"):
            control.topic_begin_anew(actor=people.ada, **ORDER)
    finally:
        client.close()
    assert ConsumerCursor.objects.filter(topic=TOPIC).exists()
    control.topic_begin_anew(actor=people.ada, **ORDER)
    assert not ConsumerCursor.objects.filter(topic=TOPIC).exists()


def test_a_new_topic_without_a_record_is_waited_for(people: People) -> None:
    """Since the time of its first record tells what is stored of the one from what is stored of the other."""
    counted(0, topic_id="gone")
    with pytest.raises(Conflict, match="no record yet"):
        control.topic_begin_anew(actor=people.ada, **ORDER)
    assert not TopicEnd.objects.exists()
