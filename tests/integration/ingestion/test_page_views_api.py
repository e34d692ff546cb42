"""What is read of page views: figures, one event, a range as a file. Exact whatever copies there are."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from heimdall_project.clients.clickhouse import ClickHouse
from ingestion.reading import session
from tests.integration.ingestion.stored import TOPIC, Store, publish, view
from tests.people import People

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/ingest"
DAY = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVIL = "'; DROP TABLE page_views; -- {event_id:String} %(x)s \\' \" \u202e"


def at(minute: int) -> str:
    return f"2026-03-01T12:{minute:02}:30.250Z"


def got(client: Client, path: str, **query: str) -> Any:
    answer = client.get(f"{ROOT}/{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def stored(store: Store) -> Store:
    """Six events in three minutes: one came three times, one again an hour later with another body."""
    store.store([view("a", occurred_at=at(0)), view("b", occurred_at=at(0), event_type="like")], at=T0)
    store.store([view("a", occurred_at=at(0))] * 2, at=T0 + timedelta(seconds=1))
    dwell = view("c", occurred_at=at(1), event_type="dwell", dwell_ms=5400, content_id="c2")
    store.store([dwell, view("d", occurred_at=at(1))], partition=1, at=T0)
    store.store([view("e", occurred_at=at(2)), view("f", occurred_at=at(2))], partition=2, at=T0)
    store.store([view("e", occurred_at=at(2), content_id="c9")], at=T0 + timedelta(hours=1))
    return store


def test_an_event_counts_once_however_often_it_came(stored: Store, vera: Client):
    body = got(vera, "stats", **DAY, interval="1h")
    assert (body["events"], body["records"], body["duplicates"], body["conflicts"]) == (6, 9, 3, 1)
    assert body["by_type"] == {"view": 4, "like": 1, "dwell": 1}


def test_an_insert_that_was_stored_twice_changes_no_figure(stored: Store, vera: Client):
    before = got(vera, "stats", **DAY, interval="1h")
    stored.insert([view("a", occurred_at=at(0))], start=0, at=T0)  # what a zombie sends late
    assert got(vera, "stats", **DAY, interval="1h") == before


def test_steps_are_whole_and_silent_ones_are_there(stored: Store, vera: Client):
    window = {"from": "2026-03-01T11:59:30Z", "to": "2026-03-01T12:04:00Z"}
    points = got(vera, "stats", **window, interval="60s")["points"]
    assert [point["at"] for point in points] == [
        f"2026-03-01T{t}:00Z" for t in ("11:59", "12:00", "12:01", "12:02", "12:03")
    ]
    assert [point["events"] for point in points] == [0, 2, 2, 2, 0]
    assert points[1] | {"at": ""} == {"at": "", "events": 2, "view": 1, "like": 1, "dwell": 0}


def test_the_most_frequent_contents_come_first_and_a_conflict_counts_as_its_first_body(
    stored: Store, vera: Client
):
    top = got(vera, "stats", **DAY, interval="1h", top="2")["top"]
    assert [(each["content_id"], each["events"], each["like"], each["dwell"]) for each in top] == [
        ("c1", 5, 1, 0),
        ("c2", 1, 0, 1),
    ]
    assert got(vera, "stats", **DAY, interval="1h", top="0")["top"] == []


@pytest.mark.parametrize("interval", ["60", "60s", "1m"])
def test_an_interval_has_several_names(store: Store, vera: Client, interval: str):
    assert got(vera, "stats", interval=interval)["interval_seconds"] == 60


def test_an_event_is_where_its_first_copy_is_with_all_others_beside_it(stored: Store, vera: Client):
    body = got(vera, "events/a")
    assert (body["topic"], body["partition"], body["offset"]) == (TOPIC, 0, 0)
    assert body["accepted_at"] == "2026-03-01T12:00:00Z" and body["stored_at"]
    assert [(copy["offset"], copy["same_body"]) for copy in body["copies"]] == [
        (0, True),
        (2, True),
        (3, True),
    ]
    assert (body["conflicts"], body["copies_complete"]) == (0, True)
    assert body["event"]["occurred_at"] == "2026-03-01T12:00:30.250000Z"


def test_another_body_under_the_same_id_is_a_conflict_and_the_first_stays(stored: Store, vera: Client):
    body = got(vera, "events/e")
    assert (body["conflicts"], body["event"]["content_id"]) == (1, "c1")
    assert [copy["same_body"] for copy in body["copies"]] == [True, False]


@pytest.mark.parametrize("event_id", [EVIL[:64], "a/b", "ä 🔥", "..", "%41", "batch?x=1", "=1+1"])
def test_any_id_can_be_looked_up(store: Store, vera: Client, event_id: str):
    store.store([view(event_id, content_id=EVIL, user_id=EVIL, props=json.dumps({"x": EVIL}))], at=T0)
    from urllib.parse import quote

    body = vera.get(f"{ROOT}/events/{quote(event_id, safe='')}").json()
    assert (body["event_id"], body["event"]["content_id"]) == (event_id, EVIL)
    assert body["event"]["props"] == {"x": EVIL}
    assert store.clickhouse.rows("SELECT count() AS n FROM page_views")[0]["n"] == 1


@pytest.mark.parametrize(
    "event_id", ["batch", "..", "a/../b", "a&event_id=b", " ", "+", "a\nb\r\t", "\\n\\", "\x01\x7f"]
)
def test_any_id_can_be_asked_for_by_query(store: Store, vera: Client, event_id: str):
    store.store([view(event_id), view("b")], at=T0)
    assert got(vera, "events", event_id=event_id)["event"]["content_id"] == "c1"


def test_to_see_an_event_by_query_takes_the_right_to_see_and_not_to_send(store: Store, people: People):
    store.store([view("x")], at=T0)
    for user, status in ((people.vera, 200), (people.eve, 403)):
        client = Client()
        client.force_login(user)
        assert client.get(f"{ROOT}/events", {"event_id": "x"}).status_code == status
        assert client.post(f"{ROOT}/events", "{}", content_type="application/json").status_code == 403


def test_an_event_is_found_without_looking_at_every_arrival(store: Store, vera: Client):
    store.clickhouse.command(
        "INSERT INTO page_view_arrivals (topic, partition, offset, event_id) "
        "SELECT 't', 0, number, toString(number) FROM numbers(200000)"
    )
    [plan] = store.clickhouse.rows(
        "SELECT arrayStringConcat(groupArray(explain), '\n') AS text FROM ("
        "EXPLAIN indexes = 1 SELECT offset FROM page_view_arrivals WHERE event_id = {id:String})",
        {"id": "77"},
    )
    read, of = map(int, plan["text"].rpartition("Granules: ")[2].split("\n")[0].split("/"))
    assert "by_event_id" in plan["text"] and read <= 3 < of, plan["text"]


def test_an_event_that_is_not_there_is_told_with_what_is_in_flight(
    own_topics: str, store: Store, vera: Client
):
    answer = vera.get(f"{ROOT}/events/nothing")
    assert answer.status_code == 404 and "Nothing is in flight" in answer.json()["detail"]
    publish(3)
    assert "3 accepted records are in flight" in vera.get(f"{ROOT}/events/nothing").json()["detail"]


def test_without_the_broker_it_is_said_that_flight_is_not_known(
    store: Store, broker_away: None, vera: Client
):
    assert "not known" in vera.get(f"{ROOT}/events/nothing").json()["detail"]


def test_an_event_that_arrived_and_vanished_is_shown_without_its_body(stored: Store, vera: Client):
    stored.delete("page_views", "event_id = 'd'")
    body = got(vera, "events/d")
    assert (body["event"], body["stored_at"], len(body["copies"])) == (None, None, 1)


def file(client: Client, **query: str) -> tuple[Any, str]:
    answer = client.get(f"{ROOT}/export", query)
    assert answer.status_code == 200, answer.content
    return answer, b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def test_a_file_has_each_event_once_as_its_first_copy(stored: Store, vera: Client):
    answer, text = file(vera, format="json", **DAY)
    rows = {row["event_id"]: row for row in map(json.loads, text.splitlines())}
    assert answer["X-Export-Rows"] == "6" and len(text.splitlines()) == 6
    assert rows["e"]["content_id"] == "c1" and rows["c"]["dwell_ms"] == 5400
    assert rows["a"]["props"] == {} and rows["a"]["occurred_at"].startswith("2026-03-01T12:00:30.25")


def test_an_event_that_came_again_stands_in_the_hour_of_its_first_copy(stored: Store, vera: Client):
    later = {"from": "2026-03-01T12:30:00Z", "to": "2026-03-01T14:00:00Z"}
    assert file(vera, format="json", **later)[1] == ""
    minute = {"from": "2026-03-01T12:02:00Z", "to": "2026-03-01T12:03:00Z"}
    assert file(vera, format="json", by="occurred_at", **minute)[0]["X-Export-Rows"] == "2"


def test_no_text_of_a_csv_is_taken_for_a_formula(store: Store, vera: Client):
    store.store([view("=cmd()", content_id="@x", user_id="+1"), view('plain\r\n,"')], at=T0)
    _, text = file(vera, **DAY)
    rows = {row["event_id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert rows["'=cmd()"]["content_id"] == "'@x" and rows["'=cmd()"]["user_id"] == "'+1"
    assert 'plain\r\n,"' in rows


def test_a_file_has_a_bound(stored: Store, vera: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ingestion.views.page_views.MOST_ROWS", 5)
    answer = vera.get(f"{ROOT}/export", DAY)
    assert answer.status_code == 422 and answer.json()["errors"][0]["path"] == "from"


ADDRESSES = ("stats", "export", "events/a")


@pytest.mark.parametrize("path", ADDRESSES)
def test_clickhouse_away_is_503(clickhouse_away: None, vera: Client, path: str):
    answer = vera.get(f"{ROOT}/{path}")
    assert answer.status_code == 503 and int(answer["Retry-After"]) > 0
    assert answer["Content-Type"] == "application/problem+json" and "clickhouse" in answer.json()["detail"]


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_table_that_is_missing_is_503_and_no_fault(store: Store, vera: Client, settings: Any, path: str):
    settings.CLICKHOUSE_URL = settings.CLICKHOUSE_URL.rpartition("/")[0] + "/system"
    session._client.cache_clear()
    assert vera.get(f"{ROOT}/{path}").status_code == 503


def test_what_takes_too_much_is_told_and_not_done(stored: Store, vera: Client, settings: Any):
    settings.CLICKHOUSE_QUESTION_MEMORY = 1000
    answer = vera.get(f"{ROOT}/stats", DAY | {"interval": "1h"})
    assert answer.status_code == 422 and "memory" in answer.json()["detail"]


def test_a_session_can_write_nothing(store: Store):
    with pytest.raises(Exception, match="code 164"):
        session.question().rows("INSERT INTO page_view_arrivals (topic) VALUES ('x')", {})


WRONG = [
    ("stats", "from", {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}),
    ("stats", "from", {"from": "2020-03-01T00:00:00Z"}),
    ("stats", "to", {"to": "10000-01-01T00:00:00Z"}),
    ("stats", "interval", {"interval": EVIL}),
    ("stats", "interval", {"interval": "0"}),
    ("stats", "interval", {"interval": "2d"}),
    ("stats", "interval", {"interval": "9" * 5000}),
    ("stats", "interval", {"interval": "1s", **DAY}),
    ("stats", "top", {"top": "-1"}),
    ("stats", "top", {"top": "1001"}),
    ("stats", "top", {"top": "١"}),
    ("stats", "topic", {"topic": "x"}),
    ("export", "by", {"by": "event_id) --"}),
    ("export", "format", {"format": "xml"}),
    ("export", "from", {"from": "now() - 1"}),
    ("export", "limit", {"limit": "1"}),
    ("events/a", "x", {"x": "1"}),
    ("events/" + "a" * 65, "event_id", {}),
    ("events", "event_id", {}),
    ("events", "event_id", {"event_id": ""}),
    ("events", "event_id", {"event_id": "a" * 65}),
    ("events", "topic", {"event_id": "a", "topic": "t"}),
]


@pytest.mark.parametrize(("path", "name", "query"), WRONG)
def test_what_does_not_fit_is_named(store: Store, vera: Client, path: str, name: str, query: dict[str, str]):
    answer = vera.get(f"{ROOT}/{path}", query)
    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [name]


def test_the_first_and_the_last_times_that_there_are_ask_for_nothing(store: Store, vera: Client):
    body = got(vera, "stats", **{"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"}, interval="1h")
    assert body["events"] == 0


@pytest.mark.parametrize("path", ADDRESSES)
def test_it_takes_the_right_to_see_page_views(people: People, path: str):
    eve = Client()
    assert eve.get(f"{ROOT}/{path}").status_code == 401
    eve.force_login(people.eve)
    assert eve.get(f"{ROOT}/{path}").status_code == 403


def test_all_answer_without_the_root_of_the_api_too(stored: Store, vera: Client):
    for path in ADDRESSES:
        assert vera.get(f"/ingest/{path}").status_code == 200


def test_a_reader_that_goes_away_ends_its_query(store: Store):
    rows = session.long_question().stream("SELECT number FROM system.numbers", {})
    assert next(rows) == (0,)
    rows.close()
    assert ClickHouse().rows("SELECT 1 AS one") == [{"one": 1}]
