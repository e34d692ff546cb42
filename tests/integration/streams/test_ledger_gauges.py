"""What is in flight, as gauges."""

import math

import pytest
from prometheus_client import REGISTRY

from heimdall_project.streams import broker
from heimdall_project.streams.ledger_gauges import EVERY, LedgerGauges
from heimdall_project.streams.records import Outgoing
from heimdall_project.streams.testing import FakeClock

pytestmark = pytest.mark.django_db
LABELS = {"group": "heimdall.analysis-worker", "topic": "analysis.request"}


def in_flight():
    return REGISTRY.get_sample_value("heimdall_ledger_in_flight", LABELS)


def test_it_is_measured_though_no_worker_runs_and_not_more_often_than_asked(own_topics):
    clock = FakeClock()
    gauges = LedgerGauges(clock)
    broker.producer().publish([Outgoing("analysis.request", b"v")] * 3)
    gauges.refresh()
    assert in_flight() == 3
    broker.producer().publish([Outgoing("analysis.request", b"v")] * 2)
    gauges.refresh()
    assert in_flight() == 3
    clock.advance(EVERY)
    gauges.refresh()
    assert in_flight() == 5


def test_it_is_no_number_while_the_broker_is_away(settings, monkeypatch):
    settings.KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:1"
    monkeypatch.setattr(broker.administration, "_admin", None)
    LedgerGauges(FakeClock()).refresh()
    assert math.isnan(in_flight())
