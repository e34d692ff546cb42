"""The page of one job: where it is, its way, its result with evidence, its attempts, who did what."""

from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from heimdall_project.accounts.models import User
from heimdall_project.events.jobs import AnalysisResult, Severity
from heimdall_project.streams.orders import Beat
from heimdall_project.streams.worker_registry import Registration
from jobs.models import AnalysisJob
from jobs.services import Hop, job_cancel, job_redrive, result_apply
from tests.factories import make_answer, make_claim, make_job
from tests.people import People

pytestmark = pytest.mark.django_db(transaction=True)


def page(user: User, job: AnalysisJob) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(f"/admin/jobs/analysisjob/{job.pk}/change/")
    assert answer.status_code == HTTPStatus.OK
    return str(answer.content.decode().replace("\u00a0", " "))


def succeeded(**fields: Any) -> AnalysisJob:
    job = make_job()
    make_claim(job)
    values: dict[str, Any] = {
        "summary": "The pool is exhausted",
        "root_cause": "one line\nand another",
        "recommendation": "Look for long transactions",
        "severity": Severity.HIGH,
        "confidence": 0.9,
        "evidence": [{"line": 3, "text": "", "claim": "here"}, {"line": 900, "text": "", "claim": "there"}],
    }
    result = AnalysisResult(**(values | fields))
    result_apply(event=make_answer(job.request_id, analysis_result=result), hop=Hop("analysis.result", 2, 77))
    return job


def test_it_says_which_workers_there_are_for_a_waiting_job(people: People) -> None:
    job = make_job()
    assert "no outbox-relay runs" in page(people.vera, job)
    Registration("outbox-relay", group="").beat(Beat(state="running", partitions=()))
    assert "outbox-relay has 1 member" in page(people.vera, job)


def test_evidence_leads_to_the_lines_that_are_there(people: People) -> None:
    shown = page(people.vera, succeeded())
    assert 'href="#line-3"' in shown and 'id="line-3"' in shown
    assert 'href="#line-900"' not in shown and "line 900, not in the log" in shown


def test_a_text_of_several_lines_keeps_them(people: People) -> None:
    assert "one line\nand another" in page(people.vera, succeeded())


def test_a_result_from_the_cache_says_so_and_when_it_was_computed(people: People) -> None:
    job = succeeded()
    assert "Served from cache" not in page(people.vera, job)
    AnalysisJob.objects.filter(pk=job.pk).update(from_cache=True, computed_at="2026-11-20T10:30:00Z")
    shown = page(people.vera, job)
    assert "Served from cache, computed at" in shown and "2026-11-20 10:30:00" in shown


def test_the_trace_can_be_copied(people: People) -> None:
    job = make_job()
    AnalysisJob.objects.filter(pk=job.pk).update(trace_id="0af7651916cd43dd8448eb211c80319c")
    assert 'data-copy="0af7651916cd43dd8448eb211c80319c"' in page(people.vera, job)


def test_attempts_say_why_by_whom_and_after_which_they_were_begun(people: People) -> None:
    job = make_job(people.ada)
    result_apply(event=make_answer(job.request_id, failure="budget"), hop=Hop("analysis.result", 0, 1))
    job_redrive(job_id=job.pk, actor=people.omar, reason="the budget was raised")
    shown = page(people.vera, job)
    assert "Submitted by ada" in shown
    assert "Sent again by omar: the budget was raised" in shown
    assert 'href="#attempt-1"' in shown and 'id="attempt-1"' in shown


def test_who_did_what_is_shown_to_those_who_may_see_the_trail(people: People) -> None:
    job, other = make_job(), make_job()
    assert "Nobody has acted on this job." in page(people.vera, job)
    job_cancel(job_id=job.pk, actor=people.omar, reason="asked twice")
    shown = page(people.vera, job)
    assert "job.cancel" in shown and "asked twice" in shown and "Cancelled just now by omar" in shown
    assert "job.cancel" not in page(people.vera, other)
    viewer = people.vera
    viewer.groups.clear()
    viewer.user_permissions.set(_permission("view_analysisjob"))
    assert "Who did what" not in page(User.objects.get(pk=viewer.pk), job)


def test_results_that_an_outside_worker_made_up_break_nothing(people: People) -> None:
    job = succeeded()
    for result in (
        {"summary": None, "severity": ["x"], "confidence": "much", "evidence": {"line": 1}},
        {"evidence": [1, {"line": "1"}, {"line": -4}, {"line": 10**30, "claim": {"a": 1}}]},
        ["not", "a", "result"],
    ):
        AnalysisJob.objects.filter(pk=job.pk).update(result=result)
        page(people.vera, job)


def test_the_number_of_queries_does_not_grow_with_the_timeline(
    people: People, django_assert_max_num_queries: Any
) -> None:
    job = make_job(people.ada)
    for number in range(6):
        answer = make_answer(job.request_id, failure="budget")
        result_apply(event=answer, hop=Hop("analysis.result", 0, number))
        job = job_redrive(job_id=job.pk, actor=people.omar, reason="again").job
    client = Client()
    client.force_login(people.omar)
    with django_assert_max_num_queries(16):
        client.get(f"/admin/jobs/analysisjob/{job.pk}/change/")


def _permission(codename: str) -> Any:
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename=codename)
