"""`check_ledger` finds each kind of lie, and names where it is."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from heimdall_project.streams.models import ConsumerCursor, LedgerEntry
from heimdall_project.streams.outcomes import DEAD_LETTERED, dropped
from tests.integration.ingestion.stored import TOPIC, Store, now, publish, view

pytestmark = pytest.mark.django_db


def checked(*arguments: str) -> tuple[int, str]:
    """Exit code, and what was said."""
    said = StringIO()
    try:
        call_command("check_ledger", *arguments, stdout=said, stderr=StringIO(), verbosity=0)
    except CommandError as error:
        return error.returncode, said.getvalue() + str(error)
    return 0, said.getvalue()


def differences(*arguments: str) -> list[dict[str, Any]]:
    """The differences, by the JSON answer."""
    code, said = checked("--json", *arguments)
    assert code == 1, said
    found: list[dict[str, Any]] = json.loads(said.splitlines()[0].rpartition("}")[0] + "}")["differences"]
    return found


@pytest.fixture
def stored(own_topics: str, store: Store) -> tuple[Store, int]:
    """Twelve records: ten events of which one came twice, once with another body; one poison, one dropped."""
    place = publish(12)
    at = now()
    store.store([view(f"e{n}") for n in range(8)], partition=place, at=at)
    store.end(DEAD_LETTERED, partition=place, at=at)
    store.store([view("e0"), view("e1", content_id="c2")], partition=place, at=at)
    store.end(dropped("late"), partition=place, at=at)
    return store, place


def test_what_balances_is_said_to_balance_with_its_duplicates_and_conflicts(stored: tuple[Store, int]):
    code, said = checked()
    assert code == 0, said
    assert "12 counted, 10 of them stored; in ClickHouse 10 records, 8 events, 2 duplicates, 1 ids" in said
    assert "in flight 0" in said and "The ledger balances." in said


def test_it_judges_only_what_is_below_the_cursors(stored: tuple[Store, int]):
    store, place = stored
    store.insert([view("new")], partition=place, start=12, at=now())  # stored, and not counted yet
    assert checked()[0] == 0


def test_a_stored_row_that_is_gone_is_named_with_its_offset(stored: tuple[Store, int]):
    store, place = stored
    store.delete_everywhere("offset IN (3, 4, 6)")
    [found] = differences()
    assert (found["kind"], found["topic"], found["partition"]) == ("missing", TOPIC, place)
    assert found["minute"] is not None and "3 missing" in found["what"]
    assert [3, 4] in found["offsets"] and [6, 6] in found["offsets"]
    code, said = checked()
    assert code == 1 and f"{TOPIC}[{place}] {found['minute'][:16]}Z: missing" in said


def test_a_whole_minute_that_is_gone_is_named_with_its_offsets(own_topics: str, store: Store):
    place = publish(9)
    minutes = [now() - timedelta(minutes=back) for back in (3, 2, 1)]
    for number, at in enumerate(minutes):
        store.store([view(f"e{number}{n}") for n in range(3)], partition=place, at=at)
    store.delete_everywhere("offset >= 3 AND offset < 6")
    [found] = differences()
    assert found["offsets"] == [[3, 5]] and "offsets 3-5" in found["what"]
    assert found["minute"] == minutes[1].replace(second=0, microsecond=0).isoformat()


def test_a_count_that_is_off_by_one_is_named(stored: tuple[Store, int]):
    _, place = stored
    LedgerEntry.objects.filter(outcome="stored").update(count=F("count") + 1)
    found = differences()
    assert {each["kind"] for each in found} == {"books", "missing", "count"}
    assert {each["partition"] for each in found} == {place} and all(each["minute"] for each in found)


def test_a_miscounted_minute_of_other_outcomes_is_found_by_the_brokers_offsets(stored: tuple[Store, int]):
    _, place = stored
    LedgerEntry.objects.filter(outcome="dead_lettered").update(count=2)
    found = {each["kind"]: each for each in differences()}
    assert found.keys() == {"books", "count"}
    assert "counts 13 records, the broker gave 12 offsets" in found["count"]["what"]
    assert found["count"]["partition"] == place and found["count"]["minute"]


def test_a_cursor_that_is_ahead_of_the_outcomes_is_named(stored: tuple[Store, int]):
    _, place = stored
    publish(3)
    ConsumerCursor.objects.update(next_offset=14)
    found = {each["kind"]: each for each in differences()}
    assert found["books"]["partition"] == place
    assert "sum up to 12, the cursor has passed 14" in found["books"]["what"]


def test_a_cursor_past_the_end_of_the_partition_is_named(stored: tuple[Store, int]):
    _, place = stored
    ConsumerCursor.objects.update(next_offset=20)
    found = {each["kind"]: each for each in differences()}
    assert found["cursor"]["partition"] == place and "8 past the end" in found["cursor"]["what"]


def test_an_event_that_arrived_and_is_not_among_the_page_views_is_named(stored: tuple[Store, int]):
    store, place = stored
    store.delete("page_views", "event_id = 'e5'")
    [found] = differences()
    assert (found["kind"], found["partition"], found["offsets"]) == ("vanished", place, [[5, 5]])
    assert "such as e5" in found["what"] and found["minute"]


def test_rows_that_were_never_counted_are_named(stored: tuple[Store, int]):
    store, place = stored
    store.insert([view("secret")], partition=place, start=8, at=now())  # where the poison stood
    [found] = differences()
    assert (found["kind"], found["partition"]) == ("surplus", place)
    assert "1 were never counted" in found["what"]


def test_a_page_view_of_a_record_that_did_not_arrive_is_named(stored: tuple[Store, int]):
    store, place = stored
    store.insert([view("secret")], partition=place, start=8, at=now())  # where the poison stood
    store.delete("page_view_arrivals", "event_id = 'secret'")
    [found] = differences()
    assert (found["kind"], found["partition"], found["offsets"]) == ("stray", place, [[8, 8]])
    assert "such as secret" in found["what"] and found["minute"]


@pytest.mark.parametrize("merged", [False, True])
def test_a_record_that_was_stored_as_two_events_is_named(own_topics: str, store: Store, merged: bool):
    place, at = publish(3), now()
    store.store([view("a"), view("b"), view("c")], partition=place, at=at)
    store.insert([view("other")], partition=place, start=1, at=at)
    if merged:
        store.clickhouse.command("OPTIMIZE TABLE page_view_arrivals FINAL")
    assert {each["kind"] for each in differences()} >= {"stray"}
    assert next(each for each in differences() if each["kind"] == "stray")["offsets"] == [[1, 1]]


def test_a_minute_that_a_range_begins_or_ends_in_is_judged_as_a_whole(own_topics: str, store: Store):
    place = publish(4)
    minute = now().replace(second=0, microsecond=0)
    store.store([view("a"), view("b")], partition=place, at=minute + timedelta(seconds=10))
    store.store([view("c"), view("d")], partition=place, at=minute + timedelta(seconds=50))
    half = (minute + timedelta(seconds=30)).isoformat()
    for name in ("--from", "--to"):
        code, said = checked(name, half)
        assert code == 0 and "4 counted, 4 of them stored; in ClickHouse 4 records" in said, said


def test_a_range_is_judged_alone(own_topics: str, store: Store):
    place = publish(4)
    then, at = now() - timedelta(hours=2), now()
    store.store([view("a"), view("b")], partition=place, at=then)
    store.store([view("c"), view("d")], partition=place, at=at)
    store.delete("page_view_arrivals", "event_id = 'a'")
    since = (at - timedelta(hours=1)).isoformat()
    assert checked("--from", since)[0] == 0
    assert checked("--to", since)[0] == 1


def test_several_partitions_are_looked_at(own_topics: str, store: Store):
    first = publish(3)
    second = next(place for key in b"abcdefgh" if (place := publish(3, bytes([key]))) != first)
    for place in (first, second):
        store.store([view(f"{place}-{n}") for n in range(3)], partition=place, at=now())
    store.delete_everywhere(f"partition = {second} AND offset = 1")
    [found] = differences()
    assert found["partition"] == second and [1, 1] in found["offsets"]


def test_clickhouse_away_is_no_difference_and_no_success(own_topics: str, clickhouse_away: None):
    code, said = checked()
    assert code == 2 and "clickhouse" in said


def test_kafka_away_is_told_after_all_else_was_checked(store: Store, broker_away: None):
    store.store([view("a")], at=now())
    code, said = checked()
    assert code == 2 and "1 counted, 1 of them stored" in said and "The broker does not answer" in said


def test_a_difference_is_told_though_kafka_is_away(store: Store, broker_away: None):
    store.store([view("a")], at=now())
    store.delete("page_views", "event_id = 'a'")
    assert checked()[0] == 1


@pytest.mark.parametrize(
    "arguments", [("--from", "yesterday"), ("--to", "10000-01-01"), ("--topic", "other")]
)
def test_arguments_that_do_not_fit_are_refused(arguments: tuple[str, str]):
    with pytest.raises(CommandError, match="argument --"):
        call_command("check_ledger", *arguments)


def test_a_range_that_is_none_is_refused():
    code, said = checked("--from", "2026-03-02", "--to", "2026-03-01")
    assert code == 2 and "--from must be before --to" in said
