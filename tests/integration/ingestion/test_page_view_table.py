"""What the tables and the writer's way into them rest on, shown on the real engine."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from heimdall_project.errors import StatementRefused, TransientError
from heimdall_project.events import codec
from heimdall_project.events.page_views import PageView
from heimdall_project.streams.records import Partition, Record
from ingestion.services.page_view_table import INSERT_SETTINGS, PageViewTable
from ingestion.writing.parcels import Parcel
from ingestion.writing.ports import OutcomeUnknown, RowsRefused
from ingestion.writing.rows import COLUMNS, rows_of

from .stored import Store

pytestmark = pytest.mark.django_db
PLACE = Partition("events.page_view.v1", 2)
EVENT = {"content_id": "c", "user_id": "u", "event_type": "view", "occurred_at": "2026-01-01T00:00:00Z"}
EARLY = 1_700_000_000_000


@pytest.fixture
def table(store: Store) -> Iterator[PageViewTable]:
    """The writer's, on empty tables."""
    made = PageViewTable()
    yield made
    made.close()


def parcel(*events: dict[str, Any], start: int = 0, at: int = EARLY, place: Partition = PLACE) -> Parcel:
    values = [msgspec.json.encode(EVENT | event) for event in events]
    records = [Record(*place, start + n, at, b"c", value) for n, value in enumerate(values)]
    return Parcel(rows_of(place, records, codec.decode_many(PageView, values)))


def views(
    store: Store, what: str = "event_id, user_id, offset", *, final: bool = True
) -> list[Sequence[Any]]:
    sql = f"SELECT {what} FROM page_views {'FINAL' if final else ''} ORDER BY event_id, offset"  # noqa: S608
    return [tuple(row.values()) for row in store.clickhouse.rows(sql)]


def arrivals(store: Store) -> list[int]:
    rows = store.clickhouse.rows("SELECT offset FROM page_view_arrivals FINAL ORDER BY offset")
    return [row["offset"] for row in rows]


def test_a_row_holds_what_was_said_and_the_server_adds_the_rest(table: PageViewTable, store: Store) -> None:
    props = {"b": 'a "quoted"\n\\ text', "a": None, "n": 1.5}
    table.insert(parcel({"event_id": "e", "event_type": "dwell", "dwell_ms": 7, "props": props}, start=5))
    [row] = store.clickhouse.rows("SELECT * FROM page_views")
    assert msgspec.json.decode(row["props"]) == props
    assert (row["event_type"], row["dwell_ms"], row["topic"], row["partition"], row["offset"]) == (
        "dwell",
        7,
        *PLACE,
        5,
    )
    assert row["accepted_at"].timestamp() * 1000 == EARLY
    [arrival] = store.clickhouse.rows("SELECT event_id, body_hash, accepted_at FROM page_view_arrivals")
    assert arrival == {name: row[name] for name in ("event_id", "body_hash", "accepted_at")}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_first_accepted_copy_wins_in_whatever_order_they_are_inserted_and_merged(
    table: PageViewTable, store: Store, order: tuple[int, int]
) -> None:
    copies = [
        parcel({"event_id": "e", "user_id": "first"}, start=9),
        parcel({"event_id": "e", "user_id": "second"}, start=3, at=EARLY + 1),
    ]
    for which in order:
        table.insert(copies[which])
    assert views(store) == [("e", "first", 9)]
    store.clickhouse.command("OPTIMIZE TABLE page_views FINAL")
    assert views(store, final=False) == [("e", "first", 9)]
    assert arrivals(store) == [3, 9]


def test_of_copies_of_one_millisecond_the_smaller_partition_and_offset_wins(
    table: PageViewTable, store: Store
) -> None:
    table.insert(parcel({"event_id": "e", "user_id": "late"}, {"event_id": "e", "user_id": "later"}, start=1))
    assert views(store, final=False) == [("e", "late", 1)]
    table.insert(parcel({"event_id": "e", "user_id": "other"}, start=7, place=Partition(PLACE.topic, 1)))
    assert views(store) == [("e", "other", 7)]
    assert arrivals(store) == [1, 2, 7]


def test_a_repeated_insert_changes_nothing_with_or_without_its_token(
    table: PageViewTable, store: Store
) -> None:
    one = parcel({"event_id": "a"}, {"event_id": "b"})
    table.insert(one)
    before = views(store, "event_id, version, body_hash, stored_at", final=False)
    table.insert(one)
    assert views(store, "event_id, version, body_hash, stored_at", final=False) == before
    table.insert(Parcel(one.rows[:1]))  # as by a member that forms other batches
    assert views(store, "event_id, version, body_hash") == [row[:3] for row in before]
    assert arrivals(store) == [0, 1]


