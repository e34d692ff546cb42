"""Jobs in the admin: what people see, and what they cannot do."""

import re
from typing import Any

import pytest
from django.test import Client

from analysis.models import OutsideAnalysis
from heimdall_project.events.jobs import AnalysisResult, Severity
from jobs.models import AnalysisJob
from jobs.services import Hop, LogDraft, result_apply
from jobs.states import Event
from tests.factories import make_answer, make_claim, make_job, make_outside_request
from tests.people import People

pytestmark = pytest.mark.django_db
PAGES = ("jobs/analysisjob", "jobs/logentry", "jobs/analysisattempt", "jobs/jobtransition")
EVIL = '<script>alert("x")</script>'


@pytest.fixture
def vera(people: People) -> Client:
    """A viewer."""
    client = Client()
    client.force_login(people.vera)
    return client


def page(client: Client, path: str) -> str:
    response = client.get(f"/admin/{path}")
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def ended_job(**request: Any) -> AnalysisJob:
    job = make_job(**request)
    make_claim(job)
    result = AnalysisResult(
        summary="The pool is exhausted",
        root_cause="All connections are in use",
        recommendation="Look for long transactions",
        severity=Severity.HIGH,
        confidence=0.9,
        component="HikariPool",
        evidence=[{"line": 3, "text": "", "claim": "here it begins"}],
    )
    result_apply(event=make_answer(job.request_id, analysis_result=result), hop=Hop("analysis.result", 2, 77))
    return job


@pytest.mark.parametrize("path", PAGES)
def test_lists_are_shown_empty_and_full(vera: Client, path: str) -> None:
    page(vera, f"{path}/")
    ended_job()
    assert (
        "orders" in page(vera, f"{path}/")
        or "#1" in page(vera, f"{path}/")
        or "host:1" in page(vera, f"{path}/")
    )


def test_a_job_is_shown_with_result_cited_lines_and_every_hop(vera: Client) -> None:
    shown = page(vera, f"jobs/analysisjob/{ended_job().pk}/change/")
    for expected in (
        "The pool is exhausted",
        "HikariPool",
        "90 % confident",
        "here it begins",
        "Claimed by a worker",
    ):
        assert expected in shown
    assert 'class="hd-cited" id="line-3"' in shown
    assert "analysis.result" in shown and ">77<" in shown


def test_an_open_job_is_shown_and_listens_for_news(vera: Client) -> None:
    job = make_job()
    make_claim(job)
    shown = page(vera, f"jobs/analysisjob/{job.pk}/change/")
    assert "host:1 has been analysing the log for" in shown
    assert f'data-stream="/stream/jobs/{job.pk}"' in shown


def test_the_page_of_an_open_job_listens_for_every_line_that_a_timeline_may_have(vera: Client) -> None:
    shown = page(vera, f"jobs/analysisjob/{make_job().pk}/change/")
    assert f'data-news="{" ".join(Event)}"' in shown


def test_a_failed_job_says_why(vera: Client) -> None:
    job = make_job()
    result_apply(event=make_answer(job.request_id, failure="no_evidence"), hop=Hop("analysis.result", 0, 1))
    shown = page(vera, f"jobs/analysisjob/{job.pk}/change/")
    assert "Failed: No evidence" in shown and "it went wrong" in shown
    assert "Submit a log that contains the fault" in shown


def test_hostile_text_is_shown_as_text(vera: Client) -> None:
    log = LogDraft(content=EVIL, service_name=EVIL, environment=EVIL)
    job = make_job(log=log, correlation_id=EVIL, metadata={"a": EVIL})
    broken: Any = {"line": 1, "claim": EVIL}
    result = AnalysisResult(
        summary=EVIL,
        root_cause=EVIL,
        recommendation=EVIL,
        severity=Severity.LOW,
        confidence=0.1,
        component=EVIL,
        evidence=[broken, {"line": "x"}, {}],
    )
    answer = make_answer(job.request_id, analysis_result=result, model=EVIL)
    result_apply(event=answer, hop=Hop("analysis.result", 0, 1))
    for path in (
        f"jobs/analysisjob/{job.pk}/change/",
        f"jobs/logentry/{job.log_entry_id}/change/",
        *(f"{p}/" for p in PAGES),
    ):
        assert "<script>alert" not in page(vera, path)


