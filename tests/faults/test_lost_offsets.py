"""A broker that no longer has what was committed."""

import signal

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from heimdall_project.streams import broker, topics
from heimdall_project.streams.exit_codes import ExitCode
from heimdall_project.streams.models import WorkerProcess
from tests.probe_workers.harness import eventually

from .world import TOPIC, World, ended

WORKER = "probe-record"
HALTED = WorkerProcess.State.HALTED


def work_through(world: World) -> None:
    """Let the worker handle what is there, and stop it."""
    with world.run(WORKER) as process:
        world.await_through(WORKER)
        process.send(signal.SIGTERM)
        ended(process, ExitCode.DONE)


def retention_deletes(world: World, before: int) -> None:
    """As if the records before an offset had grown too old, in every partition."""
    client = AdminClient({"bootstrap.servers": world.bootstrap})
    places = [TopicPartition(topics.physical(TOPIC), number, before) for number in range(3)]
    for future in client.delete_records(places).values():
        future.result(10)


def test_a_committed_offset_that_the_broker_no_longer_has_stops_with_the_size_of_the_gap(
    world: World,
) -> None:
    for _ in range(5):
        world.note("before")
    work_through(world)
    committed = world.committed(WORKER)
    world.fill(90)
    retention_deletes(world, before=12)
    with world.run(WORKER) as process:
        ended(process, ExitCode.ON_PURPOSE)
    state, reason = world.registry(WORKER)
    assert state == HALTED
    assert "records were deleted before they were read" in reason
    assert any(f"; {12 - committed.get(place, 0)} records" in reason for place in world.ends())
    assert world.committed(WORKER) == committed


def test_records_deleted_under_a_running_worker_stop_it_too(world: World) -> None:
    with world.run(WORKER) as process:
        world.note("first", "hold")
        process.wait_for("holding-first")
        world.fill(12_000, size=4000)  # far more than the client may have fetched ahead
        retention_deletes(world, before=3700)
        process.leave("go")
        ended(process, ExitCode.ON_PURPOSE)
    assert "records were deleted before they were read" in world.registry(WORKER)[1]


def recreate(world: World, records: int) -> None:
    """Delete the topic and make it anew, with so many records."""
    broker.admin().delete([TOPIC])
    eventually(lambda: not broker.admin().describe([TOPIC]))
    world.create(TOPIC)
    world.fill(records, "anew")


def test_a_topic_that_was_recreated_stops_the_worker_though_its_offsets_exist(world: World) -> None:
    world.fill(30)
    work_through(world)
    recreate(world, 300)
    with world.run(WORKER) as process:
        ended(process, ExitCode.ON_PURPOSE)
    assert world.registry(WORKER)[0] == HALTED
    assert "the topic was recreated" in world.registry(WORKER)[1]
    assert len(world.calls(WORKER)) == 30


def test_a_topic_recreated_under_a_running_worker_stops_it(world: World) -> None:
    world.fill(30)
    with world.run(WORKER) as process:
        world.await_through(WORKER)
        recreate(world, 300)
        ended(process, ExitCode.ON_PURPOSE)
    assert "recreated" in world.registry(WORKER)[1]
