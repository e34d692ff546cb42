"""A dependency that goes away for some seconds while records keep coming."""

import signal
from dataclasses import replace
from threading import Event

import pytest

from docker.local import Kafka, Postgres
from heimdall_project.streams.exit_codes import ExitCode
from tests.probe_workers.harness import eventually

from .load import load
from .world import TABLES, World, ended, said

WORKER = "probe-record"


def test_a_worker_waits_for_its_database_keeps_its_partitions_and_loses_nothing(
    world_on_postgres: World, postgres: Postgres
) -> None:
    world = world_on_postgres
    with world.run(WORKER) as process, load(world, a_second=60) as told:
        eventually(lambda: len(world.stored(WORKER)) > 20)
        postgres.stop()
        eventually(lambda: len(process.lines("handler_waits")) >= 4, "four tries")
        postgres.start()
        handled = len(world.stored(WORKER))
        eventually(lambda: len(world.stored(WORKER)) > handled)
        process.wait_for_line("settle_waits")
        assert len(process.lines("partitions_assigned")) == 1
    with world.run(WORKER):
        world.await_through(WORKER)
    assert world.stored(WORKER) == set(told.acked)
    assert world.dead_letters() == []
    world.assert_balanced(WORKER)


def test_a_worker_without_its_database_still_leaves_when_it_is_asked_to(
    world_on_postgres: World, postgres: Postgres
) -> None:
    world = world_on_postgres
    names = world.fill(50)
    world.note("slow", "hold")
    with world.run(WORKER, WORKER_DRAIN_BUDGET="5") as process:
        process.wait_for("holding-slow")
        postgres.stop()
        process.leave("go")
        process.wait_for_line("handler_waits")
        process.send(signal.SIGTERM)
        ended(process, ExitCode.DONE)
    postgres.start()
    with world.run(WORKER) as again:
        again.leave("go")
        world.await_through(WORKER)
    assert world.stored(WORKER) == {*names, "slow"}
    world.assert_balanced(WORKER)


def test_a_broker_restarted_under_load_loses_nothing_that_it_acknowledged(
    world_on_kafka: World, kafka: Kafka
) -> None:
    world = world_on_kafka
    with world.run(WORKER, "probe-other") as processes:
        with load(world, a_second=100) as told:
            eventually(lambda: len(world.stored(WORKER)) > 50)
            kafka.restart()
            mark = len(told.acked)
            eventually(lambda: len(told.acked) > mark + 100)
        world.await_through(WORKER)
        world.await_through("probe-other")
        processes.send(signal.SIGTERM)
        ended(processes, ExitCode.DONE)
    assert told.refused == []
    for worker in (WORKER, "probe-other"):
        assert world.stored(worker) == set(told.acked)
        world.assert_balanced(worker)


@pytest.mark.slow
def test_a_broker_killed_again_and_again_loses_nothing_that_it_acknowledged(
    world_on_kafka: World, kafka: Kafka
) -> None:
    world = world_on_kafka
    with world.run(WORKER, "probe-other"):
        with load(world, a_second=100) as told:
            for _ in range(4):
                mark = len(told.acked)
                eventually(lambda mark=mark: len(told.acked) > mark + 100)  # type: ignore[misc]
                kafka.kill()
                kafka.start()
        for worker in (WORKER, "probe-other"):
            world.await_through(worker)
            assert world.stored(worker) == set(told.acked)
            world.assert_balanced(worker)


def test_a_worker_without_its_broker_still_leaves_when_it_is_asked_to(
    world_on_kafka: World, kafka: Kafka
) -> None:
    world = world_on_kafka
    names = world.fill(50)
    world.note("slow", "hold")
    with world.run(
        WORKER, WORKER_DRAIN_BUDGET="2", WORKER_STOP_GRACE="8", KAFKA_SESSION_TIMEOUT="2"
    ) as process:
        process.wait_for("holding-slow")
        kafka.stop()
        process.leave("go")
        eventually(lambda: "slow" in world.stored(WORKER))
        process.send(signal.SIGTERM)
        assert process.exit_code() in (ExitCode.DONE, ExitCode.ABANDONED)
    kafka.start()
    with world.run(WORKER, KAFKA_SESSION_TIMEOUT="2") as again:
        again.leave("go")
        world.await_through(WORKER)
    assert world.stored(WORKER) == {*names, "slow"}
    world.assert_balanced(WORKER)


@pytest.mark.slow
@pytest.mark.parametrize("server", ["postgres", "kafka"])
def test_a_server_that_hangs_and_comes_back_costs_no_record(
    world_on_kafka: World, kafka: Kafka, postgres: Postgres, server: str
) -> None:
    postgres.start()
    world = replace(world_on_kafka, database=postgres.instance.environment()["DATABASE_URL"])
    world.manage("migrate", "--verbosity=0")
    world.ask(TABLES)
    hanging = postgres if server == "postgres" else kafka
    with world.run(WORKER, "probe-batch", KAFKA_SESSION_TIMEOUT="3") as supervisor:
        with load(world, a_second=60) as told:
            for _ in range(3):
                mark = len(world.stored(WORKER))
                eventually(lambda mark=mark: len(world.stored(WORKER)) > mark + 30)  # type: ignore[misc]
                hanging.freeze()
                Event().wait(6)  # longer than a session; nothing can be asked meanwhile
                hanging.thaw()
        world.await_through(WORKER)
        world.await_through("probe-batch")
        supervisor.send(signal.SIGTERM)
        ended(supervisor, ExitCode.DONE)
    for worker in (WORKER, "probe-batch"):
        assert world.stored(worker) == set(told.acked)
        world.assert_balanced(worker)
    assert world.dead_letters() == []


def test_a_record_that_waits_for_ever_can_be_passed_by_on_an_operators_order(
    world: World, people: object
) -> None:
    stuck = world.note("stuck", "down")
    names = world.fill(20)
    with world.run(WORKER):
        eventually(lambda: world.registry(WORKER)[0] == "waiting")
        place = ("--topic", stuck.topic, "--partition", str(stuck.partition), "--offset", str(stuck.offset))
        world.manage("consumer", "skip", WORKER, "--user", "omar", "--reason", "never mind", *place)
        world.await_through(WORKER)
    [letter] = world.dead_letters()
    assert (letter.value, said(letter)["error_class"]) == (stuck.value, "SkippedByOperator")
    assert world.stored(WORKER) == set(names)
    world.assert_balanced(WORKER)
