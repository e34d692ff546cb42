"""What the sweeper does about silent workers, retries that are due, and jobs that nobody claims."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from threading import Event as Flag
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from heimdall_project.events.jobs import AnalysisCompleted, AnalysisRequested
from heimdall_project.streams.models import OutboxMessage
from jobs.consumers import JobSweeper
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition
from jobs.services import (
    Applied,
    Claimed,
    Ended,
    Hop,
    attempt_claim,
    attempt_finish,
    jobs_sweep,
    leases_renew,
    leases_sweep,
    queue_sweep,
    result_apply,
    retries_publish,
    sweeping,
)
from jobs.services.claims import MOST_TAKEN_OVER
from tests.factories import make_answer, make_claim, make_job, outbox_events

pytestmark = pytest.mark.django_db
HOP = Hop("analysis.result", 0, 7)


def told(job: AnalysisJob) -> list[str]:
    return list(JobTransition.objects.filter(job=job).order_by("id").values_list("event", flat=True))


def now(job: AnalysisJob) -> AnalysisJob:
    return AnalysisJob.objects.get(pk=job.pk)


def earlier(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def lapse(job: AnalysisJob) -> None:
    """Time passes until the lease of the current attempt is over."""
    changed = AnalysisAttempt.objects.filter(request_id=now(job).request_id, finished_at=None)
    assert changed.update(lease_expires_at=earlier(1)) == 1


def due(job: AnalysisJob) -> None:
    """Time passes until the retry is due."""
    assert AnalysisAttempt.objects.filter(job=job, due_at__isnull=False).update(due_at=earlier(1)) == 1


def wait_in_queue(job: AnalysisJob) -> None:
    """Time passes until the queue's deadline is over."""
    long_ago = earlier(settings.JOB_QUEUE_DEADLINE + 1)
    AnalysisAttempt.objects.filter(request_id=now(job).request_id).update(created_at=long_ago)


def claimed() -> tuple[AnalysisJob, AnalysisAttempt]:
    job = make_job()
    return job, make_claim(job)


# --- leases


def test_a_job_whose_worker_fell_silent_waits_for_another_attempt() -> None:
    job, first = claimed()
    lapse(job)
    assert leases_sweep() == 1
    first.refresh_from_db()
    retry = AnalysisAttempt.objects.get(job=job, number=2)
    assert (first.outcome, first.lease_expires_at) == ("lapsed", None) and first.finished_at
    assert (retry.origin, retry.previous_id, retry.round_try) == ("retried", first.pk, 2)
    assert retry.due_at and retry.due_at > timezone.now() and "host:1" in retry.reason
    assert (now(job).status, now(job).request_id) == ("PENDING", retry.request_id)
    assert told(job)[-1] == "lease_lapsed"


def test_a_lease_that_lasts_is_left_alone() -> None:
    job, _ = claimed()
    assert leases_sweep() == 0
    assert now(job).status == "RUNNING"


def test_a_lease_renewed_in_time_is_left_alone_and_one_in_the_last_moment_too() -> None:
    job, attempt = claimed()
    lapse(job)
    assert leases_renew(request_ids=[attempt.request_id], worker="host:1") == {attempt.request_id}
    assert leases_sweep() == 0


def test_an_outcome_of_a_lapsed_attempt_is_refused_and_told() -> None:
    job, first = claimed()
    lapse(job)
    leases_sweep()
    assert not attempt_finish(attempt=first, answer=make_answer(first.request_id), worker="host:1")
    assert told(job)[-1] == "answer_refused"
    assert not OutboxMessage.objects.filter(topic="analysis.result").exists()


def test_the_request_of_a_lapsed_attempt_is_ignored_when_it_comes_again() -> None:
    job, first = claimed()
    lapse(job)
    leases_sweep()
    assert isinstance(attempt_claim(request_id=first.request_id, worker="host:2", hop=HOP), Ended)
    assert told(job)[-1] == "request_ignored"


def test_a_late_result_of_a_lapsed_attempt_changes_nothing() -> None:
    job, first = claimed()
    lapse(job)
    leases_sweep()
    assert result_apply(event=make_answer(first.request_id), hop=HOP) is Applied.LATE
    assert now(job).status == "PENDING"


