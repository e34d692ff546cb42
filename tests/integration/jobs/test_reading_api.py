"""Reading jobs and log entries: who sees what, and how it looks."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition, LogEntry
from jobs.services import Hop, LogDraft, result_apply
from tests.factories import LOG, NOON, make_answer, make_claim, make_job, make_log
from tests.people import People

pytestmark = pytest.mark.django_db
HOP = Hop("analysis.result", 0, 1)


@pytest.fixture
def eve(people: People) -> Client:
    """A program: it may ask for analyses, and sees its own."""
    people.eve.user_permissions.set(
        Permission.objects.filter(codename__in=["add_analysisjob", "add_logentry"])
    )
    client = Client()
    client.force_login(people.eve)
    return client


@pytest.fixture
def vera(people: People) -> Client:
    """A viewer, who sees everything."""
    client = Client()
    client.force_login(people.vera)
    return client


def get(client: Client, path: str) -> Any:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.content
    return response.json()


def ids(page: dict[str, Any], name: str = "analysis_id") -> list[int]:
    return [row[name] for row in page["results"]]


# --- results


def test_an_open_job_has_neither_result_nor_failure(eve: Client, people: People) -> None:
    job = make_job(people.eve)
    make_claim(job)
    body = get(eve, f"analysis/result/{job.pk}")
    assert (body["status"], body["message"]) == ("RUNNING", "A worker is analysing the log.")
    assert (body["analysis_result"], body["failure"], body["finished_at"]) == (None, None, None)


def test_a_result_is_shown_whole(eve: Client, people: People) -> None:
    job = make_job(people.eve, correlation_id="corr-1")
    result_apply(event=make_answer(job.request_id, bifrost_analysis_id=789), hop=HOP)
    body = get(eve, f"analysis/result/{job.pk}")
    assert (body["status"], body["log_id"], body["correlation_id"]) == (
        "SUCCEEDED",
        job.log_entry_id,
        "corr-1",
    )
    assert (body["analysis_result"]["severity"], body["analysis_result"]["confidence"]) == ("HIGH", 0.9)
    assert (body["bifrost_analysis_id"], body["model"], body["duration_seconds"]) == (789, "test", 1.5)


def test_a_failure_is_shown_with_class_and_message(eve: Client, people: People) -> None:
    job = make_job(people.eve)
    result_apply(event=make_answer(job.request_id, failure="no_evidence"), hop=HOP)
    body = get(eve, f"analysis/result/{job.pk}")
    failure = body["failure"]
    assert (failure["failure_class"], failure["message"]) == ("no_evidence", "it went wrong")
    assert failure["meaning"] and failure["next_step"].startswith("Submit a log")
    assert failure["redrive_helps"] is False
    assert body["analysis_result"] is None


def test_a_result_from_the_cache_says_so_and_when_it_was_computed(eve: Client, people: People) -> None:
    job = make_job(people.eve)
    answer = make_answer(job.request_id, served_from_cache=True, computed_at=NOON)
    result_apply(event=answer, hop=HOP)
    body = get(eve, f"analysis/result/{job.pk}")
    assert (body["from_cache"], body["computed_at"]) == (True, "2026-11-21T12:00:00Z")
    assert body["message"] == "Served from the cache; computed at 2026-11-21T12:00:00+00:00."


def test_a_job_carries_the_trace_of_the_request_that_submitted_it(eve: Client) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    body = {"log_content": LOG, "service_name": "orders", "environment": "test"}
    made = eve.post(
        "/api/v1/analysis/request",
        json.dumps(body),
        content_type="application/json",
        headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
    )
    pk = made.json()["analysis_id"]
    assert get(eve, f"jobs/{pk}")["trace_id"] == get(eve, f"analysis/result/{pk}")["trace_id"] == trace
    assert get(eve, f"jobs/{pk}/timeline")[0]["trace_id"] == trace


@pytest.mark.parametrize("path", ["jobs/{}", "jobs/{}/timeline", "analysis/result/{}"])
def test_the_number_of_queries_does_not_grow_with_the_attempts(
    eve: Client, people: People, django_assert_max_num_queries: Any, path: str
) -> None:
    job = make_job(people.eve)
    previous = AnalysisAttempt.objects.get(job=job)
    for number in range(2, 12):
        previous = AnalysisAttempt.objects.create(
            job=job, number=number, request_id=uuid4(), origin="retried", previous=previous
        )
        JobTransition.objects.create(
            job=job, attempt=previous, event="lease_lapsed", to_status="PENDING", actor="sweeper"
        )
    with django_assert_max_num_queries(7):
        get(eve, path.format(job.pk))


@pytest.mark.parametrize("path", ["analysis/result/{}", "jobs/{}", "jobs/{}/timeline"])
def test_what_is_unknown_or_anothers_is_not_there(eve: Client, people: People, path: str) -> None:
    foreign = make_job(people.omar).pk
    statuses = [eve.get(f"/api/v1/{path.format(pk)}").status_code for pk in (foreign, 10**30, 4_000_000_000)]
    assert statuses == [404, 404, 404]


@pytest.mark.parametrize("path", ["analysis/result/{}", "jobs/{}", "jobs/{}/timeline", "jobs"])
def test_those_who_may_view_jobs_see_all(vera: Client, people: People, path: str) -> None:
    job = make_job(people.eve)
    assert vera.get(f"/api/v1/{path.format(job.pk)}").status_code == 200


# --- lists


def test_the_list_shows_own_jobs_newest_first(eve: Client, people: People) -> None:
    mine = [make_job(people.eve).pk for _ in range(3)]
    make_job(people.omar)
    assert ids(get(eve, "jobs")) == mine[::-1]


def test_the_list_is_filtered(vera: Client, people: People) -> None:
    other = LogDraft(content=LOG, service_name="payments", environment="staging")
    high, low = make_job(people.eve, priority="HIGH"), make_job(people.eve, priority="LOW", log=other)
    result_apply(event=make_answer(low.request_id), hop=HOP)
    assert ids(get(vera, "jobs?priority=HIGH")) == [high.pk]
    assert ids(get(vera, "jobs?status=SUCCEEDED&status=FAILED")) == [low.pk]
    assert ids(get(vera, "jobs?service=payments")) == [low.pk]


def test_the_list_is_filtered_by_time(vera: Client, people: People) -> None:
    old, new = make_job(people.eve), make_job(people.eve)
    AnalysisJob.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    since = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids(get(vera, f"jobs?since={since}")) == [new.pk]
    assert ids(get(vera, f"jobs?until={since}")) == [old.pk]


def test_pages_follow_each_other_and_stay_put_while_jobs_come(eve: Client, people: People) -> None:
    made = [make_job(people.eve).pk for _ in range(5)]
    first = get(eve, "jobs?page_size=2")
    make_job(people.eve)
    second = eve.get(first["next"]).json()
    assert ids(first) + ids(second) == made[::-1][:4]


@pytest.mark.parametrize(
    "query", ["status=DONE", "sttus=FAILED", "since=yesterday", "cursor=x", "page_size=0"]
)
def test_a_query_that_does_not_fit_is_refused(vera: Client, query: str) -> None:
    assert vera.get(f"/api/v1/jobs?{query}").status_code == 400


def test_the_number_of_queries_does_not_grow_with_the_page(
    vera: Client, people: People, django_assert_max_num_queries: Any
) -> None:
    for _ in range(10):
        make_job(people.eve)
    with django_assert_max_num_queries(8):
        assert len(ids(get(vera, "jobs"))) == 10


# --- one job


def test_a_job_is_shown_with_its_attempts(eve: Client, people: People) -> None:
    job = make_job(people.eve, metadata={"ticket": 7})
    make_claim(job, worker="host:7")
    body = get(eve, f"jobs/{job.pk}")
    assert (body["metadata"], body["owner"], body["service_name"]) == ({"ticket": 7}, "eve", "orders")
    assert [(a["number"], a["worker"], a["outcome"]) for a in body["attempts"]] == [(1, "host:7", "")]


def test_the_timeline_tells_each_step_and_how_long_it_took(eve: Client, people: People) -> None:
    job = make_job(people.eve)
    make_claim(job)
    result_apply(event=make_answer(job.request_id), hop=HOP)
    lines = get(eve, f"jobs/{job.pk}/timeline")
    assert [line["event"] for line in lines] == ["submitted", "claimed", "result_applied"]
    assert lines[0]["since_previous_seconds"] is None and lines[2]["since_previous_seconds"] >= 0
    assert (lines[2]["topic"], lines[2]["partition"], lines[2]["offset"]) == HOP


# --- log entries


def test_a_log_entry_is_stored_and_read_back(eve: Client, people: People) -> None:
    body = {
        "content": LOG,
        "service_name": "orders",
        "environment": "test",
        "logged_at": "2026-11-21T09:00:00",
    }
    made = eve.post("/api/v1/logs", json.dumps(body), content_type="application/json")
    assert made.status_code == 201
    shown = get(eve, f"logs/{made.json()['id']}")
    assert (shown["content"], shown["logged_at"], shown["source"]) == (LOG, "2026-11-21T09:00:00Z", "api")
    assert LogEntry.objects.get().created_by == people.eve


def test_a_log_entry_that_does_not_fit_is_refused(eve: Client) -> None:
    body = {"content": "", "service_name": "orders", "logged_at": "soon", "id": 1}
    made = eve.post("/api/v1/logs", json.dumps(body), content_type="application/json")
    paths = {error["path"] for error in made.json()["errors"]}
    assert paths == {"content", "environment", "logged_at", "id"}


def test_log_entries_are_searched_by_part_of_their_text(vera: Client) -> None:
    pool = make_log(content="HikariPool-1 - Connection is not available")
    make_log(content="all is well, 100 %_ sure")
    assert ids(get(vera, "logs?q=hikaripool"), "id") == [pool.pk]
    assert ids(get(vera, "logs?q=%25_"), "id") == [pool.pk + 1]


def test_the_list_shows_only_the_beginning(vera: Client) -> None:
    make_log(content="x" * 5000)
    [row] = get(vera, "logs")["results"]
    assert len(row["preview"]) == 300 and "content" not in row


def test_log_entries_of_others_are_not_there(eve: Client, people: People) -> None:
    foreign = make_log(people.omar)
    assert get(eve, "logs")["results"] == []
    assert eve.get(f"/api/v1/logs/{foreign.pk}").status_code == 404


def test_a_viewer_stores_nothing(vera: Client) -> None:
    assert vera.post("/api/v1/logs", "{}", content_type="application/json").status_code == 403
