"""The writer on the world in memory, before a ClickHouse that fails on order."""

from typing import Annotated

import msgspec
import pytest

from heimdall_project.errors import FloodDetected
from heimdall_project.events.page_views import PageView
from heimdall_project.events.texts import text
from heimdall_project.streams.records import Partition
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle
from ingestion.consumers import ClickHouseWriter
from tests.unit.ingestion.fake_table import FakeTable, Killed

TOPIC, DEAD, GROUP = "events.page_view.v1", "events.page_view.v1.dlt", "heimdall.clickhouse-writer"
P0 = Partition(TOPIC, 0)
GOOD = {"content_id": "c", "user_id": "u", "event_type": "view", "occurred_at": "2026-01-01T00:00:00Z"}


@pytest.fixture
def broker():
    return InMemoryBroker()


@pytest.fixture(autouse=True)
def small_batches(settings):
    settings.WRITER_BATCH_ROWS = 50
    settings.WRITER_MAX_BUFFER = 500


def send(broker, *names, partition=0, **changes):
    for name in names:
        broker.produce(TOPIC, msgspec.json.encode(GOOD | {"event_id": name} | changes), partition=partition)


def names(count, stem="e"):
    return [f"{stem}{number}" for number in range(count)]


def refuse(*poison, code=469):
    return lambda row: code if row["event_id"] in poison else 0


def letters(broker):
    return [(record.value, record.header("error_message")) for record in broker.records(DEAD)]


def insert_ranges(table):
    return [(first, last) for what, first, last in table.calls if what == "insert"]


def test_a_batch_is_one_insert_and_committed_after_it(broker):
    table = FakeTable()
    send(broker, *names(50))
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert insert_ranges(table) == [(0, 49)]
    assert set(table.views) == set(names(50))
    assert broker.committed(GROUP)[P0] == 50


def test_nothing_is_committed_while_an_insert_does_not_go_through(broker):
    table = FakeTable(down=True)
    send(broker, *names(3))
    runner = broker.runner(ClickHouseWriter(table))
    for _ in range(50):
        runner.turn(0.5)
    assert (broker.committed(GROUP), broker.records(DEAD)) == ({}, [])
    table.down = False
    run_until_idle(runner)
    assert broker.committed(GROUP)[P0] == 3


def test_an_outage_is_waited_out_with_the_same_bytes_under_the_same_token(broker):
    table = FakeTable(fails=["outage"] * 3)
    send(broker, *names(5))
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert insert_ranges(table) == [(0, 4)] * 4
    assert [len(bodies) for bodies in table.bodies.values()] == [1]
    assert broker.records(DEAD) == []


def test_an_insert_without_an_answer_that_was_stored_is_counted_and_not_repeated(broker):
    table = FakeTable(fails=["late"])
    send(broker, *names(5))
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert table.calls == [("insert", 0, 4), ("holds", 0, 4)]
    assert broker.committed(GROUP)[P0] == 5


@pytest.mark.parametrize("fault", ["lost", "half"])
def test_an_insert_without_an_answer_that_is_not_stored_everywhere_is_counted_and_repeated(broker, fault):
    table = FakeTable(fails=[fault])
    send(broker, *names(5))
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert [what for what, *_ in table.calls] == ["insert", "holds", "holds", "insert"]
    assert len(table.arrivals) == 5
    assert [len(bodies) for bodies in table.bodies.values()] == [1]


def test_what_cannot_be_counted_is_neither_trusted_nor_repeated(broker):
    table = FakeTable(fails=["lost and down"])
    send(broker, *names(5))
    runner = broker.runner(ClickHouseWriter(table))
    for _ in range(20):
        runner.turn(0.5)
    assert broker.committed(GROUP) == {}
    assert [what for what, *_ in table.calls].count("insert") == 1
    table.down = False
    run_until_idle(runner)
    assert len(table.arrivals) == 5


def test_rows_that_clickhouse_refuses_are_found_and_the_others_stored(broker):
    table = FakeTable(refuses=refuse("e7", "e8", "e31"))
    send(broker, *names(50))
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert set(table.views) == set(names(50)) - {"e7", "e8", "e31"}
    assert [msgspec.json.decode(value)["event_id"] for value, _ in letters(broker)] == ["e7", "e8", "e31"]
    assert broker.books.counted(GROUP) == {"stored": 47, "dead_lettered": 3}
    assert broker.committed(GROUP)[P0] == 50


def test_an_outage_in_the_middle_of_a_search_loses_nothing_and_begins_it_again(broker):
    table = FakeTable(refuses=refuse("e3"), fails=["", "", "outage"])
    send(broker, *names(8))
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert set(table.views) == set(names(8)) - {"e3"}
    assert len(letters(broker)) == 1
    assert broker.books.counted(GROUP) == {"stored": 7, "dead_lettered": 1}


