"""Lists as files, and figures."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from heimdall_project.api.export import cell
from jobs.services import Hop, LogDraft, result_apply
from tests.factories import LOG, make_answer, make_job, make_log
from tests.people import People

pytestmark = pytest.mark.django_db
HOP = Hop("analysis.result", 0, 1)


@pytest.fixture
def vera(people: People) -> Client:
    """A viewer, who sees everything."""
    client = Client()
    client.force_login(people.vera)
    return client


def text(response: Any) -> str:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content).decode()


def test_jobs_are_exported_as_csv_with_the_filters_of_the_list(vera: Client, people: People) -> None:
    done = make_job(people.eve)
    result_apply(event=make_answer(done.request_id), hop=HOP)
    make_job(people.eve)
    response = vera.get("/api/v1/jobs/export?status=SUCCEEDED")
    [row] = csv.DictReader(StringIO(text(response)))
    assert (row["analysis_id"], row["summary"], row["severity"]) == (
        str(done.pk),
        "The pool is exhausted",
        "HIGH",
    )
    assert response["Content-Type"] == "text/csv; charset=utf-8" and response["X-Export-Rows"] == "1"
    assert response["Content-Disposition"].startswith('attachment; filename="jobs-')


def test_jobs_are_exported_as_an_object_a_line(vera: Client, people: People) -> None:
    made = [make_job(people.eve).pk for _ in range(3)]
    response = vera.get("/api/v1/jobs/export?format=json", headers={"Accept": "application/json"})
    rows = [json.loads(line) for line in text(response).splitlines()]
    assert [row["analysis_id"] for row in rows] == made[::-1] and rows[0]["summary"] is None
    assert response["Content-Type"] == "application/x-ndjson; charset=utf-8"


def test_only_what_the_caller_may_see_is_exported(people: People) -> None:
    make_job(people.omar)
    client = Client()
    client.force_login(people.eve)
    assert text(client.get("/api/v1/jobs/export?format=json")) == ""
    assert client.get("/api/v1/logs/export")["X-Export-Rows"] == "0"


def test_log_entries_are_exported_whole(vera: Client) -> None:
    make_log(content='a "quoted"\nline, ÄÖ 한국')
    [row] = csv.DictReader(StringIO(text(vera.get("/api/v1/logs/export?q=quoted"))))
    assert row["content"] == 'a "quoted"\nline, ÄÖ 한국'


def test_no_cell_is_a_formula(vera: Client, people: People) -> None:
    evil = LogDraft(content=LOG, service_name="=cmd|' /C calc'!A0", environment="@SUM(1)")
    make_job(people.eve, log=evil)
    [row] = csv.DictReader(StringIO(text(vera.get("/api/v1/jobs/export"))))
    assert (row["service_name"], row["environment"]) == ("'=cmd|' /C calc'!A0", "'@SUM(1)")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_every_beginning_of_a_formula_is_defused(start: str) -> None:
    assert cell(f"{start}1") == f"'{start}1"


def test_numbers_and_nothing_stay_as_they_are() -> None:
    assert [cell(value) for value in (None, True, -1.5, 7, "a=b")] == ["", "true", "-1.5", "7", "a=b"]


def test_more_rows_than_a_file_may_have_are_refused(
    vera: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.views.export.MOST_JOBS", 1)
    make_job(people.eve), make_job(people.eve)
    response = vera.get("/api/v1/jobs/export")
    assert (response.status_code, response["Content-Type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("query", ["format=xml", "format=", "status=DONE", "page=2", "cursor=x"])
def test_an_export_that_does_not_fit_is_refused(vera: Client, query: str) -> None:
    response = vera.get(f"/api/v1/jobs/export?{query}")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


def test_an_export_reads_with_one_cursor_however_many_rows(
    vera: Client, people: People, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heimdall_project.api.export.CHUNK", 2)
    for _ in range(9):
        make_job(people.eve)
    with django_assert_max_num_queries(8):
        assert len(text(vera.get("/api/v1/jobs/export?format=json")).splitlines()) == 9


# --- figures


def test_the_figures_of_an_hour(vera: Client, people: People) -> None:
    done = make_job(people.eve)
    result_apply(event=make_answer(done.request_id), hop=HOP)
    make_job(people.eve)
    body = vera.get("/api/v1/jobs/stats").json()
    assert (body["total"], body["by_status"]["SUCCEEDED"], body["open"]["PENDING"]) == (2, 1, 1)
    assert body["by_service"] == [{"service_name": "orders", "jobs": 2}]
    assert sum(point["succeeded"] for point in body["throughput"]) == 1 and body["step_seconds"] == 60


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("since=0001-01-01T00:00:00Z", "step"),
        ("until=0001-01-01T00:00:00Z", "since"),
        ("since=9999-12-31T23:59:59Z", "since"),
        ("since=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z", "since"),
        ("step=0", "step"),
        ("step=1e3", "step"),
        ("step=١٠", "step"),
        ("since=now", "since"),
        ("window=60", "window"),
        ("since=0001-01-01T00:00:00%2B14:00", "since"),
    ],
)
def test_a_window_that_does_not_fit_is_refused(vera: Client, query: str, path: str) -> None:
    response = vera.get(f"/api/v1/jobs/stats?{query}")
    assert response.status_code == 400, response.content
    assert [error["path"] for error in response.json()["errors"]] == [path]
