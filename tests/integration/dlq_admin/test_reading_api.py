"""Reading dead letters by the API: lists, filters, details, bytes, histories, causes, figures."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dlq_admin.models import Cluster, ClusterTrend, DeadLetter, LetterPayload
from dlq_admin.states import State
from heimdall_project.accounts.models import AuditEvent
from heimdall_project.errors import ContractViolation
from tests.people import People

from .letters import GROUP, TOPIC, Letters, index, send_again

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(people: People, client: Client) -> Any:
    """GET as an operator, or as somebody else."""

    def get(path: str, status: int = 200, *, who: str = "omar", **query: Any) -> Any:
        client.force_login(getattr(people, who))
        response = client.get(f"/api/v1/dlq{path}", query_params=query)
        assert response.status_code == status, response.content[:500]
        return response.json()

    return get


def test_letters_are_listed_the_latest_failure_first_and_page_by_page(letters: Letters, ask: Any) -> None:
    index(*(letters.failed(b"%d" % n) for n in range(7)))
    page, seen = ask("", page_size=3), []
    while True:
        seen += [row["offset"] for row in page["results"]]
        if page["next"] is None:
            break
        page = ask("", page_size=3, cursor=page["next"].split("cursor=")[1].split("&")[0])
    assert seen == [6, 5, 4, 3, 2, 1, 0]


def test_each_filter_leaves_what_it_says(letters: Letters, ask: Any) -> None:
    index(
        letters.failed(b"a", headers=[("event_id", b"e-1"), ("correlation_id", b"c-1")]),
        letters.failed(b"b", error=ContractViolation("n: too large"), group="heimdall.other"),
        letters.raw(b"c"),
    )
    a, b, c = DeadLetter.objects.order_by("letter_offset")
    send_again(b, "r-1", State.RESOLVED)

    def found(**query: Any) -> set[int]:
        return {row["id"] for row in ask("", **query)["results"]}

    assert found() == {a.pk, b.pk, c.pk}
    assert found(state="PENDING") == {a.pk, c.pk} and found(state=["PENDING", "RESOLVED"]) == found()
    assert found(state="REPROCESSED") == {b.pk}
    assert found(cluster=b.cluster_id) == found(group="heimdall.other") == {b.pk}
    assert found(disposition="contract") == found(error_class="ContractViolation") == {b.pk}
    assert found(disposition=["contract", "poison"]) == found(topic=TOPIC) == {a.pk, b.pk}
    assert found(topic="dlq.failed") == found(writer="unknown") == {c.pk}
    assert found(event_id="e-1") == found(correlation_id="c-1") == {a.pk}
    assert found(redrive_id="r-1") == {b.pk}
    assert found(since=b.failed_at.isoformat(), until=c.failed_at.isoformat()) == {b.pk}
    assert found(state="DISCARDED") == found(trace_id="x") == set()


@pytest.mark.parametrize(
    "query",
    [
        {"state": "GONE"},
        {"state": "pending"},
        {"disposition": "bad"},
        {"cluster": "x"},
        {"cluster": "0"},
        {"cluster": str(2**63)},
        {"cluster": "9" * 400},
        {"cluster": "NaN"},
        {"topic": "t" * 201},
        {"since": "yesterday"},
        {"until": "2026-13-01"},
        {"writer": "me"},
        {"cursor": "x"},
        {"page_size": "0"},
        {"page_size": "501"},
        {"ordering": "topic"},
        {"surprise": "1"},
    ],
    ids=str,
)
def test_a_filter_that_does_not_fit_is_named(ask: Any, query: dict[str, str]) -> None:
    problem = ask("", 400, **query)
    assert [error["path"] for error in problem["errors"]] == list(query)


@pytest.mark.parametrize(
    "name", ["topic", "group", "error_class", "event_id", "correlation_id", "trace_id", "redrive_id"]
)
def test_a_nul_in_a_filter_is_refused(ask: Any, name: str) -> None:
    assert [error["path"] for error in ask("", 400, **{name: "a\0b"})["errors"]] == [name]


@pytest.mark.parametrize("path", ["/{}", "/{}/payload", "/{}/history", "/clusters/{}"])
@pytest.mark.parametrize("number", ["0", str(2**63), "9" * 400])
def test_what_is_not_there_is_not_found(ask: Any, path: str, number: str) -> None:
    ask(path.format(number), 404)


def test_a_letter_in_detail_says_all_but_its_bytes(letters: Letters, ask: Any) -> None:
    index(letters.failed(b"secret bytes", error=ContractViolation("n: 7 is too large")))
    row = DeadLetter.objects.get()
    detail = ask(f"/{row.pk}")
    assert (detail["topic"], detail["group"], detail["state"]) == (TOPIC, GROUP, "PENDING")
    assert (detail["error_class"], detail["error_message"]) == ("ContractViolation", "n: 7 is too large")
    assert (detail["letter_topic"], detail["letter_offset"], detail["attempt"]) == ("dlq.failed", 0, 1)
    assert "secret bytes" not in json.dumps(detail)


def test_a_history_tells_each_failure_with_its_hop(letters: Letters, ask: Any) -> None:
    index(letters.failed(b"x"))
    row = send_again(DeadLetter.objects.get())
    index(letters.failed_again(row, error=ContractViolation("n: still wrong")))
    first, again = ask(f"/{row.pk}/history")
    assert (first["event"], first["to_state"], first["offset"]) == ("indexed", "PENDING", 0)
    assert (again["event"], again["from_state"], again["attempt"]) == ("failed_again", "PUBLISHED", 2)
    assert (again["redrive_id"], again["note"]) == ("r-1", "ContractViolation: n: still wrong")


# --- bytes ------------------------------------------------------------------------------------------------

SECRET = b'{"user": "ada@example.com", "password": "hunter2hunter2"}'
HEADERS: list[tuple[str, bytes | None]] = [
    ("authorization", b"Bearer abcdefghijklmnopqrstuvwxyz012345"),
    ("x-api-key", b"k3yk3yk3yk3yk3y"),
    ("bytes", b"\xff\0"),
    ("twice", b"1"),
    ("twice", b"2"),
    ("none", None),
]


def test_whoever_looks_at_bytes_leaves_two_rows_in_the_audit_trail(letters: Letters, ask: Any) -> None:
    index(letters.raw(b"x"))
    row = DeadLetter.objects.get()
    ask(f"/{row.pk}/payload", who="omar"), ask(f"/{row.pk}/payload", 403, who="vera")
    [act] = AuditEvent.objects.acts()
    assert (act.actor, act.action, act.target, act.state) == (
        "omar",
        "dlq.payload.read",
        f"dead letter {row.pk}",
        "ok",
    )


def test_secrets_are_masked_unless_the_reader_may_see_them(letters: Letters, ask: Any) -> None:
    index(letters.raw(SECRET, HEADERS, key=b"ada@example.com"))
    path = f"/{DeadLetter.objects.get().pk}/payload"
    masked, plain = ask(path, who="omar"), ask(path, who="ada")
    assert masked["masked"] and not plain["masked"]
    for secret in ("hunter2", "ada@example.com", "abcdefghijklm", "k3yk3y"):
        assert secret not in json.dumps(masked) and secret in json.dumps(plain)
    assert plain["value"]["content"].encode() == SECRET and plain["value"]["encoding"] == "utf-8"
    shown = {header["name"]: header for header in masked["headers"]}
    assert (shown["bytes"]["encoding"], shown["none"]["encoding"]) == ("hidden", "none")
    assert [h["content"] for h in plain["headers"] if h["name"] == "twice"] == ["1", "2"]


@pytest.mark.parametrize(
    "value", [b"", b"\0", b"a\0b", b"\xff\xfe", bytes(range(256)), "한글 🙂".encode(), b'"\\'], ids=repr
)
def test_who_may_see_everything_gets_the_bytes_as_they_were(letters: Letters, ask: Any, value: bytes) -> None:
    index(letters.raw(value, key=value))
    body = ask(f"/{DeadLetter.objects.get().pk}/payload", who="ada")
    for part in (body["key"], body["value"]):
        decode = base64.b64decode if part["encoding"] == "base64" else str.encode
        assert decode(part["content"]) == value and part["size"] == len(value)


def test_no_secret_is_cut_in_half_before_it_is_recognised(letters: Letters, ask: Any) -> None:
    value = b"x " * 32_760 + b"password=hunter2hunter2hunter2 " + b"y" * 1000
    index(letters.raw(value))
    shown = ask(f"/{DeadLetter.objects.get().pk}/payload")["value"]
    assert shown["truncated"] and "hunter2" not in shown["content"] and shown["size"] == len(value)


def test_a_hundred_thousand_headers_are_shown_in_part(letters: Letters, ask: Any) -> None:
    index(letters.raw(b"x", [("h", b"")] * 100_000))
    body = ask(f"/{DeadLetter.objects.get().pk}/payload")
    assert len(body["headers"]) == 500 and body["headers_left_off"] == 99_500


def test_bytes_that_were_cleaned_up_are_not_found_and_the_letter_still_is(letters: Letters, ask: Any) -> None:
    index(letters.raw(b"x"))
    row = DeadLetter.objects.get()
    LetterPayload.objects.all().delete()
    assert "cleaned up" in ask(f"/{row.pk}/payload", 404)["detail"] and ask(f"/{row.pk}")["id"] == row.pk


# --- causes and figures -----------------------------------------------------------------------------------


def test_causes_are_listed_and_filtered(letters: Letters, ask: Any) -> None:
    index(letters.failed(b"a"), letters.failed(b"b", error=ContractViolation("n: too large")))
    poison, contract = Cluster.objects.order_by("-disposition")
    send_again(DeadLetter.objects.get(cluster=contract), "r-1", State.RESOLVED)

    def found(**query: Any) -> list[int]:
        return [row["id"] for row in ask("/clusters", **query)["results"]]

    assert found() == [contract.pk, poison.pk] and found(ordering="last_seen") == [poison.pk, contract.pk]
    assert found(open="true") == found(state="PENDING") == found(disposition="poison") == [poison.pk]
    assert found(open="false") == found(error_class="ContractViolation") == [contract.pk]
    assert found(topic=TOPIC, group=GROUP) == [contract.pk, poison.pk] and found(topic="x") == []
    assert [e["path"] for e in ask("/clusters", 400, open="maybe", state="REPROCESSED")["errors"]] == [
        "open",
        "state",
    ]


def test_a_cause_tells_its_trend_with_silent_buckets(letters: Letters, ask: Any) -> None:
    index(letters.failed())
    cluster, now = Cluster.objects.get(), timezone.now().replace(second=0, microsecond=0)
    ClusterTrend.objects.create(cluster=cluster, grain="minute", at=now - timedelta(minutes=3), count=17)
    body = ask(f"/clusters/{cluster.pk}")
    points = body["last_hour"]
    assert 60 <= len(points) <= 62 and sum(point["failures"] for point in points) == 17
    assert 168 <= len(body["last_week"]) <= 170 and body["fingerprint"] == cluster.fingerprint


def test_figures_are_the_sums_of_the_causes(letters: Letters, ask: Any) -> None:
    index(*(letters.failed(b"%d" % n) for n in range(3)), letters.raw(b"x"))
    first = DeadLetter.objects.order_by("failed_at").first()
    assert first
    send_again(DeadLetter.objects.order_by("pk")[1], "r-1", State.RESOLVED)
    body = ask("/stats")
    assert body["total"] == 4 and {k: v for k, v in body["by_state"].items() if v} == {
        "PENDING": 3,
        "RESOLVED": 1,
    }
    assert body["open_by_topic"] == {TOPIC: 2, "dlq.failed": 1}
    assert body["open_by_disposition"] == {"poison": 2, "unexpected": 1} and body["open_clusters"] == 2
    assert body["oldest_waiting_at"][:19] == first.failed_at.isoformat()[:19]
    assert len(body["trend"]) == 25


def test_a_trend_of_another_window(letters: Letters, ask: Any) -> None:
    index(*(letters.failed(b"%d" % n) for n in range(130)))
    at = DeadLetter.objects.order_by("failed_at")[0].failed_at
    ClusterTrend.objects.filter(grain="hour").update(
        at=timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    )
    assert at and sum(point["failures"] for point in ask("/stats")["trend"]) == 130


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"grain": "second"}, "grain"),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "since"),
        ({"grain": "minute", "since": "2020-01-01T00:00:00Z"}, "since"),
        ({"until": "0001-01-01T00:00:00Z"}, "until"),
        ({"since": "x"}, "since"),
        ({"other": "1"}, "other"),
    ],
    ids=str,
)
def test_a_window_that_does_not_fit_is_named(ask: Any, query: dict[str, str], path: str) -> None:
    assert [error["path"] for error in ask("/stats", 400, **query)["errors"]] == [path]
