"""A job between relay, worker and results: each step alone, in any order, once and again."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from heimdall_project.events.jobs import AnalysisCompleted
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.publish_hooks import Published
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition
from jobs.services import (
    Answered,
    Applied,
    Claimed,
    Ended,
    Hop,
    attempt_answer_again,
    attempt_claim,
    attempt_finish,
    attempt_try_failed,
    jobs_mark_published,
    result_apply,
)
from jobs.services.timeline import NOTED_LIMIT
from tests.factories import make_answer, make_claim, make_job, outbox_events

pytestmark = pytest.mark.django_db
HOP = Hop("analysis.result", 1, 7)


def told(job: AnalysisJob) -> list[tuple[str, str]]:
    return list(JobTransition.objects.filter(job=job).values_list("event", "to_status"))


def publish(*jobs: AnalysisJob, event_id: str = "") -> int:
    rows = [
        Published(event_id or str(job.request_id), "analysis.request", "1", 2, 90 + n, timezone.now())
        for n, job in enumerate(jobs)
    ]
    return jobs_mark_published(published=rows)


def now(job: AnalysisJob) -> AnalysisJob:
    job.refresh_from_db()
    return job


# --- the relay's mark


def test_an_acknowledged_request_is_queued_with_its_place_on_the_broker() -> None:
    job = make_job()
    assert publish(job) == 1
    line = JobTransition.objects.latest("id")
    assert (line.event, line.to_status, line.topic, line.partition, line.offset) == (
        "published",
        "QUEUED",
        "analysis.request",
        2,
        90,
    )


def test_many_requests_are_marked_together() -> None:
    jobs = [make_job() for _ in range(5)]
    assert publish(*jobs) == 5
    assert {now(job).status for job in jobs} == {"QUEUED"}


def test_a_mark_after_the_claim_or_the_result_is_told_and_moves_nothing() -> None:
    running, ended = make_job(), make_job()
    make_claim(running)
    result_apply(event=make_answer(ended.request_id), hop=HOP)
    assert publish(running, ended) == 0
    assert told(running)[-1] == ("published", "RUNNING")
    assert told(ended)[-1] == ("published", "SUCCEEDED")


def test_a_mark_of_the_attempt_before_does_not_queue_the_one_that_follows() -> None:
    job = make_job()
    AnalysisAttempt.objects.create(job=job, number=2, request_id=(successor := uuid4()))
    AnalysisJob.objects.filter(pk=job.pk).update(request_id=successor)
    assert publish(job) == 0
    assert told(job)[-1] == ("published", "PENDING")


def test_an_acknowledgement_of_something_else_is_passed_by() -> None:
    assert publish(make_job(), event_id="redrive-17") == 0
    assert publish(make_job(), event_id=str(uuid4())) == 0


# --- the worker


def test_a_claim_takes_a_lease_and_tells_who() -> None:
    attempt = make_claim(make_job(), worker="host:7")
    assert attempt.worker == "host:7"
    assert attempt.lease_expires_at and attempt.lease_expires_at > timezone.now()
    assert now(attempt.job).status == "RUNNING"


def test_nobody_claims_what_nobody_asked() -> None:
    assert attempt_claim(request_id=uuid4(), worker="host:1") is None


def test_another_worker_may_claim_what_has_no_outcome() -> None:
    job = make_job()
    make_claim(job, "host:1")
    assert isinstance(attempt_claim(request_id=job.request_id, worker="host:2"), Claimed)
    assert told(job)[1:] == [("claimed", "RUNNING"), ("claimed_again", "RUNNING")]


def test_whoever_claims_again_an_attempt_began_with_its_first_claim() -> None:
    """From then on it waits for a model that is away, until the model's deadline."""
    job = make_job()
    make_claim(job, "host:1")
    began = timezone.now() - timedelta(minutes=10)
    AnalysisAttempt.objects.update(started_at=began)
    assert make_claim(job, "host:2").started_at == began


def test_the_same_worker_after_a_backoff_is_no_news() -> None:
    job = make_job()
    make_claim(job)
    make_claim(job)
    assert told(job)[1:] == [("claimed", "RUNNING")]


def test_an_outcome_and_its_event_are_stored_together() -> None:
    attempt = make_claim(make_job())
    answer = make_answer(attempt.request_id, log_id=attempt.job.log_entry_id)
    assert attempt_finish(attempt=attempt, answer=answer, worker="host:1")
    message = OutboxMessage.objects.get(topic="analysis.result")
    assert message.headers["schema"] == "analysis.result/1"
    assert now(attempt.job).status == "RUNNING"  # the result event ends it, not the worker


def test_of_two_workers_one_outcome_counts() -> None:
    attempt = make_claim(make_job())
    answer = make_answer(attempt.request_id)
    finished = [attempt_finish(attempt=attempt, answer=answer, worker=w) for w in ("host:1", "host:2")]
    assert finished == [True, False]
    assert OutboxMessage.objects.filter(topic="analysis.result").count() == 1


def test_an_outcome_after_the_end_of_the_job_is_not_stored() -> None:
    attempt = make_claim(make_job())
    result_apply(event=make_answer(attempt.request_id, failure="timeout"), hop=HOP)
    assert not attempt_finish(attempt=attempt, answer=make_answer(attempt.request_id), worker="host:1")
    assert not OutboxMessage.objects.filter(topic="analysis.result").exists()


