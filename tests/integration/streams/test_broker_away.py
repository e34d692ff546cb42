"""Without a broker."""

import pytest

from heimdall_project.errors import DeliveryFailed, TransientError
from heimdall_project.streams import broker
from heimdall_project.streams.broker import SharedProducer
from heimdall_project.streams.records import Outgoing
from heimdall_project.streams.topics import Topic


@pytest.fixture(autouse=True)
def nobody_answers(settings, monkeypatch):
    """An address where nothing listens."""
    settings.KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:1"
    monkeypatch.setattr(broker.administration, "_admin", None)


def test_asking_for_it_is_transient():
    with pytest.raises(TransientError, match="kafka"):
        broker.probe(0.5)


def test_publishing_fails_record_by_record_when_its_time_is_over():
    answers = broker.producer(delivery_timeout=1.0).publish([Outgoing("log-events", b"v")] * 2)
    assert [type(answer) for answer in answers] == [DeliveryFailed] * 2


class Closed:
    """A client that nobody may ask any more."""

    def flush(self, seconds: float) -> int:
        raise AssertionError("it was closed before")


def failed() -> SharedProducer:
    """A producer that never reached a broker, and gave up a record."""
    shared = SharedProducer(timeout=1, most_records=1)
    flight = shared.send(Topic.PAGE_VIEWS, [(b"k", b"v")], [], number=1, ended=lambda _: None)
    assert flight.wait(60) and not flight.is_acknowledged
    return shared


def test_a_producer_under_way_with_nothing_does_not_wait_for_the_broker_when_it_is_closed():
    shared = failed()
    assert shared.close(3600) == 0


def test_a_producer_that_was_closed_listens_to_its_client_no_more():
    shared = failed()
    shared.close(10)
    shared._client = Closed()
    assert shared.close(10) == 0
