"""Filters, search and orders of the list of jobs; each bounded by an index or by a number."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs import filters
from jobs.models import AnalysisAttempt, AnalysisJob
from jobs.services import Hop, LogDraft, result_apply
from tests.factories import LOG, make_answer, make_job
from tests.people import People

from .crowd import explained, make_crowd

pytestmark = pytest.mark.django_db
HOP = Hop("analysis.result", 0, 1)
PAYMENTS = LogDraft(content=LOG, service_name="payments", environment="staging")


@pytest.fixture
def vera(people: People) -> Client:
    """A viewer, who sees everything."""
    client = Client()
    client.force_login(people.vera)
    return client


def listed(client: Client, **query: Any) -> list[int]:
    response = client.get(f"/api/v1/jobs?{urlencode(query, doseq=True)}")
    assert response.status_code == 200, response.content
    return [row["analysis_id"] for row in response.json()["results"]]


def ended(job: AnalysisJob, *, failure: str = "", seconds_ago: int = 0) -> AnalysisJob:
    result_apply(event=make_answer(job.request_id, failure=failure), hop=HOP)
    at = timezone.now() - timedelta(seconds=seconds_ago)
    AnalysisJob.objects.filter(pk=job.pk).update(finished_at=at)
    return job


def test_jobs_are_found_by_what_they_are(vera: Client, people: People) -> None:
    one = make_job(people.eve, correlation_id="corr-1")
    other = ended(make_job(people.omar, log=PAYMENTS), failure="no_evidence")
    assert listed(vera, owner="eve") == listed(vera, correlation_id="corr-1") == [one.pk]
    assert listed(vera, environment="staging") == listed(vera, failure_class=["budget", "no_evidence"])
    assert listed(vera, environment="staging", service="payments", owner="omar") == [other.pk]
    assert listed(vera, owner="nobody") == listed(vera, correlation_id="corr") == []


def test_a_job_is_found_by_the_request_of_any_attempt(vera: Client, people: People) -> None:
    job = make_job(people.eve)
    make_job(people.eve)
    first, second = job.request_id, "0b9f3a52-8a07-4a55-9a3c-0f3c6a1d2e77"
    AnalysisAttempt.objects.create(job=job, number=2, request_id=second)
    AnalysisJob.objects.filter(pk=job.pk).update(request_id=second)
    assert listed(vera, request_id=first) == listed(vera, request_id=second) == [job.pk]


def test_results_are_found_by_whether_they_came_out_of_the_cache(vera: Client, people: People) -> None:
    cached, fresh, _open = ended(make_job(people.eve)), ended(make_job(people.eve)), make_job(people.eve)
    AnalysisJob.objects.filter(pk=cached.pk).update(from_cache=True)
    assert listed(vera, from_cache="true") == [cached.pk]
    assert listed(vera, from_cache="false") == [fresh.pk]


def test_words_are_looked_for_in_summaries_failures_and_services(vera: Client, people: People) -> None:
    pool = ended(make_job(people.eve))
    wrong = ended(make_job(people.eve), failure="no_evidence")
    payments = make_job(people.eve, log=PAYMENTS)
    assert listed(vera, q="POOL is ex") == [pool.pk]
    assert listed(vera, q="went wrong") == [wrong.pk]
    assert listed(vera, q="payMENTS") == [payments.pk]
    assert listed(vera, q="100%_") == listed(vera, q="payments", status="FAILED") == []


def test_words_are_looked_for_in_a_bounded_number_of_jobs(
    vera: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "SEARCHED", 2)
    old = ended(make_job(people.eve))
    newer = [make_job(people.eve) for _ in range(2)]
    assert listed(vera, q="pool") == []
    assert listed(vera, q="pool", until=newer[1].created_at.isoformat()) == [old.pk]


def test_jobs_are_ordered_by_their_end_and_open_ones_are_left_out(vera: Client, people: People) -> None:
    slow, quick, _ = (make_job(people.eve) for _ in range(3))
    ended(quick, seconds_ago=60), ended(slow, seconds_ago=5)
    assert listed(vera, ordering="-finished_at") == [slow.pk, quick.pk]
    assert listed(vera, ordering="finished_at") == [quick.pk, slow.pk]
    assert len(listed(vera, ordering="created_at")) == 3


@pytest.mark.parametrize("ordering", ["-created_at", "created_at", "-finished_at", "finished_at"])
def test_pages_of_every_order_hold_each_job_once_while_others_come(
    vera: Client, people: People, ordering: str
) -> None:
    made = [ended(make_job(people.eve), seconds_ago=9 - n // 2) for n in range(7)]
    AnalysisJob.objects.update(created_at=made[0].created_at)  # all at once: the id breaks the tie
    expected = listed(vera, ordering=ordering)
    seen, link = [], f"/api/v1/jobs?ordering={ordering}&page_size=2"
    while link:
        page = vera.get(link).json()
        seen += [row["analysis_id"] for row in page["results"]]
        if ordering.startswith("-"):  # in the other direction they come behind, and are pages of their own
            ended(make_job(people.eve))
        link = page["next"]
    assert seen == expected and len(seen) == 7
    back = vera.get(page["previous"]).json()
    assert [row["analysis_id"] for row in back["results"]] == seen[-3:-1]


@pytest.mark.parametrize(
    "query",
    [
        {"ordering": "owner"},
        {"ordering": ""},
        {"failure_class": "bad"},
        {"request_id": "17"},
        {"from_cache": "yes"},
        {"q": "x" * 201},
        {"owner": "x" * 201},
        {"page_size": "٣"},
        {"page_size": "0x10"},
        {"page_size": "501"},
        {"since": "2026-13-01"},
        {"since": "now()"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"since": "9999-12-31T23:59:59-14:00"},
        {"q": "a\0b"},
        {"cursor": "eyJhIjoxfQ"},
        {"cursor": "\x01"},
        {"cursor": "W10"},
        {"status": ""},
        {"Status": "FAILED"},
    ],
    ids=str,
)
def test_a_filter_that_does_not_fit_is_refused_by_name(vera: Client, query: dict[str, str]) -> None:
    response = vera.get(f"/api/v1/jobs?{urlencode(query)}")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert [error["path"] for error in response.json()["errors"]] == list(query)


@pytest.mark.parametrize(
    "query", [{"until": "0259-01-15T06:33:02+22:38"}, {"since": "9999-12-31T23:59:59+14:00"}]
)
def test_times_at_the_ends_of_the_calendar_are_times(vera: Client, query: dict[str, str]) -> None:
    assert listed(vera, **query) == []


def test_the_cursor_of_one_order_is_refused_by_another(vera: Client, people: People) -> None:
    for _ in range(2):
        make_job(people.eve)
    link = vera.get("/api/v1/jobs?page_size=1").json()["next"]
    refused = vera.get(f"{link}&ordering=created_at")
    assert refused.status_code == 400 and refused.json()["errors"][0]["path"] == "cursor"


SELECTIVE: list[dict[str, Any]] = [
    {},
    {"status": "QUEUED"},
    {"status": ["FAILED", "CANCELLED"]},
    {"failure_class": "model_timeout"},
    {"owner": "eve"},
    {"correlation_id": "corr-7"},
    {"request_id": "0b9f3a52-8a07-4a55-9a3c-0f3c6a1d2e77"},
    {"service": "service-3"},
    {"q": "pool"},
    {"q": "nothing like it"},
    {"ordering": "finished_at"},
    {"since": "2026-01-01T00:00:00Z", "ordering": "-finished_at"},
]


def test_no_filter_reads_the_whole_table(
    vera: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "SEARCHED", 500)
    make_crowd(people.eve, jobs=10_000)
    for query in SELECTIVE:
        with CaptureQueriesContext(connection) as asked:
            listed(vera, **query)
        statements = [query["sql"] for query in asked if 'FROM "analysis_jobs"' in query["sql"]]
        assert len(statements) == 1 + ("q" in query)
        for statement in statements:
            assert "Seq Scan on analysis_jobs" not in (plan := explained(statement)), plan
