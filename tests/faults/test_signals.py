"""One worker as a process of its own: how it answers to signals, outages and its watchdog."""

import signal
from pathlib import Path

import pytest

from heimdall_project.streams.exit_codes import ExitCode
from heimdall_project.streams.models import WorkerProcess
from tests.probe_workers.harness import eventually, run_consumer

pytestmark = pytest.mark.django_db(transaction=True)
State = WorkerProcess.State


def state_of(worker: str) -> tuple[str, str] | None:
    """State and reason in the registry."""
    return WorkerProcess.objects.filter(worker=worker).values_list("state", "reason").first()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_finishes_the_step_and_closes(tmp_path: Path, number: signal.Signals) -> None:
    with run_consumer(tmp_path, "probe-steady") as command:
        command.wait_for("steady")
        command.send(number)
        assert command.exit_code() == ExitCode.DONE
        assert command.left("steady-closed")
        assert state_of("probe-steady") == (State.STOPPED, "asked by a signal")


def test_the_second_signal_leaves_at_once(tmp_path: Path) -> None:
    patient = {"WORKER_DRAIN_BUDGET": "100", "WORKER_STOP_GRACE": "200"}  # it is not its budget that ends it
    with run_consumer(tmp_path, "probe-busy", **patient) as command:
        command.wait_for("busy")
        command.send(signal.SIGTERM)
        command.send(signal.SIGINT)
        assert command.exit_code() == ExitCode.ABANDONED
        assert not command.left("busy-finished")


def test_a_step_beyond_its_budget_ends_the_process_and_shows_where_it_stood(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-hang") as command:
        assert command.exit_code() == ExitCode.WATCHDOG
        assert "in step" in command.output
        assert state_of("probe-hang") == (State.FAILED, "A step took longer than its budget of 0.2 s.")


def test_a_worker_that_stops_on_purpose_says_so_by_its_exit_code(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-halt") as command:
        assert command.exit_code() == ExitCode.ON_PURPOSE
        assert state_of("probe-halt") == (State.HALTED, "a person should look at this")


def test_a_worker_that_fails_says_why_in_the_registry(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-crash") as command:
        assert command.exit_code() == ExitCode.CRASHED
        assert state_of("probe-crash") == (State.FAILED, "RuntimeError: as it always does")


def test_a_worker_waits_for_a_dependency_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-outage") as command:
        eventually(lambda: state_of("probe-outage") == (State.WAITING, "probe: not there"))
        command.leave("up")
        command.wait_for("outage-over")
        eventually(lambda: state_of("probe-outage") == (State.RUNNING, ""))
