"""Without a broker."""

import pytest

from heimdall_project.errors import DeliveryFailed, TransientError
from heimdall_project.streams import broker
from heimdall_project.streams.records import Outgoing


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
