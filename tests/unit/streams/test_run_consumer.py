"""What `run_consumer` makes of its arguments."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from heimdall_project.errors import TransientError
from heimdall_project.streams import broker, launch, registry, supervisor
from heimdall_project.streams.consumer import Loop
from heimdall_project.streams.management.commands import run_consumer


@pytest.fixture(autouse=True)
def probe() -> Iterator[type[Loop]]:
    class Probe(Loop):
        """Does nothing, for a test."""

        name = "a-probe"

    yield registry.register(Probe)
    registry.forget(Probe.name)


def test_an_unknown_worker_is_named_with_the_known_ones() -> None:
    with pytest.raises(CommandError, match=r"no worker 'nobody'; there are: .*a-probe"):
        call_command("run_consumer", "nobody", skip_checks=True)


@pytest.fixture
def no_consumers(settings: LazySettings) -> None:
    settings.KAFKA_CONSUMER_ENABLED = False


@pytest.mark.usefixtures("no_consumers")
def test_without_kafka_consumers_all_means_the_loops_only() -> None:
    [found] = [run_consumer._named(["all"])]
    assert "a-probe" in {worker.name for worker in found}
    assert all(issubclass(worker, Loop) for worker in found)


@pytest.mark.usefixtures("no_consumers")
def test_without_kafka_consumers_naming_one_says_so() -> None:
    with pytest.raises(CommandError, match="job-results: KAFKA_CONSUMER_ENABLED is false"):
        call_command("run_consumer", "a-probe", "job-results", skip_checks=True)


def test_nothing_to_run_is_said() -> None:
    with pytest.raises(CommandError, match="Name a worker"):
        call_command("run_consumer", skip_checks=True)


@pytest.mark.parametrize("option", ["a-probe=0", "a-probe=many", "other=2", "a-probe"])
def test_numbers_of_processes_must_make_sense(option: str) -> None:
    with pytest.raises(CommandError, match="--processes"):
        call_command("run_consumer", "a-probe", processes=[option], skip_checks=True)


def test_the_list_shows_every_worker_even_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> dict[str, str]:
        raise TransientError("postgresql")

    monkeypatch.setattr(run_consumer, "states", unreachable)
    output = StringIO()
    call_command("run_consumer", "--list", stdout=output, skip_checks=True)
    [line] = [line for line in output.getvalue().splitlines() if line.startswith("a-probe ")]
    assert "Loop" in line and "unknown (no database)" in line and "Does nothing, for a test." in line


def test_the_list_shows_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_consumer, "states", lambda: {"a-probe": "running (3 processes)"})
    output = StringIO()
    call_command("run_consumer", "--list", stdout=output, skip_checks=True)
    assert "running (3 processes)" in output.getvalue()


def test_every_process_of_a_worker_has_a_slot() -> None:
    slots = supervisor.slots_for([registry.get("a-probe")], {"a-probe": 2})
    assert [slot.label for slot in slots] == ["a-probe", "a-probe#1"]


def test_no_worker_is_forked_after_a_kafka_client_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker.client, "_clients_built", 1)
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    with pytest.raises(RuntimeError, match="1 Kafka clients were built"):
        supervisor.prepare_to_fork()


def test_metrics_ports_of_all_workers_and_replicas_differ(settings: LazySettings) -> None:
    settings.WORKER_METRICS_PORT = 8100
    names = [worker.name for worker in registry.workers()]
    ports = [launch.metrics_port(name, replica) for name in names for replica in (0, 1, 2)]
    assert len(set(ports)) == len(ports) and min(ports) == 8100


def test_port_zero_switches_metrics_off(settings: LazySettings) -> None:
    settings.WORKER_METRICS_PORT = 0
    assert launch.metrics_port("a-probe") == 0


def test_worker_and_supervisor_give_up_one_after_the_other_within_the_grace(settings: LazySettings) -> None:
    order = [
        settings.WORKER_DRAIN_BUDGET,
        launch.worker_grace(),
        launch.supervisor_grace(),
        settings.WORKER_STOP_GRACE,
    ]
    assert order == sorted(set(order))


@pytest.mark.parametrize(("options", "supervised"), [([], False), (["--supervise"], True)])
def test_one_worker_is_supervised_if_asked(
    monkeypatch: pytest.MonkeyPatch, options: list[str], supervised: bool
) -> None:
    monkeypatch.setattr(run_consumer, "prepare_to_fork", lambda: None)
    monkeypatch.setattr(run_consumer, "launch", lambda _: 11)
    monkeypatch.setattr(supervisor.Supervisor, "run", lambda _: 22)
    with pytest.raises(SystemExit) as left:
        call_command("run_consumer", "a-probe", *options, skip_checks=True)
    assert left.value.code == (22 if supervised else 11)
