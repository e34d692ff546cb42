"""`GET ingest/ledger`: what became of every record, on a real broker and without one."""

import csv
import io
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from heimdall_project.streams import broker
from heimdall_project.streams.books import DjangoBooks
from heimdall_project.streams.flood import Window
from heimdall_project.streams.models import LedgerEntry
from heimdall_project.streams.offsets import Run, Span
from heimdall_project.streams.outcomes import DEAD_LETTERED, DUPLICATE, STORED, Verdict, dropped
from heimdall_project.streams.records import Outgoing, Partition
from tests.integration.ingestion.stored import settle as settle_span
from tests.people import People

pytestmark = pytest.mark.django_db
TOPIC, GROUP = "analysis.result", "heimdall.job-results"
ADDRESS = "/api/v1/ingest/ledger"


def settle(
    verdicts: list[Verdict], *, partition: int = 0, start: int = 0, at: datetime | None = None
) -> None:
    """Books as the runtime writes them: records from `start` on that ended so."""
    minute = int((at or timezone.now()).timestamp()) // 60
    runs = tuple(Run(start + n, start + n, minute, "http", verdict) for n, verdict in enumerate(verdicts))
    span = Span(Partition(TOPIC, partition), start, start + len(verdicts), runs)
    settle_span(GROUP, span)


def publish(count: int, key: bytes = b"k") -> int:
    """Records on the broker, all in one partition: its number."""
    answers = broker.producer().publish([Outgoing(TOPIC, b"v", key)] * count)
    places = {answer.partition for answer in answers}  # type: ignore[union-attr]
    return places.pop()