def test_several_kinds_of_poison_in_one_batch_end_each_with_its_reason(broker):
    table = FakeTable(refuses=refuse("refused", code=41))
    send(broker, *names(40))
    for value in (b"{", b"{}{}", msgspec.json.encode(GOOD) * 2, b"\xff", None):
        broker.produce(TOPIC, value, partition=0)
    send(broker, "refused")
    send(broker, "wrong", event_type="buy", dwell_ms=-1)
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert len(table.views) == 40
    assert broker.books.counted(GROUP) == {"stored": 40, "dead_lettered": 7}
    reasons = dict(letters(broker))
    told = next(reason for value, reason in reasons.items() if value and b'"wrong"' in value)
    assert "$.event_type " in told and "$.dwell_ms " in told and "buy" not in told


def test_a_batch_that_is_refused_row_by_row_stops_the_worker_as_a_flood(broker):
    table = FakeTable(refuses=lambda row: 27)
    send(broker, *names(300))
    with pytest.raises(FloodDetected):
        run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert (broker.committed(GROUP), broker.records(DEAD)) == ({}, [])


def test_after_many_refused_rows_the_rest_is_offered_again(broker, settings):
    settings.WRITER_BATCH_ROWS = 500
    poison = {f"e{number}" for number in range(0, 480, 4)}
    table = FakeTable(refuses=lambda row: 27 if row["event_id"] in poison else 0)
    send(broker, *names(480))
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert broker.books.counted(GROUP) == {"stored": 360, "dead_lettered": 120}
    assert set(table.views) == set(names(480)) - poison


def test_an_event_that_comes_again_is_inserted_again_and_the_first_copy_stands(broker):
    table = FakeTable()
    send(broker, "e", user_id="first")
    broker.clock.advance(3600)
    send(broker, "e", user_id="second", partition=1)
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert broker.books.counted(GROUP) == {"stored": 2}
    assert (table.views["e"][1]["user_id"], len(table.arrivals)) == ("first", 2)


@pytest.mark.parametrize("fault", ["killed", "killed before"])
def test_a_process_that_dies_around_an_insert_loses_nothing(broker, fault):
    table = FakeTable(fails=[fault])
    send(broker, *names(5))
    consumer = broker.consumer(GROUP)
    with pytest.raises(Killed):
        run_until_idle(broker.runner(ClickHouseWriter(table), broker=consumer))
    assert broker.committed(GROUP) == {}
    consumer.crash()
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert (len(table.views), broker.committed(GROUP)[P0]) == (5, 5)
    assert [len(bodies) for bodies in table.bodies.values()] == [1]


class Narrower(PageView):
    """Another version of the contract."""

    user_id: Annotated[str, text(0, 3)]


@pytest.mark.parametrize(
    ("fault", "ends"), [("killed", {"stored": 5}), ("killed before", {"dead_lettered": 1, "stored": 4})]
)
def test_what_was_stored_by_a_version_that_took_it_is_no_dead_letter_of_the_next(
    broker, fault, ends, monkeypatch
):
    table = FakeTable(fails=[fault])
    send(broker, *names(4))
    send(broker, "long", user_id="longer than three")
    consumer = broker.consumer(GROUP)
    with pytest.raises(Killed):
        run_until_idle(broker.runner(ClickHouseWriter(table), broker=consumer))
    consumer.crash()
    monkeypatch.setattr(ClickHouseWriter, "event", Narrower)
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert broker.books.counted(GROUP) == ends
    assert len(broker.records(DEAD)) == ends.get("dead_lettered", 0)
    assert len(table.arrivals) == ends["stored"]


def test_a_row_that_was_stored_and_is_refused_now_is_no_dead_letter(broker):
    table = FakeTable(fails=["killed"])
    send(broker, *names(5))
    consumer = broker.consumer(GROUP)
    with pytest.raises(Killed):
        run_until_idle(broker.runner(ClickHouseWriter(table), broker=consumer))
    consumer.crash()
    table.refuses = refuse("e3")
    run_until_idle(broker.runner(ClickHouseWriter(table)))
    assert (broker.books.counted(GROUP), broker.records(DEAD)) == ({"stored": 5}, [])


def test_whether_a_refused_record_is_stored_is_not_guessed_while_clickhouse_is_away(broker):
    table = FakeTable(down=True)
    broker.produce(TOPIC, b"{", partition=0)
    runner = broker.runner(ClickHouseWriter(table))
    for _ in range(20):
        runner.turn(0.5)
    assert (broker.committed(GROUP), broker.records(DEAD)) == ({}, [])
    table.down = False
    run_until_idle(runner)
    assert broker.books.counted(GROUP) == {"dead_lettered": 1}


def test_a_full_buffer_reads_no_more(broker, settings):
    settings.WRITER_MAX_BUFFER = 60
    table = FakeTable(down=True)
    send(broker, *names(300))
    runner = broker.runner(ClickHouseWriter(table))
    for _ in range(30):
        runner.turn(0.5)
    assert runner.taken <= 60