def test_a_request_that_comes_again_gets_the_stored_answer() -> None:
    attempt = make_claim(make_job())
    attempt_finish(attempt=attempt, answer=make_answer(attempt.request_id), worker="host:1")
    claim = attempt_claim(request_id=attempt.request_id, worker="host:2")
    assert isinstance(claim, Answered)
    attempt_answer_again(attempt=claim.attempt, worker="host:2", hop=HOP)
    first, second = outbox_events(AnalysisCompleted, "analysis.result")
    assert first == second


def test_a_request_for_an_ended_job_is_left_alone() -> None:
    job = make_job()
    result_apply(event=make_answer(job.request_id), hop=HOP)
    assert isinstance(attempt_claim(request_id=job.request_id, worker="host:1"), Ended)
    assert told(job)[-1] == ("request_ignored", "SUCCEEDED")


def test_broken_tries_are_counted_on_the_attempt() -> None:
    attempt = make_claim(make_job())
    assert [attempt_try_failed(attempt=attempt, worker="w", note="KeyError") for _ in range(2)] == [1, 2]


# --- results


@pytest.mark.parametrize("step", ["pending", "queued", "running"])
def test_a_result_ends_an_open_job_wherever_it_stands(step: str) -> None:
    job = make_job()
    if step == "queued":
        publish(job)
    if step == "running":
        make_claim(job)
    assert result_apply(event=make_answer(job.request_id), hop=HOP) is Applied.ENDED_JOB
    assert (now(job).status, job.model) == ("SUCCEEDED", "test")
    assert job.result and job.result["summary"] == "The pool is exhausted"


def test_a_failure_ends_it_with_class_and_message() -> None:
    job = make_job()
    result_apply(event=make_answer(job.request_id, failure="no_evidence"), hop=HOP)
    assert now(job).status == "FAILED"
    assert (job.failure_class, job.failure_message) == ("no_evidence", "it went wrong")


def test_the_same_result_again_changes_nothing_and_is_told_once_a_record() -> None:
    job = make_job()
    event = make_answer(job.request_id)
    ends = [result_apply(event=event, hop=Hop("analysis.result", 0, offset)) for offset in (1, 2, 2)]
    assert ends == [Applied.ENDED_JOB, Applied.DUPLICATE, Applied.DUPLICATE]
    assert [event for event, _ in told(job)] == ["submitted", "result_applied", "result_duplicate"]


def test_another_result_after_the_end_is_late() -> None:
    job = make_job()
    result_apply(event=make_answer(job.request_id, failure="timeout"), hop=HOP)
    late = result_apply(event=make_answer(job.request_id), hop=Hop("analysis.result", 1, 8))
    assert (late, now(job).status, job.result) == (Applied.LATE, "FAILED", None)


def test_a_result_of_a_replaced_attempt_is_late() -> None:
    job = make_job()
    given_up, successor = job.request_id, uuid4()
    AnalysisAttempt.objects.create(job=job, number=2, request_id=successor)
    AnalysisJob.objects.filter(pk=job.pk).update(request_id=successor)
    assert result_apply(event=make_answer(given_up), hop=HOP) is Applied.LATE
    assert now(job).status == "PENDING"


def test_an_answer_to_nobody_is_foreign() -> None:
    assert result_apply(event=make_answer(UUID(int=7)), hop=HOP) is Applied.FOREIGN


def test_an_outside_worker_ends_the_attempt_too_and_ours_then_leaves_it_alone() -> None:
    job = make_job()
    result_apply(event=make_answer(job.request_id, model="outside"), hop=HOP)
    assert AnalysisAttempt.objects.get(job=job).outcome == "succeeded"
    assert isinstance(attempt_claim(request_id=job.request_id, worker="host:1"), Ended)


def test_an_outside_result_that_is_faster_than_ours_leaves_the_stored_outcome_as_it_is() -> None:
    attempt = make_claim(make_job())
    ours = make_answer(attempt.request_id, failure="bad_output")
    assert attempt_finish(attempt=attempt, answer=ours, worker="host:1")
    theirs = make_answer(attempt.request_id, model="outside")
    assert result_apply(event=theirs, hop=HOP) is Applied.ENDED_JOB
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.failure_class) == ("failed", "bad_output")
    assert result_apply(event=ours, hop=HOP) is Applied.LATE and now(attempt.job).status == "SUCCEEDED"


def test_text_that_postgresql_cannot_hold_is_made_fit() -> None:
    job = make_job()
    result_apply(event=make_answer(job.request_id, model="mo\0del" * 100), hop=HOP)
    assert (now(job).model[:5], len(job.model)) == ("model", 200)


def test_repetition_without_end_leaves_a_bounded_timeline() -> None:
    job = make_job()
    for offset in range(NOTED_LIMIT + 20):
        result_apply(event=make_answer(job.request_id), hop=Hop("analysis.result", 0, offset))
    assert JobTransition.objects.filter(event="result_duplicate").count() == NOTED_LIMIT


# --- what the database itself refuses


def test_a_line_of_the_timeline_cannot_be_changed() -> None:
    make_job()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        JobTransition.objects.update(note="it was otherwise")


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "SUCCEEDED", "finished_at": timezone.now()},
        {"status": "FAILED", "finished_at": timezone.now()},
        {"status": "FAILED", "failure_class": "timeout"},
        {"finished_at": timezone.now()},
    ],
    ids=["success without result", "failure without class", "end without time", "time without end"],
)
def test_a_job_that_contradicts_itself_cannot_be_stored(broken: dict[str, object]) -> None:
    job = make_job()
    with pytest.raises(IntegrityError), transaction.atomic():
        AnalysisJob.objects.filter(pk=job.pk).update(**broken)
