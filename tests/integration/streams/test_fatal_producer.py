"""A client of the intake that cannot go on: its records are answered, and the next request has another."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import KafkaError, KafkaException
from pytest_django import Settings

from heimdall_project.streams import broker, topics
from heimdall_project.streams.broker import Flight, SharedProducer
from heimdall_project.streams.topic_admin import create_missing, survey
from heimdall_project.streams.topics import Topic

FATAL = KafkaError(KafkaError._FATAL, "a sequence number was lost", True)


@pytest.fixture
def shared(settings: Settings) -> Iterator[SharedProducer]:
    """A producer that waits long enough for others to be sent together, and a topic of its own."""
    settings.KAFKA_TOPIC_PREFIX = f"{settings.KAFKA_TOPIC_PREFIX}fatal-{uuid4().hex[:8]}."
    specs = [topics.spec(Topic.PAGE_VIEWS)]
    create_missing(broker.admin(), specs, survey(broker.admin(), specs))
    settings.INGEST_LINGER_MS = 1000
    made = SharedProducer(timeout=30, most_records=100)
    yield made
    made.close(10)
    broker.admin().delete([Topic.PAGE_VIEWS])


def send(shared: SharedProducer, number: int = 1) -> Flight:
    pairs = [(b"k", b"v")] * number
    return shared.send(Topic.PAGE_VIEWS, pairs, [], number=number, ended=lambda _: None)


class Broken:
    """The real client, which refuses whatever it is given from now on."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def produce(self, *_: Any) -> None:
        raise KafkaException(FATAL)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def test_records_of_a_client_that_tells_of_a_fatal_error_are_not_accepted_and_the_next_are(
    shared: SharedProducer,
) -> None:
    caught = send(shared, 3)
    before = shared._client
    shared._client_error(FATAL)
    assert caught.wait(20) and not caught.is_acknowledged and len(caught.failures) == 3
    after = send(shared)
    assert after.wait(20) and after.is_acknowledged
    assert shared._client is not before


def test_a_client_that_refuses_fatally_is_replaced_before_the_next_request(shared: SharedProducer) -> None:
    first = send(shared)
    shared._client = Broken(shared._client)
    refused = send(shared, 2)
    assert refused.wait(0) and refused.unsent == 0 and not refused.is_acknowledged
    after = send(shared)
    assert after.wait(20) and after.is_acknowledged
    assert first.wait(20)


def test_an_error_that_is_not_fatal_replaces_nothing(shared: SharedProducer) -> None:
    sent = send(shared)
    before = shared._client
    shared._client_error(KafkaError(KafkaError._TRANSPORT, "a broker is away"))
    assert sent.wait(20) and sent.is_acknowledged and shared._client is before
