"""Workers that fall silent, jobs that nobody claims, and a sweeper that is killed on its round."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from pytest_django import Settings

from docker.local import Postgres
from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.streams.topics import Topic
from jobs.models import AnalysisAttempt, AnalysisJob
from jobs.services import LogDraft, attempt_claim, job_cancel
from tests.factories import make_claim, make_job, make_user
from tests.probe_workers.harness import RunConsumer, eventually

from .test_jobs import RELAY, RESULTS, WORKER, status, told
from .world import World, ended

SWEEPER = "job-sweeper"
KILLED = 137
QUICK = {"KAFKA_SESSION_TIMEOUT": "3", "JOB_RETRY_BACKOFF": "0.1", "JOB_LEASE": "3"}
type Run = Callable[..., AbstractContextManager[RunConsumer]]


@pytest.fixture
def run(world: World) -> Run:
    """Starts workers of the product in this world, with an engine that does what the log says."""
    world.create(Topic.ANALYSIS_RESULT)

    def start(*workers: str, **environment: str) -> AbstractContextManager[RunConsumer]:
        own = {"DJANGO_SETTINGS_MODULE": "tests.probe_jobs.settings", "DEBUG": "true"}
        return world.run(*workers, **(own | QUICK | environment))

    return start


@pytest.fixture
def short_lease(settings: Settings) -> None:
    """Claims that this process makes lapse at once."""
    settings.JOB_LEASE = 0.1


def asked(word: str, owner: User | None = None) -> AnalysisJob:
    """A job whose log says what the engine does."""
    return make_job(owner, log=LogDraft(content=f"{word} ERROR", service_name="s", environment="e"))


def outcomes(job: AnalysisJob) -> list[str]:
    return list(AnalysisAttempt.objects.filter(job=job).order_by("number").values_list("outcome", flat=True))


def test_a_worker_killed_with_a_hundred_claimed_jobs_loses_none_and_stores_each_outcome_once(
    world: World, run: Run
) -> None:
    owner = make_user()
    jobs = [asked("hold", owner) for _ in range(100)]
    running = AnalysisJob.objects.filter(status="RUNNING")
    with run(RELAY, RESULTS, SWEEPER):
        with run(WORKER, ANALYSIS_CONCURRENCY="100") as first:
            eventually(lambda: running.count() == 100, "a hundred claims")
            first.send(SIGKILL)
            assert first.exit_code() == -SIGKILL
        with run(WORKER) as second:
            second.leave("go")
            eventually(lambda: not AnalysisJob.objects.exclude(status="SUCCEEDED").exists(), "a hundred jobs")
            world.await_through(WORKER)
    for job in jobs:
        lines = told(job)
        assert (lines.count("answered"), lines.count("result_applied")) == (1, 1), lines
        assert outcomes(job).count("succeeded") == 1, lines


def test_a_worker_frozen_past_its_lease_and_woken_is_refused_and_the_retry_wins(
    world: World, run: Run
) -> None:
    job = asked("deaf")
    with run(RELAY, RESULTS, SWEEPER), run(WORKER) as frozen:
        frozen.wait_for("holding")
        frozen.send(SIGSTOP)
        try:
            eventually(lambda: "lease_lapsed" in told(job), "a lapsed lease")
            with run(WORKER) as other:
                other.leave("go")
                eventually(lambda: status(job) == "SUCCEEDED", "the retry")
        finally:
            frozen.leave("go")
            frozen.send(SIGCONT)
        eventually(lambda: "answer_refused" in told(job), "the refused outcome")
    assert outcomes(job) == ["lapsed", "succeeded"]
    assert told(job).count("result_applied") == 1


def test_a_live_worker_keeps_its_claim_for_longer_than_a_lease(world: World, run: Run) -> None:
    job = asked("hold")
    with run(RELAY, RESULTS, SWEEPER), run(WORKER, JOB_LEASE="1") as worker:
        worker.wait_for("holding")
        claimed = AnalysisAttempt.objects.get()
        renewed = AnalysisAttempt.objects.filter(
            lease_expires_at__gt=claimed.lease_expires_at + timedelta(seconds=2)  # type: ignore[operator]
        )
        eventually(renewed.exists, "renewals beyond two leases")
        worker.leave("go")
        eventually(lambda: status(job) == "SUCCEEDED", "the job")
    assert outcomes(job) == ["succeeded"] and "lease_lapsed" not in told(job)


@pytest.mark.usefixtures("short_lease")
def test_a_job_whose_workers_all_fall_silent_fails_after_its_tries(world: World, run: Run) -> None:
    job = asked("hold")

    def claim_what_is_queued() -> None:
        for request_id in AnalysisJob.objects.filter(status="QUEUED").values_list("request_id", flat=True):
            attempt_claim(request_id=request_id, worker="silent")

    def all_tries_are_over() -> bool:
        claim_what_is_queued()
        return status(job) == "FAILED"

    with run(RELAY, RESULTS, SWEEPER):
        eventually(all_tries_are_over, "the end of all tries")
        eventually(lambda: "result_duplicate" in told(job), "the result event")
    assert outcomes(job) == ["lapsed"] * 3
    assert AnalysisJob.objects.get().failure_class == "timeout"


def test_a_job_that_nobody_claims_fails_though_its_event_never_left(world: World, run: Run) -> None:
    job = asked("hold")
    with run(SWEEPER, JOB_QUEUE_DEADLINE="1"):
        eventually(lambda: status(job) == "FAILED", "the end of the wait")
    with run(RELAY), run(WORKER):
        eventually(lambda: "request_ignored" in told(job), "the request, too late")
    assert "waited in the queue" in AnalysisJob.objects.get().failure_message
    assert "claimed" not in told(job)


def test_a_running_job_that_is_cancelled_stops_between_two_steps_and_frees_its_worker(
    world: World, run: Run
) -> None:
    owner = make_user()
    job = asked("hold", owner)
    with run(RELAY, RESULTS), run(WORKER, ANALYSIS_CONCURRENCY="1") as worker:
        worker.wait_for("holding")
        job_cancel(job_id=job.pk, actor=owner, reason="a mistake")
        worker.wait_for("given-up")
        other = asked("quick")
        eventually(lambda: status(other) == "SUCCEEDED", "the job behind it")
        world.await_through(WORKER)
    assert (status(job), outcomes(job)) == ("CANCELLED", ["cancelled"])


def test_a_job_that_failed_in_the_queue_succeeds_when_a_person_sends_it_again(world: World, run: Run) -> None:
    job = asked("quick")
    operator = make_user()
    operator.user_permissions.set(
        Permission.objects.filter(codename__in=["redrive_analysisjob", "view_analysisjob"])
    )
    with run(SWEEPER, JOB_QUEUE_DEADLINE="1"):
        eventually(lambda: status(job) == "FAILED", "the end of the wait")
    name, why = operator.get_username(), "the workers are back"
    for _ in range(2):  # the second time it has nothing to send
        world.manage("redrive_jobs", str(job.pk), "--as", name, "--reason", why, "--redrive-id", "7", "--yes")
    with run(RELAY, RESULTS, WORKER, SWEEPER):
        eventually(lambda: status(job) == "SUCCEEDED", "the job, again")
        eventually(lambda: "result_late" in told(job), "the result of the attempt before")
    assert outcomes(job) == ["failed", "succeeded"]
    assert AuditEvent.objects.filter(action="job.redrive", actor=name).count() == 2


def test_a_worker_whose_database_is_away_for_longer_than_a_lease_still_ends_its_job_once(
    world_on_postgres: World, postgres: Postgres
) -> None:
    world = world_on_postgres
    world.create(Topic.ANALYSIS_RESULT)
    own = {"DJANGO_SETTINGS_MODULE": "tests.probe_jobs.settings", "DEBUG": "true", **QUICK, "JOB_LEASE": "1"}
    make = "from tests.faults.test_jobs_lapsed import asked; asked('hold')"
    world.manage("shell", "-c", make)
    with world.run(RELAY, RESULTS, SWEEPER, **own), world.run(WORKER, **own) as worker:
        worker.wait_for("holding")
        postgres.stop()
        worker.wait_for_line("leases_not_renewed")
        postgres.start()
        worker.leave("go")
        eventually(lambda: world.ask("SELECT status FROM analysis_jobs") == [("SUCCEEDED",)], "the job")
    [(succeeded,)] = world.ask("SELECT count(*) FROM analysis_attempts WHERE outcome = 'succeeded'")
    [(applied,)] = world.ask("SELECT count(*) FROM job_transitions WHERE event = 'result_applied'")
    assert (succeeded, applied) == (1, 1)


@pytest.mark.usefixtures("short_lease")
@pytest.mark.parametrize(
    "point", ["before_lapse", "lapsed", "before_retry", "retried", "before_expiry", "expired"]
)
def test_a_sweeper_killed_at_any_step_is_followed_by_one_that_does_the_rest_once(
    world: World, run: Run, point: str
) -> None:
    jobs = [asked("quick") for _ in range(3)]
    for job in jobs:
        make_claim(job, "silent")
    waiting = asked("hold")
    long_ago = timezone.now() - timedelta(days=2)
    AnalysisAttempt.objects.filter(job=waiting).update(created_at=long_ago)
    with run(SWEEPER, HEIMDALL_CRASH_AT=f"sweeper.{point}") as first:
        ended(first, KILLED)
    with run(SWEEPER):
        eventually(lambda: status(waiting) == "FAILED", "the end of the wait")
    with run(RELAY, RESULTS, WORKER, SWEEPER):
        eventually(lambda: {status(job) for job in jobs} == {"SUCCEEDED"}, "three retries")
    for job in jobs:
        assert outcomes(job) == ["lapsed", "succeeded"], told(job)
        assert told(job).count("lease_lapsed") == 1
    assert told(waiting).count("queue_expired") == 1


def test_several_sweepers_at_once_retry_each_job_once(world: World, run: Run, settings: Settings) -> None:
    settings.JOB_LEASE = 0.1
    jobs = [asked("quick") for _ in range(50)]
    for job in jobs:
        make_claim(job, "silent")
    with run("--processes", f"{SWEEPER}=3", SWEEPER, RELAY, RESULTS, WORKER):
        eventually(lambda: {status(job) for job in jobs} == {"SUCCEEDED"}, "fifty retries")
    assert {tuple(outcomes(job)) for job in jobs} == {("lapsed", "succeeded")}
