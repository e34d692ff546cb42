"""Events by HTTP, on a real broker: what is accepted, what is told of each, and what Kafka then holds."""

import gzip
import json
import time
from hashlib import sha256
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from heimdall_project.api import express
from heimdall_project.streams import intake
from heimdall_project.streams.topics import Topic
from ingestion import receipts
from ingestion.views import intake as intake_views
from tests.people import People

from .world import LINES, MANY, ONE, held, send, values, view

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_intake", "people")]


def raw(*events: dict[str, Any]) -> bytes:
    return json.dumps(events).encode()


def test_an_accepted_event_is_in_kafka_with_its_own_bytes_where_the_answer_says() -> None:
    sent = json.dumps(view(content_id="c-7"), indent=1).encode()
    answer = send(sent)
    body = answer.json()
    assert (answer.status_code, body["status"], body["durability"]) == (202, "accepted", "kafka")
    [record] = held()
    assert (record.key, record.value) == (b"c-7", sent)
    assert (record.topic, record.partition, record.offset) == (
        body["topic"],
        body["partition"],
        body["offset"],
    )


def test_a_record_says_where_it_comes_from_and_for_which_request() -> None:
    answer = send(view())
    [record] = held()
    assert record.header("source") == "http" and record.header("schema") == "events.page_view/1"
    assert record.header("correlation_id") == answer["X-Request-Id"]


def test_a_trace_that_its_caller_records_goes_along_and_others_do_not() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    send(view(event_id="a"), traceparent=f"00-{trace}-00f067aa0ba902b7-01", tracestate="k=v")
    send(view(event_id="b"), traceparent=f"00-{trace}-00f067aa0ba902b7-00")
    told = {json.loads(each.value or b"")["event_id"]: each.header("traceparent") for each in held()}
    assert (told["a"] or "")[3:35] == trace and told["b"] is None


def test_an_event_without_an_id_is_named_by_its_bytes() -> None:
    sent = json.dumps({k: v for k, v in view().items() if k != "event_id"}).encode()
    assert send(sent).json()["event_id"] == sha256(sent).hexdigest()


def test_of_a_batch_those_that_fit_are_sent_and_each_is_told_of() -> None:
    good, bad = view(event_id="good"), view(event_id="bad", event_type="buy", extra=1)
    answer = send(raw(good, bad, good | {"event_id": "also"}), MANY)
    body = answer.json()
    assert (answer.status_code, body["accepted"], body["invalid"]) == (202, 2, 1)
    told = [(each["index"], each["status"], each["event_id"]) for each in body["items"]]
    assert told == [(0, "accepted", "good"), (1, "invalid", "bad"), (2, "accepted", "also")]
    assert {each["path"] for each in body["items"][1]["errors"]} == {"event_type", "extra"}
    assert {json.loads(each)["event_id"] for each in values()} == {"good", "also"}


def test_lines_are_taken_like_an_array_also_packed() -> None:
    events = [json.dumps(view(event_id=f"e{n}")).encode() for n in range(3)]
    body = gzip.compress(b"\r\n".join([*events, b"", b""]))
    assert send(body, MANY, kind=LINES, **{"Content-Encoding": "gzip"}).json()["accepted"] == 3
    assert values() == sorted(events)


def test_a_batch_of_which_nothing_fits_is_422_and_sends_nothing() -> None:
    answer = send(raw(view(user_id=1), {}), MANY)
    problem = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert (problem["accepted"], problem["invalid"]) == (0, 2)
    assert [each["path"] for each in problem["items"][0]["errors"]] == ["user_id"]
    assert held() == []


def test_one_event_that_does_not_fit_is_400_with_the_path_of_each_error() -> None:
    answer = send(view(content_id="", dwell_ms=5))
    assert answer.status_code == 400
    assert {each["path"] for each in answer.json()["errors"]} == {"content_id", "dwell_ms"}
    assert held() == []


@pytest.mark.parametrize("number", [1, 500, 5000])
def test_batches_up_to_the_bound_are_taken_whole(number: int) -> None:
    events = [view(event_id=f"e{n}", content_id=f"c{n % 97}") for n in range(number)]
    answer = send(raw(*events), MANY)
    assert (answer.status_code, answer.json()["accepted"]) == (202, number)
    assert len(answer.json()["receipt"]) < 1_500
    assert {json.loads(each)["event_id"] for each in values()} == {each["event_id"] for each in events}


def test_one_event_beyond_the_bound_refuses_the_batch(own_intake: Settings) -> None:
    own_intake.INGEST_MAX_BATCH = 500
    assert send(raw(*[view()] * 501), MANY).status_code == 413
    assert send(raw(*[view()] * 500), MANY).status_code == 202


def test_events_of_a_key_keep_the_order_of_their_batch() -> None:
    send(raw(*[view(event_id=f"e{n:03}", content_id="c") for n in range(200)]), MANY)
    assert [json.loads(each.value or b"")["event_id"] for each in held()] == [f"e{n:03}" for n in range(200)]