def asked(client: Client, **query: str) -> Any:
    answer = client.get(ADDRESS, {"topic": TOPIC, **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_it_tells_what_was_accepted_what_became_of_it_and_what_is_in_flight(own_topics: str, vera: Client):
    place = publish(10)
    settle([STORED] * 4 + [DUPLICATE, DEAD_LETTERED, dropped("late")], partition=place)
    body = asked(vera)
    assert (body["balanced"], body["in_flight"], body["broker"]["answers"]) == (True, 3, True)
    assert sum(minute["accepted"] for minute in body["results"]) == 10
    totals = body["totals"]
    assert [totals[name] for name in ("counted", "stored", "duplicate", "dead_lettered", "dropped")] == [
        7,
        4,
        1,
        1,
        1,
    ]
    assert totals["dropped_by_rule"] == {"late": 1}
    assert totals["by_source"][0]["source"] == "http"
    assert body["partitions"][place] | {"moved_at": None} == {
        "partition": place,
        "start_offset": 0,
        "cursor": 7,
        "counted": 7,
        "first_offset": 0,
        "end_offset": 10,
        "in_flight": 3,
        "moved_at": None,
        "balanced": True,
    }


def test_what_nobody_has_counted_yet_is_accepted_and_in_flight(own_topics: str, vera: Client):
    publish(5)
    body = asked(vera)
    assert (body["in_flight"], body["totals"]["counted"]) == (5, 0)
    assert sum(minute["accepted"] for minute in body["results"]) == 5


def test_of_a_topic_that_nobody_reads_all_is_in_flight(
    own_topics: str, vera: Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("heimdall_project.streams.ledger.groups_of", lambda topic: [])
    broker.producer().publish([Outgoing("events.page_view.v1.dlt", b"v")] * 3)
    body = asked(vera, topic="events.page_view.v1.dlt")
    assert (body["group"], body["in_flight"], body["balanced"]) == ("", 3, True)


def test_it_answers_without_the_broker_and_says_so(broker_away: None, vera: Client):
    settle([STORED] * 3)
    began = time.monotonic()
    body = asked(vera)
    assert time.monotonic() - began < 10
    assert (body["balanced"], body["in_flight"], body["totals"]["stored"]) == (True, None, 3)
    assert body["broker"]["answers"] is False and "does not answer" in body["broker"]["detail"]
    assert {minute["accepted"] for minute in body["results"]} == {None}


def test_a_topic_that_the_broker_does_not_have_is_told(vera: Client, settings: Any):
    settings.KAFKA_TOPIC_PREFIX = "nowhere."
    assert "no such topic" in asked(vera)["broker"]["detail"]


def test_a_count_that_is_off_by_one_does_not_balance(own_topics: str, vera: Client):
    place = publish(3)
    settle([STORED] * 3, partition=place)
    LedgerEntry.objects.update(count=2)
    body = asked(vera)
    assert (body["balanced"], body["in_flight"]) == (False, 0)
    what = "the outcomes sum up to 2, the cursor has passed 3 records"
    assert body["problems"] == [{"partition": place, "what": what}]


def test_a_cursor_past_the_end_does_not_balance(own_topics: str, vera: Client):
    settle([STORED] * 3)  # of a topic that is empty
    [problem] = asked(vera)["problems"]
    assert problem["what"] == "the cursor is 3 past the end of the partition"


def test_a_recreated_topic_does_not_balance(own_topics: str, vera: Client):
    span = Span(Partition(TOPIC, 0), 0, 1, (Run(0, 0, 1, "http", STORED),))
    DjangoBooks().settle(GROUP, [span], topic_ids={TOPIC: "another"}, window=Window(0.0))
    assert "recreated" in asked(vera)["problems"][0]["what"]


def test_pages_go_back_in_time_and_meet_every_minute_once(broker_away: None, vera: Client):
    until = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for number in range(10):
        settle([STORED] * (number + 1), start=number * 100, at=until - timedelta(minutes=number + 1))
    window = {"from": "2026-03-01T11:45:00Z", "to": "2026-03-01T12:00:00Z", "page_size": "4"}
    seen, body = [], asked(vera, **window)
    while True:
        seen += [(minute["minute"], minute["stored"]) for minute in body["results"]]
        if body["next"] is None:
            break
        body = vera.get(body["next"]).json()
    assert [at for at, _ in seen] == [f"2026-03-01T11:{59 - n:02}:00Z" for n in range(15)]
    assert [stored for _, stored in seen] == [*range(1, 11), 0, 0, 0, 0, 0]


def test_the_window_is_whole_minutes(broker_away: None, vera: Client):
    body = asked(vera, **{"from": "2026-03-01T11:45:10Z", "to": "2026-03-01T11:46:10Z"})
    assert (body["from"], body["to"]) == ("2026-03-01T11:45:00Z", "2026-03-01T11:47:00Z")


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_the_file_has_the_rows_of_the_ledger(broker_away: None, vera: Client, kind: str):
    settle([STORED, STORED, DEAD_LETTERED])
    answer = vera.get(f"{ADDRESS}/export", {"topic": TOPIC, "format": kind})
    assert answer["X-Export-Rows"] == "2"
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert [(row["outcome"], row["count"]) for row in rows] == [("dead_lettered", "1"), ("stored", "2")]
    else:
        assert text.count("\n") == 2 and '"outcome":"dead_lettered"' in text


WRONG = {
    "topic": {"topic": "nothing'; DROP TABLE streams_ledgerentry; --"},
    "group": {"group": "another"},
    "from": {"from": "yesterday"},
    "to": {"to": "10000-01-01T00:00:00Z"},
    "cursor": {"cursor": "AAAA"},
    "page_size": {"page_size": "241"},
    "since": {"since": "2026-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_named(broker_away: None, vera: Client, name: str):
    answer = vera.get(ADDRESS, {"topic": TOPIC, **WRONG[name]})
    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [name]


BACKWARDS = [
    {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
    {"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
    {"from": "2100-03-01T00:00:00Z"},
    {"from": "2020-03-01T00:00:00Z"},
    {"from": "0001-01-01T00:00:00+14:00"},
    {"to": "0001-01-01T00:00:00Z"},
]


@pytest.mark.parametrize("window", BACKWARDS)
def test_a_window_that_is_none_or_too_long_is_refused(
    broker_away: None, vera: Client, window: dict[str, str]
):
    for address in (ADDRESS, f"{ADDRESS}/export"):
        answer = vera.get(address, {"topic": TOPIC, **window})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["path"] == "from"


def test_it_takes_the_right_to_see_ledgers(people: People, broker_away: None):
    eve = Client()
    assert eve.get(ADDRESS).status_code == 401
    eve.force_login(people.eve)
    assert eve.get(ADDRESS).status_code == 403


def test_it_answers_without_the_root_of_the_api_too(broker_away: None, vera: Client):
    assert vera.get("/ingest/ledger", {"topic": TOPIC}).status_code == 200
