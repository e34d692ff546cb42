"""Workers killed at every point where it could hurt: each job ends once, and nothing is done twice."""

import pytest

from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition
from tests.factories import make_job, make_user
from tests.probe_workers.harness import eventually

from .test_jobs import RELAY, RESULTS, WORKER, Run, run, status, told
from .world import World, ended

__all__ = ["run"]
pytestmark = pytest.mark.usefixtures("world")
KILLED = 137
QUICK = {"KAFKA_SESSION_TIMEOUT": "3"}
"""The group waits so long for a member that was killed."""


def assert_each_ended_once(jobs: list[AnalysisJob]) -> None:
    """One end, one stored outcome, one application; and no claim after the outcome was stored."""
    for job in jobs:
        lines = told(job)
        assert status(job) == "SUCCEEDED", lines
        assert (lines.count("answered"), lines.count("result_applied")) == (1, 1), lines
        later = lines[lines.index("answered") :]
        assert not {"claimed", "claimed_again"} & set(later), lines


@pytest.mark.parametrize(
    "point",
    ["worker.before_outcome:3", "worker.after_outcome:3", "runner.after_handle:3", "runner.after_ledger"],
)
def test_a_killed_worker_loses_no_job_and_repeats_no_outcome(world: World, run: Run, point: str) -> None:
    jobs = [make_job() for _ in range(8)]
    with run(RELAY), run(RESULTS):
        with run(WORKER, HEIMDALL_CRASH_AT=point, **QUICK) as first:
            ended(first, KILLED)
        with run(WORKER, **QUICK):
            eventually(lambda: {status(job) for job in jobs} == {"SUCCEEDED"}, "eight jobs")
            world.await_through(WORKER)
    assert_each_ended_once(jobs)
    assert AnalysisAttempt.objects.filter(tries__gt=0).count() == 0


@pytest.mark.parametrize("point", ["results.after_apply:3", "runner.after_handle", "runner.after_ledger"])
def test_a_killed_result_consumer_applies_nothing_twice(world: World, run: Run, point: str) -> None:
    jobs = [make_job() for _ in range(8)]
    with run(RELAY), run(WORKER):
        with run(RESULTS, HEIMDALL_CRASH_AT=point, **QUICK) as first:
            ended(first, KILLED)
        with run(RESULTS, **QUICK):
            eventually(lambda: {status(job) for job in jobs} == {"SUCCEEDED"}, "eight jobs")
            world.await_through(RESULTS, "analysis.result")
    assert_each_ended_once(jobs)
    world.assert_balanced(RESULTS, "analysis.result")


def test_a_relay_killed_between_report_and_mark_makes_no_job_run_twice(world: World, run: Run) -> None:
    jobs = [make_job() for _ in range(8)]
    with run(RELAY, HEIMDALL_CRASH_AT="relay.after_delivery") as first:
        ended(first, KILLED)
    with run(RELAY), run(WORKER), run(RESULTS):
        eventually(lambda: {status(job) for job in jobs} == {"SUCCEEDED"}, "eight jobs")
    assert_each_ended_once(jobs)
    assert JobTransition.objects.filter(event="published").count() == 8


@pytest.mark.parametrize("point", ["worker.before_outcome:25", "worker.after_outcome:25"])
def test_a_worker_killed_in_the_middle_of_a_hand_over_of_many_loses_none_and_repeats_no_outcome(
    world: World, run: Run, point: str
) -> None:
    owner = make_user()
    jobs = [make_job(owner) for _ in range(60)]
    with run(RELAY), run(RESULTS):
        eventually(lambda: not AnalysisJob.objects.filter(status="PENDING").exists(), "sixty requests")
        with run(WORKER, HEIMDALL_CRASH_AT=point, **QUICK) as first:
            ended(first, KILLED)
        with run(WORKER, **QUICK):
            eventually(lambda: {status(job) for job in jobs} == {"SUCCEEDED"}, "sixty jobs")
            world.await_through(WORKER)
            world.await_through(RESULTS, "analysis.result")
    assert_each_ended_once(jobs)