def test_after_the_last_try_the_job_fails_and_those_outside_are_told_as_by_a_worker() -> None:
    job, _ = claimed()
    for number in range(settings.JOB_ATTEMPTS):
        if number:
            due(job)
            retries_publish()
            make_claim(now(job))
        lapse(job)
        leases_sweep()
    ended = now(job)
    assert (ended.status, ended.failure_class) == ("FAILED", "timeout")
    assert AnalysisAttempt.objects.filter(job=job, outcome="lapsed").count() == settings.JOB_ATTEMPTS
    [answer] = outbox_events(AnalysisCompleted, "analysis.result")
    assert answer.failure and answer.failure.message == ended.failure_message
    assert (answer.request_id, answer.log_id) == (ended.request_id, job.log_entry_id)
    assert result_apply(event=answer, hop=HOP) is Applied.DUPLICATE
    assert now(job).finished_at == ended.finished_at


# --- retries


def test_a_retry_is_published_when_it_is_due_and_not_before() -> None:
    job, first = claimed()
    lapse(job)
    leases_sweep()
    assert retries_publish() == 0
    due(job)
    assert retries_publish() == 1
    assert retries_publish() == 0
    row = OutboxMessage.objects.filter(topic="analysis.request").latest("id")
    request = outbox_events(AnalysisRequested)[-1]
    assert row.event_id == str(request.request_id) == str(now(job).request_id) != str(first.request_id)


def test_a_retry_is_claimed_and_ends_the_job() -> None:
    job, _ = claimed()
    lapse(job)
    leases_sweep()
    due(job)
    retries_publish()
    claim = attempt_claim(request_id=now(job).request_id, worker="host:2")
    assert isinstance(claim, Claimed)
    answer = make_answer(claim.attempt.request_id)
    assert attempt_finish(attempt=claim.attempt, answer=answer, worker="host:2")
    assert result_apply(event=answer, hop=HOP) is Applied.ENDED_JOB
    assert now(job).status == "SUCCEEDED"


# --- the queue


@pytest.mark.parametrize(("status", "where"), [("PENDING", "broker"), ("QUEUED", "unclaimed")])
def test_a_job_that_nobody_claims_fails_and_says_that_it_waited_in_the_queue(status: str, where: str) -> None:
    job = make_job()
    AnalysisJob.objects.filter(pk=job.pk).update(status=status)
    wait_in_queue(job)
    assert queue_sweep() == 1
    ended = now(job)
    assert (ended.status, ended.failure_class) == ("FAILED", "timeout")
    assert "waited in the queue" in ended.failure_message and where in ended.failure_message
    attempt = AnalysisAttempt.objects.get(job=job)
    assert (attempt.outcome, attempt.failure_class) == ("failed", "timeout")
    [answer] = outbox_events(AnalysisCompleted, "analysis.result")
    assert result_apply(event=answer, hop=HOP) is Applied.DUPLICATE
    assert told(job)[-2:] == ["queue_expired", "result_duplicate"]


def test_the_request_of_a_job_that_expired_in_the_queue_is_ignored() -> None:
    job = make_job()
    wait_in_queue(job)
    queue_sweep()
    assert isinstance(attempt_claim(request_id=job.request_id, worker="host:1"), Ended)


def test_jobs_that_are_claimed_or_wait_for_less_than_the_deadline_are_left_alone() -> None:
    running, _ = claimed()
    wait_in_queue(running)
    waiting = make_job()
    assert queue_sweep() == 0
    assert (now(running).status, now(waiting).status) == ("RUNNING", "PENDING")


def test_a_retry_has_the_whole_deadline_of_the_queue_again() -> None:
    job, _ = claimed()
    wait_in_queue(job)
    lapse(job)
    leases_sweep()
    assert queue_sweep() == 0


# --- answers


def test_an_answer_whose_result_never_came_back_is_published_again_once_a_deadline() -> None:
    job, attempt = claimed()
    attempt_finish(attempt=attempt, answer=make_answer(job.request_id), worker="host:1")
    assert jobs_sweep() is False and len(outbox_events(AnalysisCompleted, "analysis.result")) == 1
    long_ago = earlier(settings.JOB_QUEUE_DEADLINE + 1)
    AnalysisJob.objects.filter(pk=job.pk).update(updated_at=long_ago)
    jobs_sweep()
    jobs_sweep()
    first, again = outbox_events(AnalysisCompleted, "analysis.result")
    assert first == again and told(job)[-1] == "answered_again"
    assert result_apply(event=again, hop=HOP) is Applied.ENDED_JOB


def test_a_job_that_runs_for_long_without_an_answer_is_left_to_its_lease() -> None:
    job, _ = claimed()
    AnalysisJob.objects.filter(pk=job.pk).update(updated_at=earlier(settings.JOB_QUEUE_DEADLINE + 1))
    jobs_sweep()
    assert not outbox_events(AnalysisCompleted, "analysis.result")


