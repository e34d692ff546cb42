"""A hundred calls of an engine that takes its time: polling, rebalancing, cancelling and leaving go on."""

import json
from signal import SIGTERM

import pytest

from heimdall_project.streams.exit_codes import ExitCode
from jobs.models import AnalysisJob
from jobs.services import job_cancel
from tests.factories import make_user
from tests.probe_workers.harness import eventually

from .test_jobs import RELAY, RESULTS, WORKER, status, told
from .test_jobs_lapsed import Run, asked, run
from .world import World, ended

__all__ = ["run"]
pytestmark = pytest.mark.usefixtures("world")


def held(world: World) -> list[int]:
    """How many partitions each process of the worker has that is alive."""
    alive = (
        "SELECT partitions FROM streams_workerprocess WHERE worker = %s AND state IN ('running', 'waiting')"
    )
    found = [
        places if isinstance(places, list) else json.loads(places) for (places,) in world.ask(alive, WORKER)
    ]
    return sorted(map(len, found))


def test_a_hundred_slow_calls_stop_neither_cancelling_nor_rebalancing_nor_sigterm(
    world: World, run: Run
) -> None:
    owner = make_user()
    jobs = [asked("hold", owner) for _ in range(100)]
    running = AnalysisJob.objects.filter(status="RUNNING")
    wide = {"ANALYSIS_CONCURRENCY": "100", "WORKER_DRAIN_BUDGET": "3", "OUTBOX_LEASE": "2", "JOB_LEASE": "60"}
    with run(RELAY), run(RESULTS):
        with run(WORKER, **wide) as first:
            eventually(lambda: running.count() == 100, "a hundred claims")
            job_cancel(job_id=jobs[0].pk, actor=owner, reason="not wanted")
            first.wait_for("given-up")
            with run(WORKER, **wide) as second:
                eventually(lambda: held(world) == [1, 2], lambda: f"a rebalance: {held(world)}")
                second.leave("go")
                eventually(lambda: "claimed_again" in told_of_all(), "the calls that went over")
            first.send(SIGTERM)
            ended(first, ExitCode.ABANDONED)
        with run(WORKER) as last:
            last.leave("go")
            left = AnalysisJob.objects.exclude(pk=jobs[0].pk).exclude(status="SUCCEEDED")
            eventually(lambda: not left.exists(), lambda: f"all but one: {[told(job) for job in left]}")
            world.await_through(WORKER)
    assert status(jobs[0]) == "CANCELLED"
    for job in jobs[1:]:
        assert told(job).count("result_applied") == 1, told(job)


def told_of_all() -> set[str]:
    """Every kind of line that any job has."""
    return set(AnalysisJob.objects.values_list("transitions__event", flat=True))
