"""The pages of the runtime: everybody with a role can read them, orders are for those who may give them."""

from http import HTTPStatus

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from heimdall_project.accounts.models import User
from heimdall_project.streams.models import (
    ConsumerControl,
    ConsumerCursor,
    FloodWindow,
    LedgerEntry,
    OutboxMessage,
    RedriveOutcome,
    RelayLease,
    SkipRequest,
    WorkerProcess,
)
from heimdall_project.streams.orders import Beat
from heimdall_project.streams.worker_registry import Registration
from tests.people import People

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
PAGES = [
    ConsumerControl,
    ConsumerCursor,
    FloodWindow,
    LedgerEntry,
    OutboxMessage,
    RedriveOutcome,
    RelayLease,
    SkipRequest,
    WorkerProcess,
]


def page_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(model: type, page: str, *arguments: object) -> str:
    return reverse(f"admin:streams_{model.__name__.lower()}_{page}", args=arguments)


@pytest.fixture
def rows() -> str:
    """One row of everything; answers the id of the worker process."""
    registration = Registration("job-results", group="heimdall.job-results")
    registration.beat(
        Beat(state="running", partitions=("analysis.result[0]",), lag_records=1234, lag_seconds=90)
    )
    where = {"topic": "analysis.result", "partition": 0}
    ConsumerControl.objects.create(worker="job-results")
    ConsumerCursor.objects.create(group="g", start_offset=5, next_offset=9, **where)
    FloodWindow.objects.create(group="g", started_at=0, good=3, bad=1)
    LedgerEntry.objects.create(group="g", minute=Now(), source="http", outcome="stored", count=4, **where)
    RedriveOutcome.objects.create(redrive_id="r-1", group="g", status="ok", offset=3, **where)
    RelayLease.objects.create(name="outbox")
    SkipRequest.objects.create(worker="job-results", offset=7, requested_by="ada", reason="bad", **where)
    OutboxMessage.objects.create(
        topic="analysis.result", key=b"7", event_id="e-1", value=b'{"note": "<script>alert(1)</script>"}'
    )
    return registration.id


@pytest.mark.parametrize("model", PAGES)
def test_a_viewer_reads_every_list_and_every_row(people: People, rows: str, model: type) -> None:
    client, row = page_of(people.vera), model.objects.get()  # type: ignore[attr-defined]
    assert client.get(address(model, "changelist")).status_code == HTTPStatus.OK
    assert client.get(address(model, "change", row.pk)).status_code == HTTPStatus.OK


@pytest.mark.parametrize("model", PAGES)
def test_nobody_edits_what_the_runtime_writes(people: People, rows: str, model: type) -> None:
    User.objects.filter(pk=people.ada.pk).update(is_superuser=True)
    client, row = page_of(people.ada), model.objects.get()  # type: ignore[attr-defined]
    assert client.get(address(model, "add")).status_code == HTTPStatus.FORBIDDEN
    assert client.post(address(model, "change", row.pk), {}).status_code == HTTPStatus.FORBIDDEN
    assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == HTTPStatus.FORBIDDEN


def test_a_worker_is_shown_with_state_lag_and_age(people: People, rows: str) -> None:
    page = page_of(people.vera).get(address(WorkerProcess, "changelist")).content.decode()
    assert "running" in page and "1,234 records, 1 min" in page and "0 s ago" in page


def test_payloads_are_shown_as_text_never_as_markup(people: People, rows: str) -> None:
    row = OutboxMessage.objects.get()
    page = page_of(people.vera).get(address(OutboxMessage, "change", row.pk)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert(1)" not in page


@pytest.mark.parametrize("value", [None, b"\xff\xfe", b"[" * 100_000, b"x" * 100_000])
def test_no_payload_breaks_its_page(people: People, value: bytes | None) -> None:
    row = OutboxMessage.objects.create(topic="t", event_id="e", value=value)
    answer = page_of(people.vera).get(address(OutboxMessage, "change", row.pk))
    assert answer.status_code == HTTPStatus.OK
    assert len(answer.content) < 200_000


def test_long_lists_cost_no_more_queries_than_short_ones(
    people: People, rows: str, django_assert_max_num_queries: object
) -> None:
    OutboxMessage.objects.bulk_create(
        OutboxMessage(topic="analysis.result", event_id=f"b-{number}") for number in range(60)
    )
    client = page_of(people.vera)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        client.get(address(OutboxMessage, "changelist"))


def test_an_operator_pauses_a_worker_from_its_page(people: People, rows: str) -> None:
    client, order = page_of(people.omar), address(WorkerProcess, "pause", rows)
    assert b"For job-results." in client.get(order, headers=HTMX).content
    answer = client.post(order, {"reason": "maintenance", "_form_submitted": "on"}, headers=HTMX)
    assert answer.headers["HX-Refresh"] == "true"
    assert ConsumerControl.objects.get().pause_reason == "maintenance"


def test_an_order_opened_in_a_tab_of_its_own_is_a_whole_page_and_works(people: People, rows: str) -> None:
    client, order = page_of(people.omar), address(WorkerProcess, "pause", rows)
    shown = client.get(order).content.decode()
    assert "<html" in shown and "For job-results." in shown and "hx-post" not in shown
    again = client.post(order, {"_form_submitted": "on"}).content.decode()
    assert "<html" in again and "This field is required" in again
    answer = client.post(order, {"reason": "maintenance", "_form_submitted": "on"})
    assert answer.headers["Location"] == address(WorkerProcess, "change", rows)
    assert ConsumerControl.objects.get().pause_reason == "maintenance"


def test_an_order_without_a_reason_comes_back_with_the_form(people: People, rows: str) -> None:
    answer = page_of(people.omar).post(address(WorkerProcess, "pause", rows), {"_form_submitted": "on"})
    assert b"This field is required" in answer.content
    assert not ConsumerControl.objects.get().paused


def test_what_the_service_refuses_is_said_in_the_form(people: People, rows: str) -> None:
    order = address(WorkerProcess, "start", rows)
    answer = page_of(people.omar).post(order, {"reason": "now", "_form_submitted": "on"})
    assert b"No supervisor holds job-results down now" in answer.content


def test_who_may_only_look_is_offered_no_orders_and_may_give_none(people: People, rows: str) -> None:
    client, order = page_of(people.vera), address(WorkerProcess, "pause", rows)
    assert order not in client.get(address(WorkerProcess, "change", rows)).content.decode()
    assert client.post(order, {"reason": "x"}).status_code == HTTPStatus.FORBIDDEN


def test_ended_processes_are_hidden_until_they_are_asked_for(people: People, rows: str) -> None:
    for number in range(3):
        WorkerProcess.objects.create(
            id=f"old-{number}",
            worker="job-results",
            host="h",
            pid=number,
            state="failed",
            heartbeat_at="2020-01-01T00:00Z",
        )
    client = page_of(people.vera)
    assert b"old-1" not in client.get(address(WorkerProcess, "changelist")).content
    assert b"old-1" in client.get(address(WorkerProcess, "changelist") + "?show=all").content