def test_the_paths_answer_without_their_prefix_too() -> None:
    assert send(view(), "/ingest/events").status_code == 202
    assert send(raw(view()), "/ingest/events/batch").status_code == 202


def test_a_known_caller_costs_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    assert send(view()).status_code == 202
    with django_assert_num_queries(0):
        assert send(view()).status_code == 202


def test_the_express_lane_keeps_what_every_answer_has() -> None:
    first, second = send(view()), send(view())
    for name in ("X-Request-Id", "X-Trace-Id", "X-Content-Type-Options", "X-Frame-Options", "Content-Length"):
        assert first[name] and second[name]
    assert second["Referrer-Policy"] == first["Referrer-Policy"]


def test_a_right_that_was_withdrawn_ends_when_the_caller_is_forgotten(
    people: People, own_intake: Settings
) -> None:
    assert send(view()).status_code == 202
    people.omar.groups.set(Group.objects.none())
    assert send(view()).status_code == 202
    own_intake.API_REMEMBER_CALLER = 0.0
    express.known.forget()
    assert send(view()).status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Cookie": "sessionid=x"}])
def test_a_browser_does_not_come_by_the_express_lane(
    headers: dict[str, str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    send(view())
    with pytest.raises(pytest.fail.Exception), django_assert_num_queries(0):
        send(view(), **headers)


def test_another_password_is_not_let_in_by_one_that_is_remembered() -> None:
    send(view())
    assert send(view(), Authorization="Basic b21hcjp3cm9uZw==").status_code == 401


def test_a_host_that_is_not_ours_is_refused_on_the_express_lane_too() -> None:
    send(view())
    assert send(view(), Host="evil.example").status_code == 400


def test_a_caller_with_a_session_may_send_as_well(people: People) -> None:
    client = Client()
    client.force_login(people.omar)
    assert client.post(ONE, view(), content_type="application/json").status_code == 202


def test_too_many_requests_are_429_and_nothing_is_stored(own_intake: Settings) -> None:
    own_intake.INGEST_MAX_REQUESTS = 1
    with intake.intake().request():
        answer = send(view())
    assert (answer.status_code, answer["Retry-After"]) == (429, "1")
    assert "nothing of this request was stored" in answer.json()["detail"] and held() == []
    assert send(view()).status_code == 202


def test_a_request_that_waited_too_long_for_its_turn_is_503_and_nothing_is_stored(
    own_intake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = own_intake.INGEST_ACK_TIMEOUT
    monkeypatch.setattr(intake_views, "received_at", lambda _: time.monotonic() - whole)
    answer = send(view())
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "nothing of this request was stored" in answer.json()["detail"] and held() == []


def test_more_events_than_may_wait_are_429_and_nothing_is_stored(own_intake: Settings) -> None:
    own_intake.INGEST_MAX_EVENTS = 3
    assert send(raw(*[view()] * 4), MANY).status_code == 429
    assert held() == []
    assert send(raw(*[view()] * 3), MANY).status_code == 202


def test_a_full_buffer_is_503_and_tells_what_was_not_sent(own_intake: Settings) -> None:
    own_intake.INGEST_MAX_BUFFER_BYTES = 4096
    own_intake.INGEST_LINGER_MS = 200
    answer = send(raw(*[view(event_id=f"e{n}", props={"x": "y" * 900}) for n in range(20)]), MANY)
    problem = answer.json()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert problem["refused"] > 0 and problem["accepted"] + problem["refused"] == 20
    accepted = {each["event_id"] for each in problem["items"] if each["status"] == "accepted"}
    assert {json.loads(each)["event_id"] for each in values()} == accepted


def test_without_a_broker_nothing_is_accepted(own_intake: Settings) -> None:
    own_intake.KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:1"
    own_intake.INGEST_ACK_TIMEOUT = 1.0
    one, many = send(view(event_id="e")), send(raw(view(), view(user_id=1)), MANY)
    assert (one.status_code, one["Retry-After"], one.json()["event_id"]) == (503, "5", "e")
    assert "may be stored" in one.json()["detail"]
    assert (many.status_code, many.json().get("accepted", 0)) == (503, 0)


def test_the_receipt_names_the_places_of_what_was_accepted() -> None:
    body = send(raw(*[view(content_id=f"c{n}") for n in range(30)]), MANY).json()
    receipt = receipts.read(body["receipt"], now=time.time(), lifetime=60)
    assert receipt.topic == Topic.PAGE_VIEWS and receipt.events == 30
    places = {(each["partition"], each["offset"]) for each in body["items"]}
    assert {
        (partition, offset)
        for partition, stretches in receipt.places.items()
        for first, last, _ in stretches
        for offset in range(first, last + 1)
    } == places
