"""How rows get in: by which bodies, how often, and when not at all."""

import gzip
import zlib
from collections.abc import Callable, Iterator

import lz4.frame
import pytest

from .conftest import Table
from .wire import Wire

try:
    from compression import zstd
except ImportError:
    from backports import zstd

ROWS = b"".join(b'{"id": %d, "name": "row"}\n' % number for number in range(5_000))


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("lz4", lz4.frame.compress),
        ("zstd", zstd.compress),
        ("gzip", lambda rows: gzip.compress(rows[:6000]) + gzip.compress(rows[6000:])),
    ],
)
def test_a_compressed_body_is_stored_row_by_row(
    wire: Wire, table: Table, encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    answer = wire.encoded(encode(ROWS), encoding, query=f"INSERT INTO {table.name} FORMAT JSONEachRow")
    assert answer.status == 200, answer.text
    assert answer.written == 5_000 and table.ids == list(range(5_000))


def test_a_body_in_chunks_is_stored_whole(wire: Wire, table: Table) -> None:
    def chunks() -> Iterator[bytes]:
        for begin in range(0, len(ROWS), 777):
            yield ROWS[begin : begin + 777]

    assert wire.ask(chunks(), query=f"INSERT INTO {table.name} FORMAT JSONEachRow").written == 5_000
    assert len(table.ids) == 5_000


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} FORMAT JSONEachRow\n" + '{{"id": 1}} {{"id": 2}}',
        'INSERT INTO {} (id) SETTINGS async_insert = 0 FORMAT JSONEachRow {{"id": 1}}\n{{"id": 2}}',
        "insert into {} (id) values (1), (1 + 1)",
        "INSERT INTO {} (id, name) FORMAT CSV\n1,a\n2,b\n",
        "INSERT INTO {} (id) SELECT number + 1 FROM numbers(2)",
        "/* FORMAT x */ INSERT INTO {} (id) -- VALUES (7)\n FORMAT TabSeparated\n1\n2\n",
    ],
)
def test_the_data_may_stand_in_the_statement(wire: Wire, table: Table, statement: str) -> None:
    answer = wire.ask(statement.format(table.name))
    assert answer.status == 200, answer.text
    assert (answer.written, table.ids) == (2, [1, 2])


def test_data_that_begin_in_the_query_string_go_on_in_the_body(wire: Wire, table: Table) -> None:
    answer = wire.ask('{"id": 2}', query=f'INSERT INTO {table.name} FORMAT JSONEachRow {{"id": 1}}')
    assert (answer.status, table.ids) == (200, [1, 2])


def test_the_same_token_stores_once_even_with_other_rows(table: Table) -> None:
    table.insert('{"id": 1}', insert_deduplication_token="t:0:1-1")
    table.insert('{"id": 1}', insert_deduplication_token="t:0:1-1")
    table.insert('{"id": 2}', insert_deduplication_token="t:0:1-1")
    table.insert('{"id": 1}', insert_deduplication_token="t:0:2-2")
    assert table.ids == [1, 1]


def test_the_window_counts_inserts_and_forgets_older_ones(wire: Wire, table: Table) -> None:
    wire.ask(f"ALTER TABLE {table.name} MODIFY SETTING non_replicated_deduplication_window = 2")
    for token in ("a", "b", "c", "a"):
        table.insert('{"id": 1}', insert_deduplication_token=token, async_insert=0)
    assert len(table.ids) == 4


@pytest.mark.parametrize("token", ["", "t:0:1-1"])
def test_a_view_gets_each_insert_once_too(wire: Wire, table: Table, token: str) -> None:
    target = f"{table.name}_target"
    window = "SETTINGS non_replicated_deduplication_window = 100"
    wire.ask(f"CREATE TABLE {target} (id UInt64) ENGINE = MergeTree ORDER BY id {window}")
    wire.ask(f"CREATE MATERIALIZED VIEW {table.name}_view TO {target} AS SELECT id FROM {table.name}")
    try:
        for _ in range(2):
            settings = {"insert_deduplication_token": token} if token else {}
            once = {"deduplicate_blocks_in_dependent_materialized_views": 1, "async_insert": 0}
            assert table.insert('{"id": 1}\n{"id": 1}', **once, **settings) == 4  # both tables' rows
        assert (table.ids, Table(wire, target).ids) == ([1, 1], [1, 1])
    finally:
        wire.ask(f"DROP TABLE {table.name}_view SYNC")
        wire.ask(f"DROP TABLE {target} SYNC")


def test_one_row_that_cannot_be_read_keeps_out_all_of_them(wire: Wire, table: Table) -> None:
    rows = ROWS + b'{"id": "no number"}\n'
    answer = wire.ask(rows, query=f"INSERT INTO {table.name} FORMAT JSONEachRow")
    assert (answer.status, answer.code) == (400, 27)
    assert "(while reading the value of key id): (at row 5001)" in answer.text.replace("\n", "")
    assert table.ids == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ('{"id": 1, "unknown": 2}', 117),
        ('{"id": 1, "at": "yesterday"}', 41),
        ('{"id": 1', 33),
        ('{"id": 1, "name": "open', 26),
    ],
)
def test_each_mistake_in_a_row_has_its_code(wire: Wire, table: Table, row: str, code: int) -> None:
    query = f"INSERT INTO {table.name} FORMAT JSONEachRow"
    answer = wire.ask(row, query=query, input_format_skip_unknown_fields=0, async_insert=0)
    assert (answer.code, table.ids) == (code, [])


def test_times_are_read_in_the_ways_of_iso_8601(wire: Wire, table: Table) -> None:
    rows = '{"id": 1, "at": "2026-11-20T10:00:00.123Z"}\n{"id": 2, "at": "2026-11-20T12:00:00.123+02:00"}'
    table.insert(rows, date_time_input_format="best_effort")
    stored = wire.ask(f"SELECT DISTINCT toString(at) FROM {table.name}").text
    assert stored == "2026-11-20 10:00:00.123"


def test_a_value_that_looks_like_rows_and_statements_stays_one_value(wire: Wire, table: Table) -> None:
    hostile = '\\"}\\n{\\"id\\": 9}\\n; DROP TABLE x; INSERT INTO y FORMAT CSV\\n1'
    table.insert('{"id": 1, "name": "' + hostile + '"}')
    assert table.ids == [1]
    assert "INSERT INTO y" in wire.ask(f"SELECT name FROM {table.name}").text


def test_no_rows_are_no_mistake(table: Table) -> None:
    assert table.insert("") == 0


def test_fifty_thousand_rows_are_one_part(wire: Wire, table: Table) -> None:
    rows = "".join(f'{{"id": {number}, "name": "{"x" * 150}"}}\n' for number in range(50_000))
    assert table.insert(rows, async_insert=0) == 50_000
    parts = wire.ask(f"SELECT count() FROM system.parts WHERE active AND table = '{table.name}'")
    assert parts.text == "1"
