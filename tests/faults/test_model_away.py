"""Real workers and a model that is away, slow, or comes back."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from signal import SIGKILL, SIGTERM

import pytest
from django.contrib.auth.models import Permission

from analysis.models import TokenReservation, TokenUsage
from heimdall_project.accounts.models import User
from heimdall_project.streams.topics import Topic
from jobs.models import AnalysisAttempt, AnalysisJob
from jobs.services import job_cancel, job_redrive
from tests.factories import make_job, make_user
from tests.model_endpoint import ModelEndpoint
from tests.probe_workers.harness import RunConsumer, eventually

from .test_jobs import RELAY, RESULTS, WORKER, status, told
from .world import World, ended

pytestmark = pytest.mark.usefixtures("world")
type Run = Callable[..., AbstractContextManager[RunConsumer]]


@pytest.fixture
def model() -> Iterator[ModelEndpoint]:
    """An endpoint that listens."""
    with ModelEndpoint() as running:
        yield running


@pytest.fixture
def run(world: World, model: ModelEndpoint) -> Run:
    """Starts workers of the product, which ask the model."""
    world.create(Topic.ANALYSIS_RESULT)

    def start(*workers: str, **environment: str) -> AbstractContextManager[RunConsumer]:
        own = {
            "DJANGO_SETTINGS_MODULE": "heimdall_project.settings",
            "DEBUG": "true",
            "ANALYSIS_PROVIDER": "openai",
            "ANALYSIS_CACHE": "off",
            "MODEL_URL": model.url,
            "MODEL_NAME": "m",
            "MODEL_API_KEY": "sk-never-to-be-seen",
            "JOB_RETRY_BACKOFF": "0.1",
            "KAFKA_SESSION_TIMEOUT": "3",
        }
        return world.run(*workers, **(own | environment))

    return start


@pytest.fixture
def omar(transactional_db: None) -> User:
    """May cancel jobs and send them again."""
    user = make_user()
    rights = ("view_analysisjob", "cancel_analysisjob", "redrive_analysisjob")
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return user


def ends(jobs: list[AnalysisJob]) -> set[tuple[str, str]]:
    pks = [job.pk for job in jobs]
    return set(AnalysisJob.objects.filter(pk__in=pks).values_list("status", "failure_class"))


def test_a_model_down_beyond_its_deadline_and_back_fails_jobs_that_succeed_when_they_are_sent_again(
    world: World, run: Run, model: ModelEndpoint, omar: User
) -> None:
    model.stop()
    jobs = [make_job(omar) for _ in range(4)]
    with run(RELAY, RESULTS), run(WORKER, MODEL_DEADLINE="3", MODEL_TIMEOUT="2") as process:
        eventually(lambda: ends(jobs) == {("FAILED", "model_unavailable")}, "four failures")
        model.start()
        for job in jobs:
            job_redrive(job_id=job.pk, actor=omar, reason="the model is back")
        eventually(lambda: ends(jobs) == {("SUCCEEDED", "")}, "four answers")
        world.await_through(WORKER)
        assert process.lines("model_away", setting="MODEL_URL")
        assert "sk-never-to-be-seen" not in process.output
    assert AnalysisAttempt.objects.filter(tries__gt=0).count() == 0
    assert not world.dead_letters()
    world.assert_balanced(WORKER)


def test_a_model_down_for_less_than_its_deadline_costs_no_job_and_no_try(
    world: World, run: Run, model: ModelEndpoint
) -> None:
    model.stop()
    jobs = [make_job() for _ in range(20)]
    with run(RELAY, RESULTS), run(WORKER) as process:
        process.wait_for_line("model_away")
        eventually(lambda: process.lines("handler_waits"), "a job that waits")
        assert not ends(jobs) & {("FAILED", "model_unavailable"), ("SUCCEEDED", "")}
        model.start()
        eventually(lambda: ends(jobs) == {("SUCCEEDED", "")}, "twenty answers")
        world.await_through(WORKER)
    assert AnalysisAttempt.objects.count() == 20
    assert AnalysisAttempt.objects.filter(tries__gt=0).count() == 0
    assert TokenUsage.objects.filter(day=None).count() == 20 and not TokenReservation.objects.exists()


def test_a_cancelled_job_lets_go_of_its_call_and_makes_room_for_the_next(
    run: Run, model: ModelEndpoint, omar: User
) -> None:
    model.will("hang")
    slow, next_ = make_job(omar), make_job(omar)
    with run(RELAY, RESULTS), run(WORKER, ANALYSIS_CONCURRENCY="1", MODEL_TIMEOUT="40"):
        eventually(lambda: model.asked, "a call")
        [stuck] = [job for job in (slow, next_) if status(job) == "RUNNING"]
        job_cancel(job_id=stuck.pk, actor=omar, reason="not needed any more")
        other = next_ if stuck == slow else slow
        eventually(lambda: status(other) == "SUCCEEDED", "the other job")
    assert status(stuck) == "CANCELLED" and "answered" not in told(stuck)


def test_a_worker_that_is_asked_to_stop_during_slow_calls_leaves_in_time_and_loses_nothing(
    run: Run, model: ModelEndpoint
) -> None:
    model.otherwise = "hang"
    jobs = [make_job() for _ in range(6)]
    with run(RELAY, RESULTS):
        with run(WORKER, MODEL_TIMEOUT="40", WORKER_DRAIN_BUDGET="2") as process:
            eventually(lambda: len(model.asked) == 4, "four calls")
            process.send(SIGTERM)
            ended(process, 4)
        model.otherwise = "well"
        with run(WORKER):
            eventually(lambda: ends(jobs) == {("SUCCEEDED", "")}, "six answers")


def test_a_worker_killed_during_a_call_leaves_a_reservation_that_counts_until_it_expires(
    run: Run, model: ModelEndpoint
) -> None:
    model.will("hang")
    job = make_job()
    with run(RELAY, RESULTS):
        with run(WORKER, MODEL_TIMEOUT="40", MODEL_TOKENS_PER_JOB="4000") as first:
            eventually(lambda: model.asked, "a call")
            first.send(SIGKILL)
            assert first.exit_code() == -SIGKILL
        assert TokenReservation.objects.count() == 1
        with run(WORKER, MODEL_TOKENS_PER_JOB="4000") as second:
            eventually(lambda: second.lines("handler_waits"), "a job that waits for what is reserved")
            assert status(job) == "RUNNING" and len(model.asked) == 1
            TokenReservation.objects.update(expires_at="2026-01-01T00:00Z")
            eventually(lambda: status(job) == "SUCCEEDED", "the job")
    assert not TokenReservation.objects.exists()


def test_a_hundred_jobs_before_a_model_that_hangs_stop_neither_a_cancel_nor_a_rebalance_nor_a_stop(
    world: World, run: Run, model: ModelEndpoint, omar: User
) -> None:
    model.otherwise = "hang"
    jobs = [make_job(omar) for _ in range(100)]
    slow = {"ANALYSIS_CONCURRENCY": "10", "MODEL_TIMEOUT": "40", "WORKER_DRAIN_BUDGET": "2"}
    with run(RELAY, RESULTS), run(WORKER, **slow) as first:
        eventually(lambda: len(model.asked) == 10, "ten calls")
        stuck = AnalysisJob.objects.filter(status="RUNNING").first()
        assert stuck
        job_cancel(job_id=stuck.pk, actor=omar, reason="not needed any more")
        eventually(lambda: len(model.asked) == 11, "the next call in its place")
        with run(WORKER, **slow):
            eventually(lambda: len(model.asked) >= 21, "calls of the second member")
            first.send(SIGTERM)
            ended(first, 4)
            model.otherwise = "well"
            model.release.set()
            rest = [job for job in jobs if job != stuck]
            eventually(lambda: ends(rest) == {("SUCCEEDED", "")}, "all but the cancelled one")
            world.await_through(WORKER)
    assert status(stuck) == "CANCELLED"
    for job in rest:
        assert told(job).count("answered") == 1
