"""The relay and a broker that hangs, dies and comes back."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from time import sleep

import pytest
from prometheus_client import REGISTRY
from pytest_django import Settings

from docker.local import private_instance
from docker.local.kafka import Kafka
from heimdall_project.streams import broker, topics
from heimdall_project.streams.topics import Topic
from tests.integration.outbox.world import beside, first_occurrences, read, relay, unsent, until, write

pytestmark = pytest.mark.django_db(transaction=True)
KEYS = ("a", "b", "c")


@pytest.fixture
def kafka(settings: Settings) -> Iterator[Kafka]:
    """A broker that this test may hurt."""
    with tempfile.TemporaryDirectory(prefix="heimdall-relay-") as home:
        server = Kafka(private_instance(Path(home)))
        try:
            server.start()
            settings.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{server.port}"
            broker.TopicAdmin().create([topics.spec(Topic.ANALYSIS_REQUEST)])
            yield server
        finally:
            server.destroy()


def refusals() -> float:
    return REGISTRY.get_sample_value("heimdall_outbox_failed_total", {"topic": Topic.ANALYSIS_REQUEST}) or 0.0


def kill_and_start(kafka: Kafka) -> None:
    kafka.kill()
    kafka.start()


@pytest.mark.parametrize("come_back", [Kafka.restart, pytest.param(kill_and_start, marks=pytest.mark.slow)])
def test_a_broker_that_hangs_and_comes_back_under_load_costs_neither_events_nor_order(
    kafka: Kafka, come_back: Callable[[Kafka], None]
) -> None:
    written: list[str] = []
    stop = Event()

    def keep_writing() -> None:
        while not stop.is_set():
            name = str(len(written))
            for key in KEYS:
                write(f"{key}-{name}", key=key)
            written.append(name)
            sleep(0.01)

    def keep_relaying() -> None:
        mine = relay()
        while not (stop.is_set() and unsent() == []):
            mine.step(Event())
        mine.close()

    with beside(keep_relaying), beside(keep_writing):
        until(lambda: len(written) > 50)
        before = refusals()
        kafka.freeze()
        until(lambda: refusals() > before)
        kafka.thaw()
        mark = len(written)
        until(lambda: len(written) > mark + 50)
        come_back(kafka)
        stop.set()
    arrived = [((record.key or b"").decode(), (record.value or b"").decode()) for record in read()]
    for key in KEYS:
        names = first_occurrences([name for its_key, name in arrived if its_key == key])
        assert names == [f"{key}-{name}" for name in written]
