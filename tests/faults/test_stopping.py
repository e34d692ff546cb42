"""Workers that are asked to stop while records keep coming, that hang, and that wait with a full topic."""

import signal
from functools import partial
from pathlib import Path

from heimdall_project.streams.exit_codes import ExitCode
from tests.probe_workers.harness import eventually

from .load import load
from .world import World, ended, flat

PATIENT = {"WORKER_DRAIN_BUDGET": "100", "WORKER_STOP_GRACE": "200"}
"""A drain budget that no test waits for: what ends a worker here is not its budget."""
BACKLOG = 200_000
GROWTH_MIB = 150
"""Bound on what a waiting worker may take beyond its start: its buffers, and the client's (32 MB)."""


def test_a_worker_asked_to_stop_under_load_commits_what_it_finished_and_ends_well(world: World) -> None:
    with load(world, a_second=300) as told:
        for worker in ("probe-record", "probe-batch", "probe-crowd"):
            with world.run(worker, **PATIENT) as process:
                eventually(partial(world.stored, worker), f"{worker} at work")
                process.send(signal.SIGTERM)
                ended(process, ExitCode.DONE)
            committed = sum(world.committed(worker).values())
            done = len(world.stored(worker))
            in_order = worker != "probe-crowd"  # several at once may finish past one that was not begun
            assert committed == done if in_order else committed <= done
            assert world.ledger(worker).total() == committed
    with world.run("probe-record"):
        world.await_through("probe-record")
    assert world.stored("probe-record") == flat([told.acked])


def test_work_in_hand_is_finished_before_a_worker_leaves(world: World) -> None:
    world.note("one", do="hold")
    with world.run("probe-record", **PATIENT) as process:
        process.wait_for("holding-one")
        process.send(signal.SIGTERM)
        process.wait_for_line("worker_started")
        process.leave("go")
        ended(process, ExitCode.DONE)
    assert world.stored("probe-record") == {"one"}
    world.assert_balanced("probe-record")


def test_a_second_signal_leaves_at_once_and_commits_nothing(world: World) -> None:
    world.note("one", do="hold")
    with world.run("probe-record", **PATIENT) as process:
        process.wait_for("holding-one")
        process.send(signal.SIGTERM)
        process.send(signal.SIGINT)
        ended(process, ExitCode.ABANDONED)
    assert (world.stored("probe-record"), world.committed("probe-record")) == (set(), {})
    with world.run("probe-record") as again:
        again.leave("go")
        world.await_through("probe-record")
    assert world.stored("probe-record") == {"one"}


def test_a_handler_that_hangs_ends_its_process_and_nothing_of_it_is_committed(world: World) -> None:
    world.note("stuck", do="hang")
    with world.run("probe-record", PROBE_BUDGET="0.5") as process:
        ended(process, ExitCode.WATCHDOG)
    assert world.committed("probe-record") == {}
    assert world.registry("probe-record")[0] == "failed"


def resident_mib(pid: int) -> float:
    """Resident memory of a process."""
    [line] = [each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in each]
    return int(line.split()[1]) / 1024


def test_a_worker_that_waits_before_a_full_topic_keeps_its_memory_and_its_partitions(world: World) -> None:
    world.create("events.page_view.v1")
    world.fill(100, topic="events.page_view.v1", size=400)
    with world.run("probe-stuck") as process:
        eventually(lambda: world.registry("probe-stuck")[0] == "waiting", "waiting")
        before = resident_mib(process.process.pid)
        world.fill(BACKLOG, prefix="late", topic="events.page_view.v1", size=400)
        eventually(
            lambda: world.ask("SELECT max(lag_records) FROM streams_workerprocess")[0][0] > BACKLOG // 2,
            "seeing what waits",
        )
        assert resident_mib(process.process.pid) < before + GROWTH_MIB
        assert len(process.lines("partitions_assigned")) == 1
        assert not process.lines("partitions_lost")
    assert world.committed("probe-stuck", "events.page_view.v1") == {}
