"""Rows, tokens, the search for refused rows, and whose fault an answer is."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heimdall_project.events import codec
from heimdall_project.events.page_views import PageView, event_identity
from heimdall_project.streams.records import Partition, Record
from ingestion.writing.bisection import Bisection
from ingestion.writing.parcels import Parcel
from ingestion.writing.refusals import DATA_ERRORS, is_about_rows, reason
from ingestion.writing.rows import COLUMNS, encoded, rows_of

PLACE = Partition("events.page_view.v1", 3)
THOROUGH = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def record(offset, value=None, **changes):
    event = {
        "content_id": "c",
        "user_id": "u",
        "event_type": "view",
        "occurred_at": "2026-01-01T09:00:00+09:00",
    }
    value = value or msgspec.json.encode(event | changes)
    return Record(PLACE.topic, PLACE.number, offset, 1_700_000_000_123, b"c", value)


def rows(*records):
    return rows_of(PLACE, records, codec.decode_many(PageView, [each.value for each in records]))


def test_a_row_says_what_happened_and_where_the_record_stands():
    [row] = rows(record(7, event_id="e", event_type="dwell", dwell_ms=5, props={"b": 1, "a": None}))
    assert msgspec.to_builtins(row) == {
        "event_id": "e",
        "content_id": "c",
        "user_id": "u",
        "event_type": "dwell",
        "occurred_at": "2026-01-01T00:00:00Z",
        "dwell_ms": 5,
        "props": {"a": None, "b": 1},
        "topic": PLACE.topic,
        "partition": 3,
        "offset": 7,
        "accepted_ms": 1_700_000_000_123,
    }
    assert row.occurred_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_an_event_without_id_is_known_by_its_bytes_even_among_others_that_have_one():
    named, nameless = record(1, event_id="e"), record(2)
    event = codec.decode(PageView, nameless.value)
    assert [row.event_id for row in rows(named, nameless)] == ["e", event_identity(event, nameless.value)]


@given(
    st.lists(st.text(min_size=1, max_size=20).filter(lambda text: "\0" not in text), min_size=1, max_size=5)
)
@THOROUGH
def test_one_value_never_becomes_two_rows(texts):
    given_rows = rows(*[record(n, content_id=text, props={text: text}) for n, text in enumerate(texts)])
    lines = encoded(given_rows).splitlines()
    assert [msgspec.json.decode(line)["content_id"] for line in lines] == texts
    assert all(tuple(msgspec.json.decode(line)) == COLUMNS for line in lines)


def test_the_same_records_make_the_same_token_and_any_other_row_makes_another():
    one = Parcel(rows(record(1, event_id="a"), record(2, event_id="b")))
    again = Parcel(rows(record(1, event_id="a"), record(2, event_id="b")))
    other = Parcel(rows(record(1, event_id="a"), record(2, event_id="c")))
    assert one.token == again.token != other.token
    assert one.token.startswith("events.page_view.v1:3:1-2:2:")
    assert one.body == again.body


def test_props_in_another_order_are_the_same_row():
    one, other = ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert encoded(rows(record(1, event_id="a", props=one))) == encoded(
        rows(record(1, event_id="a", props=other))
    )


@given(st.lists(st.booleans(), max_size=70), st.integers(1, 80))
@THOROUGH
def test_the_search_finds_each_refused_row_and_stores_each_other_once_in_order(bad, most):
    search = Bisection(len(bad), most_refused=most)
    stored: list[int] = []
    asked = 0
    while (part := search.next()) is not None:
        asked += 1
        if any(bad[part.start : part.stop]):
            search.refused()
        else:
            stored += part
            search.stored()
    end = len(bad) if search.left < 0 else search.left
    assert stored == [n for n in range(end) if not bad[n]]
    assert search.refused_rows == [n for n in range(end) if bad[n]]
    assert search.left < 0 or len(search.refused_rows) == most
    assert asked <= 1 + 2 * 7 * max(1, len(search.refused_rows))


@pytest.mark.parametrize("code", [16, 33, 60, 73, 159, 164, 202, 210, 241, 242, 243, 252, 319, 497, 516, 999])
def test_what_is_not_named_as_an_error_of_rows_is_an_outage(code):
    assert not is_about_rows(code)


def test_every_named_code_is_about_rows():
    assert all(map(is_about_rows, DATA_ERRORS))


def test_a_refusal_is_told_by_place_and_code():
    assert reason(41, "occurred_at") == "ClickHouse refuses occurred_at (41 CANNOT_PARSE_DATETIME)"
    assert reason(53, "") == "ClickHouse refuses it (53 TYPE_MISMATCH)"