def test_a_topic_that_is_not_offered_any_more_stops_neither_its_jobs_nor_the_sweeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "JOB_ATTEMPTS", 1)
    jobs = [claimed()[0] for _ in range(3)]
    AnalysisJob.objects.filter(pk=jobs[1].pk).update(callback_topic="retired.results")
    for job in jobs:
        lapse(job)
    jobs_sweep()
    assert {now(job).status for job in jobs} == {"FAILED"}
    assert len(outbox_events(AnalysisCompleted, "analysis.result")) == 3


def test_a_job_that_is_claimed_while_the_queue_is_swept_is_left_alone() -> None:
    job = make_job()
    wait_in_queue(job)
    claims: list[AnalysisAttempt] = []

    def claimed_first(execute: Any, sql: str, *rest: Any) -> Any:
        if "SKIP LOCKED" in sql and not claims:
            claims.append(make_claim(job))
        return execute(sql, *rest)

    with connection.execute_wrapper(claimed_first):
        assert queue_sweep() == 0
    assert claims and now(job).status == "RUNNING"


# --- the sweeper


def test_a_sweep_is_bounded_and_goes_on_at_once_while_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.services.sweeping.BATCH", 2)
    jobs = [claimed()[0] for _ in range(5)]
    for job in jobs:
        lapse(job)
    sweeper = JobSweeper()
    assert [sweeper.step(Flag()) for _ in range(3)] == [True, True, False]
    assert {now(job).status for job in jobs} == {"PENDING"}


def test_a_lease_renewed_while_the_sweeper_looks_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    job, attempt = claimed()
    lapse(job)
    look = sweeping._locked

    def look_and_be_overtaken(*args: Any, **options: Any) -> Any:
        found = list(look(*args, **options))
        leases_renew(request_ids=[attempt.request_id], worker="host:1")
        return found

    monkeypatch.setattr(sweeping, "_locked", look_and_be_overtaken)
    assert leases_sweep() == 0
    assert now(job).status == "RUNNING"


@pytest.mark.django_db(transaction=True)
def test_a_job_that_somebody_has_locked_is_passed_by() -> None:
    locked, free = claimed()[0], claimed()[0]
    lapse(locked)
    lapse(free)
    with transaction.atomic(), connection.cursor() as sql:
        sql.execute("SELECT 1 FROM analysis_jobs WHERE id = %s FOR UPDATE", [locked.pk])
        assert _sweep_elsewhere() == 1
    assert (now(locked).status, now(free).status) == ("RUNNING", "PENDING")
    jobs_sweep()
    assert now(locked).status == "PENDING"


def _sweep_elsewhere() -> int:
    """A sweep in another session."""

    def sweep() -> int:
        try:
            with connection.cursor() as sql:
                sql.execute("SET lock_timeout = '3s'")
            return leases_sweep()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(sweep).result()


def test_an_attempt_that_its_job_left_behind_is_closed_and_moves_nothing() -> None:
    job, first = claimed()
    lapse(job)
    result_apply(event=make_answer(job.request_id), hop=HOP)
    AnalysisAttempt.objects.filter(pk=first.pk).update(
        finished_at=None, outcome="", lease_expires_at=earlier(1)
    )
    assert leases_sweep() == 0
    first.refresh_from_db()
    assert first.outcome == "lapsed" and now(job).status == "SUCCEEDED"


# --- requests that kill or hang whoever handles them


def test_a_request_that_outlives_no_worker_is_not_handed_to_the_next_for_ever() -> None:
    """Each worker dies with it, and the next claims it before the lease lapses."""
    job = make_job()
    workers = (f"host:{number}" for number in count(1))
    claims = 0
    while now(job).status != "FAILED":
        while isinstance(attempt_claim(request_id=now(job).request_id, worker=next(workers)), Claimed):
            claims += 1
            assert claims < 100
        assert leases_sweep() == 1
        if now(job).status == "PENDING":
            due(job)
            retries_publish()
    assert claims == settings.JOB_ATTEMPTS * (1 + MOST_TAKEN_OVER)
    assert now(job).failure_class == "timeout"
    assert not AnalysisAttempt.objects.filter(job=job, finished_at=None).exists()


def test_a_job_that_was_taken_over_often_can_still_succeed() -> None:
    job = make_job()
    for number in range(MOST_TAKEN_OVER + 1):
        attempt = make_claim(job, f"host:{number}")
    answer = make_answer(attempt.request_id, log_id=job.log_entry_id)
    assert attempt_finish(attempt=attempt, answer=answer, worker="host:10")
