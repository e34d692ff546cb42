"""How answers come out: formats, parameters, settings, limits, and errors in the middle."""

import gzip
import http.client
import json
import threading
import zlib
from collections.abc import Callable
from typing import Any

import lz4.frame
import pytest

from .conftest import Table
from .wire import Wire, read

try:
    from compression import zstd
except ImportError:
    from backports import zstd

DECODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "lz4": lz4.frame.decompress,
    "zstd": zstd.decompress,
}


def test_ping_needs_no_credentials(wire: Wire) -> None:
    answer = wire.ask(method="GET", path="/ping", headers={})
    assert (answer.status, answer.body) == (200, b"Ok.\n")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TabSeparated", b"1\ta\\tb\n"),
        ("CSV", b'1,"a\tb"\n'),
        ("JSONEachRow", b'{"x":1,"y":"a\\tb"}\n'),
        ("Native", b"\x02\x01\x01x\x05UInt8\x01\x01y\x06String\x03a\tb"),
        ("TSVWithNames", b"x\ty\n1\ta\\tb\n"),
    ],
)
def test_the_format_of_the_statement_wins_over_the_default(wire: Wire, name: str, expected: bytes) -> None:
    answer = wire.ask(f"SELECT 1 AS x, 'a\tb' AS y FORMAT {name}", default_format="JSON")
    assert answer.body == expected
    assert answer.headers["x-clickhouse-format"] == name


def test_json_says_what_its_columns_are(wire: Wire) -> None:
    answer = wire.ask("SELECT number AS n FROM numbers(3)", default_format="JSON")
    document = json.loads(answer.body)
    assert document["meta"] == [{"name": "n", "type": "UInt64"}] and document["rows"] == 3


def test_a_head_stands_once_in_a_long_answer(wire: Wire) -> None:
    answer = wire.ask("SELECT number AS n FROM numbers(200000) FORMAT CSVWithNames")
    assert answer.body.count(b'"n"') == 1 and answer.body.count(b"\n") == 200_001


def test_parameters_are_bound_by_the_server(wire: Wire) -> None:
    answer = wire.ask("SELECT {a:UInt8} + 1, {b:String}", param_a=41, param_b="it's; SELECT 2 --")
    assert answer.text == "42\tit\\'s; SELECT 2 --"


def test_a_parameter_of_the_wrong_kind_is_refused(wire: Wire) -> None:
    assert wire.ask("SELECT {a:UInt8}", param_a="x").code == 457


def test_settings_of_the_query_string_hold_for_one_request(wire: Wire) -> None:
    question = "SELECT getSetting('max_block_size')"
    with wire.connection() as connection:
        answers = []
        for query in ({"max_block_size": 17}, {}):
            target, headers = wire.target("/", **query), {"Authorization": wire.credentials}
            connection.request("POST", target, question, headers)
            answers.append(read(connection.getresponse()).text)
    assert answers[0] == "17" != answers[1]


def test_a_database_of_the_query_string_is_where_names_are_looked_up(wire: Wire) -> None:
    assert wire.ask("SELECT currentDatabase()", database="system").text == "system"
    refused = wire.ask("SELECT 1", database="nowhere")
    assert (refused.status, refused.code) == (404, 81)


@pytest.mark.parametrize(
    ("question", "limit", "code"),
    [
        ("SELECT number FROM numbers(1000)", {"max_rows_to_read": 10}, 158),
        ("SELECT number FROM numbers(1000)", {"max_result_rows": 10}, 396),
        ("SELECT groupArray(number) FROM numbers(1000000)", {"max_memory_usage": 1_000_000}, 241),
        ("SELECT sleepEachRow(0.01) FROM numbers(300)", {"max_execution_time": 1, "max_block_size": 10}, 159),
    ],
)
def test_limits_of_the_query_string_hold(wire: Wire, question: str, limit: dict[str, Any], code: int) -> None:
    assert wire.ask(question, wait_end_of_query=1, **limit).code == code


def test_a_get_reads_and_does_not_write(wire: Wire, table: Table) -> None:
    assert wire.ask(method="GET", query="SELECT 1").text == "1"
    refused = wire.ask(method="GET", query=f"INSERT INTO {table.name} (id) VALUES (1)")
    assert (refused.code, table.ids) == (164, [])


