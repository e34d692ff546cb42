"""The verbs that fault tests use, on real servers with data of their own."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from docker.local import (
    Instance,
    Kafka,
    PortTakenError,
    Postgres,
    Redis,
    Service,
    ServiceFailedError,
    Stack,
)
from docker.local.process import load_record


@contextmanager
def running[S: Service](service: S) -> Iterator[S]:
    try:
        service.start()
        yield service
    finally:
        service.destroy()


def test_a_frozen_server_keeps_its_port_and_answers_nobody_until_it_is_thawed(instance: Instance) -> None:
    with running(Redis(instance)) as server:
        server.freeze()
        assert not server.is_ready() and server.record() is not None
        server.thaw()
        server.wait_ready()


def test_a_killed_server_is_gone_at_once_and_starts_again_on_its_data(instance: Instance) -> None:
    with running(Redis(instance)) as server, redis.Redis(port=server.port) as client:
        client.set("key", "value")
        server.kill()
        assert server.record() is None and not server.is_ready()
        server.start()
        assert client.get("key") == b"value"


def test_postgres_keeps_what_was_committed_before_a_kill(instance: Instance) -> None:
    address = instance.environment()["DATABASE_URL"]
    with running(Postgres(instance)) as server:
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        server.kill()
        server.start()
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_frozen_postgres_freezes_the_sessions_that_are_open_too(instance: Instance) -> None:
    with running(Postgres(instance)) as server:
        session = psycopg.pq.PGconn.connect(instance.environment()["DATABASE_URL"].encode())
        server.freeze()
        session.send_query(b"SELECT 1")
        assert not select.select([session.socket], [], [], 0.3)[0]
        server.thaw()
        assert select.select([session.socket], [], [], 10)[0]
        session.finish()


def test_kafka_keeps_acked_records_over_a_kill(instance: Instance) -> None:
    with running(Kafka(instance)) as server:
        settings: dict[str, str | int | float | bool] = {"bootstrap.servers": f"127.0.0.1:{server.port}"}
        admin = AdminClient(settings)
        admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result()
        producer = Producer(settings)
        producer.produce("kept", b"value")
        assert producer.flush(20) == 0
        server.kill()
        server.start()
        consumer = Consumer(settings | {"group.id": "reader", "auto.offset.reset": "earliest"})
        consumer.subscribe(["kept"])
        record = consumer.poll(30)
        consumer.close()
        assert record is not None and record.value() == b"value"


def test_a_stack_starts_once_and_is_found_by_whoever_asks(instance: Instance) -> None:
    stack = Stack(instance)
    try:
        assert {service.name for service in stack.start()} == {"kafka", "postgres", "redis", "clickhouse"}
        assert Stack(instance).start() == []
        stack.stop()
        assert [service.record() for service in stack.services] == [None] * 4
    finally:
        stack.destroy()


def test_a_server_that_ends_while_starting_is_reported_with_its_last_words(instance: Instance) -> None:
    server = Redis(instance)
    server.data.mkdir(parents=True)
    (server.data / "appendonlydir").write_text("a file where a directory should be")
    with pytest.raises(ServiceFailedError, match=r"(?s)redis ended while starting.*appendonlydir"):
        server.start()


def test_a_port_of_another_server_is_refused_before_anything_is_made(
    instance: Instance, tmp_path: Path
) -> None:
    other = Instance(name="private", home=tmp_path, ports=instance.ports)
    with running(Redis(instance)), pytest.raises(PortTakenError, match=r"redis-server \(pid \d+\)"):
        Redis(other).start()
    assert load_record(tmp_path / "run/redis.json") is None and not (tmp_path / "redis").exists()
