"""Sending ended jobs again, on a person's word."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection

from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.errors import Conflict, Forbidden, NotFound, Unprocessable
from heimdall_project.events.codec import encode
from heimdall_project.events.jobs import AnalysisRequested
from heimdall_project.streams import redrive
from jobs import selectors
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition
from jobs.services import (
    REDRIVE_MOST,
    Applied,
    Hop,
    attempt_finish,
    job_cancel,
    job_redrive,
    jobs_redrive,
    jobs_sweep,
    result_apply,
)
from tests.factories import make_answer, make_claim, make_job, make_outside_request, make_user, outbox_events
from tests.integration.jobs.test_sweeper import lapse, now, told
from tests.people import People

pytestmark = pytest.mark.django_db
HOP = Hop("analysis.result", 0, 7)
WHY = "the model is back"


def failed(failure: str = "model_unavailable", owner: User | None = None) -> AnalysisJob:
    job = make_job(owner)
    result_apply(event=make_answer(job.request_id, failure=failure), hop=HOP)
    return now(job)


# --- one


def test_a_failed_job_goes_again_as_a_new_attempt_with_lineage(people: People) -> None:
    job = failed()
    first = AnalysisAttempt.objects.get()
    again = job_redrive(job_id=job.pk, actor=people.omar, reason=WHY, redrive_id="r-1")
    attempt = again.attempt
    assert (attempt.number, attempt.origin, attempt.previous, attempt.round_try) == (2, "redriven", first, 1)
    assert (attempt.begun_by, attempt.reason, attempt.redrive_id) == ("omar", WHY, "r-1")
    fresh = now(job)
    assert (fresh.status, fresh.request_id, fresh.finished_at) == ("PENDING", attempt.request_id, None)
    assert (fresh.failure_class, fresh.failure_message, fresh.model, fresh.result) == ("", "", "", None)
    assert outbox_events(AnalysisRequested)[-1].request_id == attempt.request_id
    line = JobTransition.objects.latest("id")
    assert (line.event, line.from_status, line.to_status, line.actor) == (
        "redriven",
        "FAILED",
        "PENDING",
        "omar",
    )
    first.refresh_from_db()
    assert first.failure_class == "model_unavailable"  # how it ended stays known


def test_a_redriven_job_ends_as_any_other(people: People) -> None:
    job = failed()
    again = job_redrive(job_id=job.pk, actor=people.omar, reason=WHY)
    claim = make_claim(again.job)
    answer = make_answer(claim.request_id)
    assert attempt_finish(attempt=claim, answer=answer, worker="host:1")
    assert result_apply(event=answer, hop=HOP) is Applied.ENDED_JOB
    assert now(job).status == "SUCCEEDED"


def test_a_cancelled_job_can_be_sent_again(people: People) -> None:
    job = make_job()
    job_cancel(job_id=job.pk, actor=people.omar, reason="oops")
    assert job_redrive(job_id=job.pk, actor=people.omar, reason=WHY).job.status == "PENDING"


def test_a_redriven_job_has_all_its_tries_again(people: People) -> None:
    job = make_job()
    for number in range(settings.JOB_ATTEMPTS):
        if number:
            AnalysisAttempt.objects.filter(job=job).update(due_at=None)
        make_claim(now(job))
        lapse(job)
        jobs_sweep()
    assert now(job).failure_class == "timeout"
    again = job_redrive(job_id=job.pk, actor=people.omar, reason=WHY)
    make_claim(again.job)
    lapse(job)
    jobs_sweep()
    assert now(job).status == "PENDING"
    assert AnalysisAttempt.objects.latest("number").round_try == 2


def test_a_result_of_the_attempt_before_is_late(people: People) -> None:
    job = failed()
    first = job.request_id
    job_redrive(job_id=job.pk, actor=people.omar, reason=WHY)
    assert result_apply(event=make_answer(first), hop=Hop("analysis.result", 0, 8)) is Applied.LATE
    assert now(job).status == "PENDING" and told(job)[-1] == "result_late"


def test_only_failed_and_cancelled_jobs_can_be_sent_again(people: People) -> None:
    open_, done = make_job(), make_job()
    result_apply(event=make_answer(done.request_id), hop=HOP)
    for job in (open_, done):
        with pytest.raises(Conflict):
            job_redrive(job_id=job.pk, actor=people.omar, reason=WHY)
    make_claim(open_)
    with pytest.raises(Conflict):
        job_redrive(job_id=open_.pk, actor=people.omar, reason=WHY)


def test_a_redrive_needs_the_right_and_a_reason(people: People) -> None:
    job = failed(owner=people.eve)
    with pytest.raises(Forbidden):
        job_redrive(job_id=job.pk, actor=people.eve, reason=WHY)
    with pytest.raises(Unprocessable):
        job_redrive(job_id=job.pk, actor=people.omar, reason=" ")
    with pytest.raises(NotFound):
        job_redrive(job_id=job.pk + 1000, actor=people.omar, reason=WHY)
    assert not AuditEvent.objects.exists() and AnalysisAttempt.objects.count() == 1


def test_a_redrive_leaves_an_intent_and_an_outcome(people: People) -> None:
    job = failed()
    job_redrive(job_id=job.pk, actor=people.omar, reason=WHY)
    intent, outcome = AuditEvent.objects.order_by("pk")
    assert (intent.action, intent.target, intent.actor, intent.reason) == (
        "job.redrive",
        f"job {job.pk}",
        "omar",
        WHY,
    )
    assert intent.detail["failure_class"] == "model_unavailable"
    assert (outcome.result, outcome.detail["attempt"]) == ("ok", 2)


def test_the_same_redrive_is_done_once(people: People) -> None:
    job = failed()
    first, second = (
        job_redrive(job_id=job.pk, actor=people.omar, reason=WHY, redrive_id="r-1") for _ in range(2)
    )
    assert (first.replayed, second.replayed) == (False, True) and first.attempt == second.attempt
    assert AnalysisAttempt.objects.filter(job=job).count() == 2


def test_the_id_of_a_redrive_belongs_to_one_job(people: People) -> None:
    job_redrive(job_id=failed().pk, actor=people.omar, reason=WHY, redrive_id="r-1")
    with pytest.raises(Unprocessable):
        job_redrive(job_id=failed().pk, actor=people.omar, reason=WHY, redrive_id="r-1")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("redrive_id", ["r-1", ""])
def test_the_same_job_redriven_twice_at_once_gets_one_attempt(people: People, redrive_id: str) -> None:
    job = failed()

    def send(_: int) -> str:
        try:
            job_redrive(job_id=job.pk, actor=people.omar, reason=WHY, redrive_id=redrive_id)
        except Conflict:
            return "conflict"
        finally:
            connection.close()
        return "ok"

    with ThreadPoolExecutor(4) as pool:
        ends = sorted(pool.map(send, range(4)))
    assert ends == (["ok"] * 4 if redrive_id else ["conflict"] * 3 + ["ok"])
    assert AnalysisAttempt.objects.filter(job=job).count() == 2
    assert told(job).count("redriven") == 1


# --- many


def test_of_many_each_gets_its_own_end(people: People) -> None:
    good, open_ = failed(), make_job()
    ends = jobs_redrive(job_ids=[good.pk, open_.pk, 10**9, good.pk], actor=people.omar, reason=WHY)
    assert [(end.job_id, bool(end.redriven)) for end in ends] == [
        (good.pk, True),
        (open_.pk, False),
        (10**9, False),
    ]
    assert isinstance(ends[1].refused, Conflict) and isinstance(ends[2].refused, NotFound)


def test_many_can_be_repeated_under_one_name(people: People) -> None:
    ids = [failed().pk for _ in range(3)]
    for replayed in (False, True):
        ends = jobs_redrive(job_ids=ids, actor=people.omar, reason=WHY, redrive_id="after the outage")
        assert [end.redriven and end.redriven.replayed for end in ends] == [replayed] * 3
    assert AnalysisAttempt.objects.filter(origin="redriven").count() == 3


def test_many_are_bounded_and_need_the_right(people: People) -> None:
    with pytest.raises(Unprocessable):
        jobs_redrive(job_ids=range(REDRIVE_MOST + 1), actor=people.omar, reason=WHY)
    with pytest.raises(Unprocessable):
        jobs_redrive(job_ids=[], actor=people.omar, reason=WHY)
    with pytest.raises(Forbidden):
        jobs_redrive(job_ids=[1], actor=people.vera, reason=WHY)


def test_a_preview_says_what_will_be_retried_and_why_it_failed(people: People) -> None:
    kinds = ["model_unavailable", "model_unavailable", "budget"]
    jobs = [failed(kind) for kind in kinds]
    cancelled, open_ = make_job(), make_job()
    job_cancel(job_id=cancelled.pk, actor=people.omar, reason="oops")
    preview = selectors.redrive_preview(selectors.jobs_visible_to(people.vera))
    assert preview.redrivable == 4
    assert [(group.status, group.failure_class, group.count) for group in preview.groups] == [
        ("FAILED", "model_unavailable", 2),
        ("CANCELLED", "", 1),
        ("FAILED", "budget", 1),
    ]
    assert preview.left_alone == {"PENDING": 1}
    largest = preview.groups[0]
    assert set(largest.sample) == set(jobs[:2]) and largest.entry and "Redrive" in largest.entry.advice
    assert selectors.redrive_preview(selectors.jobs_visible_to(make_user())).redrivable == 0
    assert open_.status == "PENDING"


# --- dead letters


def letter(event: AnalysisRequested) -> redrive.Letter:
    return redrive.Letter(topic="analysis.request", key=b"1", value=encode(event), headers={})


def test_a_dead_request_of_a_failed_job_is_a_new_attempt_and_resolved_when_it_succeeds(
    people: People,
) -> None:
    job = make_job()
    [event] = outbox_events(AnalysisRequested)
    result_apply(event=make_answer(job.request_id, failure="unexpected"), hop=HOP)
    target = redrive.target_for(letter(event))
    assert target
    reference = target.redrive(letter(event), redrive_id="r-1", actor=people.ada, reason=WHY)
    assert target.redrive(letter(event), redrive_id="r-1", actor=people.ada, reason=WHY) == reference
    assert target.state(reference) == "pending"
    claim = make_claim(now(job))
    attempt_finish(attempt=claim, answer=make_answer(claim.request_id), worker="host:1")
    assert target.state(reference) == "resolved"


def test_a_letter_whose_new_attempt_fails_too_is_failed(people: People) -> None:
    job = make_job()
    [event] = outbox_events(AnalysisRequested)
    result_apply(event=make_answer(job.request_id, failure="unexpected"), hop=HOP)
    target = redrive.target("analysis.request")
    assert target
    reference = target.redrive(letter(event), redrive_id="r-1", actor=people.ada, reason=WHY)
    result_apply(event=make_answer(now(job).request_id, failure="bad_output"), hop=HOP)
    assert target.state(reference) == "failed" and target.state("0") == "failed"


def test_a_letter_follows_the_retries_of_its_attempt(people: People) -> None:
    job = make_job()
    [event] = outbox_events(AnalysisRequested)
    result_apply(event=make_answer(job.request_id, failure="unexpected"), hop=HOP)
    target = redrive.target("analysis.request")
    assert target
    reference = target.redrive(letter(event), redrive_id="r-1", actor=people.ada, reason=WHY)
    make_claim(now(job))
    lapse(job)
    jobs_sweep()
    assert target.state(reference) == "pending"
    result_apply(event=make_answer(now(job).request_id), hop=HOP)
    assert target.state(reference) == "resolved"


def test_letters_of_outside_producers_and_those_a_job_still_waits_for_are_republished_plainly() -> None:
    make_job()
    [waiting] = outbox_events(AnalysisRequested)
    assert redrive.target_for(letter(waiting)) is None
    assert redrive.target_for(letter(make_outside_request(request_id=uuid4()))) is None
    broken = redrive.Letter(topic="analysis.request", key=None, value=b"{", headers={})
    assert redrive.target_for(broken) is None