def test_read_only_by_setting_refuses_inserts_and_answers_questions(wire: Wire, table: Table) -> None:
    assert wire.ask("SELECT 1", readonly=1).text == "1"
    assert wire.ask(f"INSERT INTO {table.name} (id) VALUES (1)", readonly=1).code == 164
    assert table.ids == []


@pytest.mark.parametrize("wait", [0, 1])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "lz4", "zstd"])
def test_answers_are_compressed_for_who_asks(wire: Wire, encoding: str, wait: int) -> None:
    headers = {"Authorization": wire.credentials, "Accept-Encoding": encoding}
    question: dict[str, Any] = {"enable_http_compression": 1, "wait_end_of_query": wait}
    answer = wire.ask("SELECT number FROM numbers(100000)", headers=headers, **question)
    assert answer.headers["content-encoding"] == encoding
    assert DECODE[encoding](answer.body) == b"".join(b"%d\n" % number for number in range(100_000))


def test_an_answer_is_not_compressed_unasked(wire: Wire) -> None:
    headers = {"Authorization": wire.credentials, "Accept-Encoding": "gzip"}
    assert "content-encoding" not in wire.ask("SELECT 1", headers=headers).headers


def test_an_error_before_the_first_row_has_its_status(wire: Wire) -> None:
    answer = wire.ask("SELECT throwIf(number = 0) FROM numbers(10)")
    assert (answer.status, answer.code) == (500, 395)


def test_an_error_in_the_middle_does_not_look_like_an_end(wire: Wire) -> None:
    """Newer servers mark it, all of them close."""
    question = "SELECT throwIf(number = 900000) FROM numbers(1000000)"
    with wire.connection() as connection:
        headers = {"Authorization": wire.credentials}
        connection.request("POST", wire.target("/", max_block_size=10_000), question, headers)
        response = connection.getresponse()
        tag = response.headers["X-ClickHouse-Exception-Tag"]
        try:
            body = response.read()
        except http.client.IncompleteRead as cut:
            body = cut.partial
    assert response.status == 200
    assert f"__exception__\r\n{tag}\r\nCode: 395.".encode() in body[-1000:]


def test_when_the_end_is_awaited_an_error_in_the_middle_has_its_status(wire: Wire) -> None:
    question = "SELECT throwIf(number = 900000) FROM numbers(1000000)"
    answer = wire.ask(question, max_block_size=10_000, wait_end_of_query=1)
    assert (answer.status, answer.code) == (500, 395)


def test_a_long_answer_begins_before_it_ends(wire: Wire) -> None:
    """Its memory is not that of the whole."""
    with wire.connection() as connection:
        question = "SELECT number, repeat('x', 100) FROM numbers(3000000) FORMAT TSV"
        connection.request("POST", wire.target("/"), question, {"Authorization": wire.credentials})
        response = connection.getresponse()
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.read(10) == b"0\txxxxxxxx"
        seen = 10
        while piece := response.read(1 << 20):
            seen += len(piece)
    assert seen > 300_000_000


def test_questions_are_answered_while_an_insert_comes_in(wire: Wire, table: Table) -> None:
    with wire.socket() as slow:
        query = f"INSERT INTO {table.name} FORMAT JSONEachRow"
        slow.sendall(wire.head("Content-Length: 20", query=query) + b'{"id": 1}\n')
        assert wire.ask("SELECT 1").text == "1" and table.ids == []
        slow.sendall(b'{"id": 2}\n')
        assert slow.recv(12) == b"HTTP/1.1 200"
    assert table.ids == [1, 2]


def test_twenty_readers_and_writers_at_once_lose_nothing(wire: Wire, table: Table) -> None:
    failures: list[str] = []

    def write(number: int) -> None:
        for part in range(5):
            begin = number * 1000 + part * 100
            rows = "".join(f'{{"id": {identity}}}\n' for identity in range(begin, begin + 100))
            token = f"{number}:{part}"
            answer = wire.ask(
                rows,
                query=f"INSERT INTO {table.name} FORMAT JSONEachRow",
                insert_deduplication_token=token,
                async_insert=0,
            )
            if answer.status != 200 or answer.written != 100:
                failures.append(answer.text)

    def watch(_: int) -> None:
        before = 0
        for _ in range(5):
            now = int(wire.ask(f"SELECT count() FROM {table.name}").text)
            if now < before or now % 100:
                failures.append(f"{now} rows after {before}")
            before = now

    threads = [threading.Thread(target=kind, args=(n,)) for n in range(10) for kind in (write, watch)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(set(table.ids)) == len(table.ids) == 5_000
