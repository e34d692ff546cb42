"""Probes against real services."""

import json

import pytest
from django.test import Client
from pytest_django import Settings

from heimdall_project.streams import registry
from heimdall_project.streams.models import OutboxMessage
from heimdall_project.streams.orders import Beat
from heimdall_project.streams.worker_registry import Registration
from tests.people import People

pytestmark = pytest.mark.django_db(transaction=True)


def readyz() -> tuple[int, dict[str, object], dict[str, dict[str, object]]]:
    """Status, body and dependencies."""
    response = Client().get("/readyz")
    body = json.loads(response.content)
    return response.status_code, body, body["dependencies"]


def test_each_dependency_is_named_with_how_it_is_and_how_long_it_took() -> None:
    status, body, dependencies = readyz()
    assert set(dependencies) == {"postgresql", "kafka", "redis", "clickhouse", "workers", "outbox"}
    assert (status, body["status"]) == (200, "degraded")  # no worker runs here
    for name in ("postgresql", "kafka", "redis", "clickhouse", "outbox"):
        assert dependencies[name]["status"] == "ok" and dependencies[name]["latency_ms"]


def test_workers_that_do_not_run_are_named_and_count_only_if_they_are_required(settings: Settings) -> None:
    settings.READY_REQUIRES = ["workers"]
    status, body, dependencies = readyz()
    assert (status, body["status"]) == (503, "unavailable")
    assert "outbox-relay" in str(dependencies["workers"]["facts"])


def test_events_that_wait_too_long_make_the_outbox_unwell(settings: Settings) -> None:
    settings.READY_OUTBOX_AGE = 0
    OutboxMessage.objects.create(topic="analysis.request", event_id="e-1")

    _, _, dependencies = readyz()
    assert dependencies["outbox"]["status"] == "failed"
    assert dependencies["outbox"]["facts"] == pytest.approx({"unsent": 1, "oldest_seconds": 0}, abs=60)


def test_a_required_dependency_that_is_down_answers_503_without_its_address(settings: Settings) -> None:
    settings.REDIS_URL = "redis://:hunter2@127.0.0.1:1/0"
    settings.READY_REQUIRES = ["redis"]
    from heimdall_project.clients import redis

    redis.client.cache_clear()
    status, _, dependencies = readyz()
    redis.client.cache_clear()
    assert (status, dependencies["redis"]["error"]) == (503, "TransientError")
    assert "hunter2" not in json.dumps(dependencies)


def test_metrics_are_served_with_those_of_django_and_of_our_own() -> None:
    body = Client().get("/metrics").content.decode()
    assert "django_http_requests_total_by_method_total" in body and "heimdall_problems_total" in body


def test_a_paused_worker_is_no_outage_and_yet_it_is_told(people: People) -> None:
    for worker in registry.workers():
        state = "paused" if worker.name == "analysis-worker" else "running"
        Registration(worker.name).beat(Beat(state=state))

    answer = Client().get("/readyz").json()["dependencies"]["workers"]
    assert (answer["status"], answer["facts"]["held"]) == ("ok", {"analysis-worker": "paused"})
    browser = Client()
    browser.force_login(people.vera)
    assert "analysis-worker is paused" in browser.get("/admin/").content.decode()
