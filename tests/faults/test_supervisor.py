"""The supervisor on real processes: what it starts again, what it leaves down, how it ends."""

import json
import os
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.db.models.functions import Now

from heimdall_project.streams.exit_codes import ExitCode
from heimdall_project.streams.models import ConsumerControl, WorkerProcess
from tests.probe_workers.harness import eventually, free_range, is_running, run_consumer

PATIENT = {"WORKER_DRAIN_BUDGET": "600", "WORKER_STOP_GRACE": "900", "KAFKA_MAX_POLL_INTERVAL": "3600"}
HASTY = {"WORKER_DRAIN_BUDGET": "0.6", "WORKER_STOP_GRACE": "1.5", "OUTBOX_LEASE": "1"}
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_crashing_worker_is_started_again_with_doubling_waits_while_others_run(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-crash", "probe-steady") as command:
        steady = command.wait_for("steady")
        eventually(lambda: len(command.lines("worker_restart", worker="probe-crash")) >= 4)
        waits = [line["wait"] for line in command.lines("worker_restart", worker="probe-crash")]
        assert waits[:4] == [0.01, 0.02, 0.04, 0.04]
        assert is_running(steady)


def test_a_worker_that_stopped_on_purpose_is_left_down_and_shown_with_its_reason(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-halt", "probe-steady") as command:
        command.wait_for_line("worker_held", worker="probe-halt")
        assert not command.lines("worker_restart", worker="probe-halt")
        row = WorkerProcess.objects.get(worker="probe-halt")
        assert (row.state, row.reason) == (WorkerProcess.State.HALTED, "a person should look at this")
        assert is_running(command.wait_for("steady"))


def test_a_worker_left_down_starts_again_by_order(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-halt", "probe-steady") as command:
        command.wait_for_line("worker_held", worker="probe-halt")
        command.leave("repaired")
        ConsumerControl.objects.create(worker="probe-halt", start_requested_at=Now())
        assert is_running(command.wait_for("halt-runs"))


def test_a_killed_worker_is_started_again(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-steady", "probe-busy") as command:
        before = command.wait_for("steady")
        os.kill(before, signal.SIGKILL)
        assert eventually(lambda: (now := command.left("steady")) != before and is_running(now))
        assert command.lines("worker_restart")[0]["what"] == "killed by signal 9"
        eventually(WorkerProcess.objects.filter(pid=before, state="failed").exists, "the end in its row")


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-steady", "probe-halt") as command:
        worker = command.wait_for("steady")
        holder = command.wait_for_line("worker_held", worker="probe-halt")["pid"]
        command.send(signal.SIGKILL)
        eventually(lambda: not is_running(worker) and not is_running(holder), "the end of both")
        assert command.left("steady-closed") == worker


def test_the_first_sigterm_lets_workers_finish_what_they_do(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-busy", "probe-steady") as command:
        command.wait_for("busy")
        command.wait_for("steady")
        command.send(signal.SIGTERM)
        command.wait_for("steady-closed")
        command.leave("finish")
        assert command.exit_code() == ExitCode.DONE
        assert command.left("busy-finished")


def test_the_second_sigterm_ends_everything_at_once(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-busy", "probe-steady", **PATIENT) as command:
        busy = command.wait_for("busy")
        command.send(signal.SIGTERM)
        command.wait_for_line("supervisor_stopping")
        command.send(signal.SIGTERM)
        assert command.exit_code() == ExitCode.ABANDONED
        assert not is_running(busy)
        assert not command.left("busy-finished")


def test_a_manager_that_tells_every_process_of_the_group_loses_no_work(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-busy", "probe-steady") as command:
        busy = command.wait_for("busy")
        command.wait_for("steady")
        command.send(signal.SIGTERM)
        os.kill(busy, signal.SIGTERM)
        command.wait_for("steady-closed")
        command.leave("finish")
        assert command.exit_code() == ExitCode.DONE


def test_a_worker_that_outlasts_the_drain_budget_is_abandoned(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-busy", "probe-steady", **HASTY) as command:
        busy = command.wait_for("busy")
        command.send(signal.SIGTERM)
        assert command.exit_code() == ExitCode.ABANDONED
        assert not is_running(busy)


def test_processes_of_one_worker_can_be_several(tmp_path: Path) -> None:
    with run_consumer(tmp_path, "probe-steady", "--processes", "probe-steady=3"):
        eventually(lambda: WorkerProcess.objects.filter(worker="probe-steady", state="running").count() == 3)


def test_every_worker_serves_its_metrics_where_its_row_says(tmp_path: Path) -> None:
    first = str(free_range())
    with run_consumer(tmp_path, "probe-crash", "probe-steady", HEIMDALL_METRICS_PORT=first):
        rows = WorkerProcess.objects.filter(worker="probe-steady", state="running")
        port = eventually(lambda: rows.values_list("metrics_port", flat=True).first())
        with urlopen(f"http://127.0.0.1:{port}/livez") as answer:
            assert json.load(answer) == {"status": "ok", "state": "running"}