def test_marks_that_turn_text_are_shown_by_name_wherever_it_comes_from_outside(vera: Client) -> None:
    turned = "invoice\u202efdp.exe"
    log = LogDraft(content=turned, service_name=turned, environment=turned)
    job = make_job(log=log)
    result = AnalysisResult(
        summary=turned, root_cause=turned, recommendation=turned, severity=Severity.LOW, confidence=0.1
    )
    answer = make_answer(job.request_id, analysis_result=result)
    result_apply(event=answer, hop=Hop("analysis.result", 0, 1))
    for path in (
        "jobs/analysisjob/",
        "jobs/logentry/",
        f"jobs/analysisjob/{job.pk}/change/",
        f"jobs/logentry/{job.log_entry_id}/change/",
    ):
        shown = re.sub(r"<(option|title)[^>]*>.*?</\1>", "", page(vera, path), flags=re.DOTALL)
        body = shown.partition('id="content"')[2]
        assert "\u202e" not in body and "\u27e8U+202E\u27e9" in body, path


def test_a_log_entry_is_shown_with_its_jobs(vera: Client) -> None:
    job = ended_job()
    shown = page(vera, f"jobs/logentry/{job.log_entry_id}/change/")
    assert f"Job #{job.pk}" in shown and "HikariPool.java:213" in shown


def test_an_outside_analysis_is_shown(vera: Client) -> None:
    event = make_outside_request()
    row = OutsideAnalysis.objects.create(request_id=event.request_id, log_id=1, service_name=EVIL, worker="w")
    assert "<script>alert" not in page(vera, "analysis/outsideanalysis/")
    assert str(event.request_id) in page(vera, f"analysis/outsideanalysis/{row.pk}/change/")


@pytest.mark.parametrize(
    "query", ["q=orders", "status=SUCCEEDED", "priority=NORMAL", "failure_class=timeout"]
)
def test_jobs_are_searched_and_filtered(vera: Client, query: str) -> None:
    ended_job()
    assert vera.get(f"/admin/jobs/analysisjob/?{query}").status_code in {200, 302}


def test_nobody_adds_changes_or_deletes(people: People, vera: Client) -> None:
    job = ended_job()
    client = Client()
    client.force_login(people.ada)
    people.ada.is_superuser = True
    people.ada.save(update_fields=["is_superuser"])
    for path in PAGES:
        assert client.get(f"/admin/{path}/add/").status_code == 403
    assert client.post(f"/admin/jobs/analysisjob/{job.pk}/change/", {"status": "FAILED"}).status_code == 403
    assert client.post(f"/admin/jobs/analysisjob/{job.pk}/delete/", {"post": "yes"}).status_code == 403


def test_those_without_the_right_see_nothing(people: People) -> None:
    client = Client()
    people.eve.is_staff = True
    people.eve.save(update_fields=["is_staff"])
    client.force_login(people.eve)
    job = ended_job()
    assert client.get("/admin/jobs/analysisjob/").status_code == 403
    assert client.get(f"/admin/jobs/analysisjob/{job.pk}/change/").status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_the_number_of_queries_does_not_grow_with_the_list(
    vera: Client, path: str, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        ended_job()
    with django_assert_max_num_queries(14):
        page(vera, f"{path}/")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("level=ERROR", True),
        ("level=DEBUG", False),
        ("service=orders", True),
        ("service=x", False),
        ("environment=production", True),
        ("environment=x", False),
        ("q=getConnection", True),
    ],
)
def test_log_entries_are_searched_and_filtered(vera: Client, query: str, found: bool) -> None:
    entry = make_job().log_entry
    assert (f"/logentry/{entry.pk}/change/" in page(vera, f"jobs/logentry/?{query}")) is found
