"""Ending jobs that are not wanted any more."""

import pytest

from heimdall_project.accounts.models import AuditEvent
from heimdall_project.errors import Conflict, Forbidden, NotFound, Unprocessable
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition
from jobs.services import (
    Applied,
    Ended,
    Hop,
    attempt_claim,
    attempt_finish,
    job_cancel,
    jobs_sweep,
    result_apply,
)
from tests.factories import make_answer, make_claim, make_job, make_user
from tests.integration.jobs.test_sweeper import lapse, now, told
from tests.people import People

pytestmark = pytest.mark.django_db
HOP = Hop("analysis.result", 0, 7)
WHY = "not needed any more"


def test_a_job_that_waits_is_cancelled_and_its_request_is_ignored(people: People) -> None:
    job = make_job()
    cancelled = job_cancel(job_id=job.pk, actor=people.omar, reason=WHY)
    assert (cancelled.job.status, cancelled.replayed) == ("CANCELLED", False)
    attempt = AnalysisAttempt.objects.get()
    assert attempt.outcome == "cancelled" and attempt.finished_at
    assert isinstance(attempt_claim(request_id=job.request_id, worker="host:1", hop=HOP), Ended)
    assert told(job) == ["submitted", "cancelled", "request_ignored"]


def test_a_late_outcome_of_a_cancelled_job_is_refused_and_told(people: People) -> None:
    job = make_job()
    attempt = make_claim(job)
    job_cancel(job_id=job.pk, actor=people.omar, reason=WHY)
    assert not attempt_finish(attempt=attempt, answer=make_answer(job.request_id), worker="host:1")
    assert told(job)[-2:] == ["cancelled", "answer_refused"]


def test_a_result_that_comes_after_the_cancel_is_late(people: People) -> None:
    job = make_job()
    attempt = make_claim(job)
    answer = make_answer(job.request_id)
    attempt_finish(attempt=attempt, answer=answer, worker="host:1")
    job_cancel(job_id=job.pk, actor=people.omar, reason=WHY)
    assert result_apply(event=answer, hop=HOP) is Applied.LATE
    assert now(job).status == "CANCELLED"
    attempt.refresh_from_db()
    assert attempt.outcome == "succeeded"  # it was; only nobody wanted it any more


def test_cancelling_twice_is_well_and_is_told_once(people: People) -> None:
    job = make_job()
    assert [job_cancel(job_id=job.pk, actor=people.omar, reason=WHY).replayed for _ in range(2)] == [
        False,
        True,
    ]
    assert told(job).count("cancelled") == 1
    assert AuditEvent.objects.count() == 2


@pytest.mark.parametrize("failure", ["", "unexpected"])
def test_what_ended_otherwise_cannot_be_cancelled(people: People, failure: str) -> None:
    job = make_job()
    result_apply(event=make_answer(job.request_id, failure=failure), hop=HOP)
    with pytest.raises(Conflict):
        job_cancel(job_id=job.pk, actor=people.omar, reason=WHY)


def test_an_owner_may_cancel_own_jobs_without_the_right() -> None:
    owner = make_user()
    job = make_job(owner)
    assert job_cancel(job_id=job.pk, actor=owner, reason=WHY).job.status == "CANCELLED"


def test_others_need_the_right_and_may_not_learn_of_what_they_cannot_see(people: People) -> None:
    job = make_job()
    with pytest.raises(Forbidden):
        job_cancel(job_id=job.pk, actor=people.vera, reason=WHY)
    with pytest.raises(NotFound):
        job_cancel(job_id=job.pk, actor=people.eve, reason=WHY)
    assert now(job).status == "PENDING" and not AuditEvent.objects.exists()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\0b"])
def test_a_cancel_needs_a_reason(people: People, reason: str) -> None:
    with pytest.raises(Unprocessable):
        job_cancel(job_id=make_job().pk, actor=people.omar, reason=reason)


def test_a_cancel_leaves_an_intent_and_an_outcome(people: People) -> None:
    job = make_job()
    job_cancel(job_id=job.pk, actor=people.omar, reason=WHY)
    intent, outcome = AuditEvent.objects.order_by("pk")
    assert (intent.kind, intent.actor, intent.action, intent.target, intent.reason) == (
        "intent",
        "omar",
        "job.cancel",
        f"job {job.pk}",
        WHY,
    )
    assert (outcome.kind, outcome.result) == ("outcome", "ok")
    line = JobTransition.objects.get(event="cancelled")
    assert (line.actor, line.note, line.to_status) == ("omar", WHY, "CANCELLED")


def test_a_cancelled_retry_is_not_published(people: People) -> None:
    job = make_job()
    make_claim(job)
    lapse(job)
    jobs_sweep()
    job_cancel(job_id=job.pk, actor=people.omar, reason=WHY)
    assert not AnalysisAttempt.objects.filter(due_at__isnull=False).exists()
    assert AnalysisJob.objects.get().status == "CANCELLED"