def test_other_rows_under_a_known_token_are_dropped_with_a_friendly_answer(store: Store) -> None:
    """Why a token holds the hash of the body."""
    for name in ("a", "b"):
        store.clickhouse.insert(
            "page_views",
            parcel({"event_id": name}).body,
            columns=list(COLUMNS),
            settings={**INSERT_SETTINGS, "insert_deduplication_token": "range alone"},
        )
    assert [row[0] for row in views(store)] == ["a"]


def test_an_insert_that_left_off_between_the_tables_is_not_held_and_its_repetition_completes_it(
    table: PageViewTable, store: Store
) -> None:
    one = parcel({"event_id": "a"}, {"event_id": "b"})
    clickhouse = store.clickhouse
    clickhouse.command("ALTER TABLE page_view_arrivals ADD CONSTRAINT nobody CHECK event_id != 'b'")
    try:
        with pytest.raises(RowsRefused):
            table.insert(one)
    finally:
        clickhouse.command("ALTER TABLE page_view_arrivals DROP CONSTRAINT nobody")
    assert len(views(store)) == 2
    assert not table.holds(one)
    table.insert(one)
    assert table.holds(one)
    assert arrivals(store) == [0, 1]


def test_what_is_held_is_asked_by_offset_time_and_id(table: PageViewTable, store: Store) -> None:
    one = parcel({"event_id": "a"}, {"event_id": "b"})
    assert not table.holds(one)
    table.insert(one)
    assert table.holds(one)
    assert not table.holds(parcel({"event_id": "a"}, {"event_id": "c"}))
    assert not table.holds(parcel({"event_id": "a"}, {"event_id": "b"}, start=1))
    assert not table.holds(parcel({"event_id": "a"}, {"event_id": "b"}, at=EARLY + 1))  # of a topic made anew
    store.delete("page_views", "event_id = 'b'")
    assert not table.holds(one)


def test_what_is_kept_is_asked_of_both_tables_by_offset_and_time(table: PageViewTable, store: Store) -> None:
    table.insert(parcel({"event_id": "a"}, {"event_id": "b"}, {"event_id": "c"}))
    records = [Record(*PLACE, offset, EARLY, None, b"unreadable") for offset in (0, 2, 3)]
    assert table.kept(records) == {0, 2}
    later = [msgspec.structs.replace(record, timestamp=EARLY + 1) for record in records]
    assert table.kept(later) == set()
    store.delete("page_views", "event_id = 'c'")
    assert table.kept(records) == {0}


def test_a_row_that_the_table_refuses_is_told_by_place_and_code_and_none_is_stored(
    table: PageViewTable, store: Store
) -> None:
    store.clickhouse.command("ALTER TABLE page_views ADD CONSTRAINT welcome CHECK user_id != 'secret'")
    try:
        with pytest.raises(RowsRefused, match=r"refuses welcome \(469 VIOLATED_CONSTRAINT\)") as refused:
            table.insert(parcel({"event_id": "a"}, {"event_id": "b", "user_id": "secret"}))
    finally:
        store.clickhouse.command("ALTER TABLE page_views DROP CONSTRAINT welcome")
    assert "secret" not in str(refused.value)
    assert views(store) == []


def test_a_value_that_cannot_be_read_is_told_by_its_column(store: Store) -> None:
    body = parcel({"event_id": "a"}).body.replace(b"2026-01-01T00:00:00Z", b"never-said")
    with pytest.raises(StatementRefused) as refused:
        store.clickhouse.insert("page_views", body, columns=list(COLUMNS), settings=INSERT_SETTINGS)
    assert (refused.value.code, refused.value.column) == (41, "occurred_at")


def test_a_missing_table_is_an_outage(table: PageViewTable, store: Store) -> None:
    store.clickhouse.command("RENAME TABLE page_views TO elsewhere")
    try:
        with pytest.raises(TransientError, match="60 UNKNOWN_TABLE") as outage:
            table.insert(parcel({"event_id": "a"}))
    finally:
        store.clickhouse.command("RENAME TABLE elsewhere TO page_views")
    assert not isinstance(outage.value, OutcomeUnknown)


def test_a_server_that_is_away_is_an_outage(clickhouse_away: None) -> None:
    with pytest.raises(TransientError):
        PageViewTable().insert(parcel({"event_id": "a"}))


def test_a_large_batch_is_one_part_in_each_table(
    table: PageViewTable, store: Store, settings: Settings
) -> None:
    settings.WRITER_INSERT_TIMEOUT = 60
    table.insert(parcel(*({"event_id": f"e{n}", "props": {"ref": "x" * 300}} for n in range(20_000))))
    parts = store.clickhouse.rows(
        "SELECT table, count() AS parts FROM system.parts "
        "WHERE database = currentDatabase() AND rows > 0 AND active GROUP BY table ORDER BY table"
    )
    assert [(row["table"], row["parts"]) for row in parts] == [("page_view_arrivals", 1), ("page_views", 1)]
