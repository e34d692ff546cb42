"""No list, count or figure reads the whole table, however many dead letters there are."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.people import People

from .crowd import explained, make_crowd

pytestmark = pytest.mark.django_db
WEEK_AGO = (timezone.now() - timedelta(days=7)).isoformat()


def plans(client: Client, path: str, **query: Any) -> list[str]:
    """The plans of all statements of a request that touch these tables."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"/api/v1/dlq{path}", query_params=query).status_code == 200
    return [explained(query["sql"]) for query in asked if "dead_letter" in query["sql"]]


def test_every_question_goes_through_an_index(people: People, client: Client) -> None:
    first = make_crowd(letters=30_000, clusters=200)
    client.force_login(people.vera)
    expected: dict[str, tuple[dict[str, Any], str]] = {
        "letter_by_time": ({}, ""),
        "letter_by_stage": ({"state": "PENDING"}, ""),
        "letter_by_cluster": ({"cluster": first}, ""),
        "letter_by_cluster_stage": ({"cluster": first, "state": ["PENDING", "FAILED_AGAIN"]}, ""),
        "letter_by_event": ({"event_id": "e-77"}, ""),
        "letter_by_correlation": ({"correlation_id": "c-77"}, ""),
        "letter_of_a_redrive": ({"redrive_id": "r-1001"}, ""),
    }
    for index, (query, path) in expected.items():
        plan = "\n".join(plans(client, path, **query))
        assert index in plan and "Seq Scan on dead_letters " not in plan, plan
    others: list[dict[str, Any]] = [
        {"state": ["PENDING", "FAILED_AGAIN"], "since": WEEK_AGO},
        {"disposition": "poison"},
        {"topic": "topic-3", "group": "heimdall.worker-2"},
        {"error_class": "Error7", "state": "REPROCESSED"},
        {"error_class": "Error7", "state": "FAILED_AGAIN"},
        {"until": WEEK_AGO},
        {"cluster": first, "state": "PENDING"},
    ]
    for query in others:
        for plan in plans(client, "", **query):
            assert "Seq Scan on dead_letters " not in plan, (query, plan)


def test_figures_come_from_the_counters(people: People, client: Client) -> None:
    first = make_crowd(letters=30_000, clusters=200)
    client.force_login(people.vera)
    for path in ("/stats", "/clusters", f"/clusters/{first}"):
        for plan in plans(client, path):
            assert "Seq Scan on dead_letters " not in plan, plan


def test_no_page_of_the_admin_reads_or_counts_all_letters(people: People, client: Client) -> None:
    first = make_crowd(letters=30_000, clusters=200)
    client.force_login(people.vera)
    letters = "/admin/dlq_admin/deadletter/"
    expected = {
        "/admin/dlq_admin/cluster/console/": "letter_by_stage",
        letters: "letter_by_time",
        f"{letters}?state=PENDING": "letter_by_stage",
        f"{letters}?cluster={first}": "letter_by_cluster",
        f"{letters}?q=e-77": "letter_by_event",
        f"/admin/dlq_admin/cluster/{first}/change/": "letter_by_cluster",
        f"{letters}?error_class=Error7": "",
        "/admin/dlq_admin/cluster/": "",
        "/admin/dlq_admin/redrivebatch/": "",
    }
    for path, index in expected.items():
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200, path
        found = "\n".join(explained(query["sql"]) for query in asked if "dead_letter" in query["sql"])
        assert index in found and "Seq Scan on dead_letters " not in found, (path, found)


def test_a_list_takes_few_statements_however_long_it_is(
    people: People, client: Client, django_assert_max_num_queries: Any
) -> None:
    make_crowd(letters=500, clusters=50)
    client.force_login(people.vera)
    with django_assert_max_num_queries(6):
        assert len(client.get("/api/v1/dlq", query_params={"page_size": 500}).json()["results"]) == 500
