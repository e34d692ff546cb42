"""PostgreSQL goes away in the middle of accepting a job."""

import json
from collections.abc import Sequence

import psycopg
import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client

from heimdall_project.streams import outbox
from heimdall_project.streams.models import OutboxMessage
from jobs.models import AnalysisAttempt, AnalysisJob, JobTransition, LogEntry
from tests.factories import LOG, make_user

BODY = {"log_content": LOG, "service_name": "orders", "environment": "test"}


def end_this_connection() -> None:
    """What a restart of the server does to everybody's connections."""
    own = connection.connection.info.backend_pid
    with psycopg.connect(**connection.get_connection_params() | {"options": ""}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [own])


@pytest.mark.django_db(transaction=True)
def test_the_caller_is_told_to_come_back_and_nothing_is_half_made(monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = outbox.publish_many

    def publish_many(events: Sequence[outbox.NewEvent]) -> list[str]:
        end_this_connection()
        return ordinary(events)

    monkeypatch.setattr(outbox, "publish_many", publish_many)
    owner, client = make_user(), Client()
    owner.user_permissions.set(Permission.objects.filter(codename="add_analysisjob"))
    client.force_login(owner)
    response = client.post("/api/v1/analysis/request", json.dumps(BODY), content_type="application/json")
    connection.close()
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert int(response["Retry-After"]) > 0
    made = (AnalysisJob, AnalysisAttempt, JobTransition, LogEntry, OutboxMessage)
    assert [model.objects.count() for model in made] == [0, 0, 0, 0, 0]
