"""What is refused, with which status and which code; and bodies that lie."""

import gzip
from collections.abc import Iterator
from typing import Any

import lz4.frame
import pytest

from .conftest import Table
from .wire import Wire, basic


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("SELECT * FROM nowhere", 404, 60),
        ("SELECT nothing", 404, 47),
        ("SELECT no_such_function()", 404, 46),
        ("SELECT * FROM nowhere.t", 404, 81),
        ("SELEC 1", 400, 62),
        ("1 + 1", 400, 62),
        ("", 400, 62),
        ("  -- nothing\n", 400, 62),
        ("SELECT 1; SELECT 2", 400, 62),
        ("DROP TABLE IF EXISTS a; DROP TABLE IF EXISTS b", 400, 62),
        ("SELECT 1 FORMAT Nonsense", 404, 73),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", 500, 358),
        ("INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV", 404, 78),
        ("INSERT INTO nowhere FORMAT JSONEachRow {}", 404, 60),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT toUInt8('x')", 400, 6),
    ],
)
def test_a_statement_is_refused_with_its_code(wire: Wire, statement: str, status: int, code: int) -> None:
    answer = wire.ask(statement)
    assert (answer.status, answer.code) == (status, code), answer.text
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")


def test_one_statement_may_end_with_a_semicolon(wire: Wire) -> None:
    assert wire.ask("SELECT ';' -- ;\n ; ").text == ";"


def test_an_unknown_setting_is_refused_by_name(wire: Wire) -> None:
    answer = wire.ask("SELECT 1", no_such_setting=1)
    assert (answer.status, answer.code) == (404, 115)
    assert "no_such_setting" in answer.text


def test_a_setting_with_quotes_cannot_leave_its_quotes(wire: Wire) -> None:
    names: dict[str, Any] = {"a` = 1, `b": 1}
    answer = wire.ask("SELECT 1", **names)
    assert answer.code == 115
    asked = wire.ask("SELECT getSetting('log_comment')", log_comment="x', max_threads = '7")
    assert asked.text == "x\\', max_threads = \\'7"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": basic("nobody", "x")},
        {"X-ClickHouse-User": "nobody", "X-ClickHouse-Key": "x"},
    ],
)
def test_wrong_credentials_are_refused_before_the_body_is_read(wire: Wire, headers: dict[str, str]) -> None:
    answer = wire.ask(b"x" * 30_000_000, headers=headers)  # far more than the buffers of a connection hold
    assert (answer.status, answer.code) == (403, 516)


def test_credentials_may_come_in_headers_of_their_own(wire: Wire) -> None:
    address = wire.address
    headers = {"X-ClickHouse-User": address.user, "X-ClickHouse-Key": address.password}
    assert wire.ask("SELECT 1", headers=headers).text == "1"
    assert wire.ask("SELECT 1", headers=headers | {"Authorization": wire.credentials}).code == 516


def test_a_wrong_password_is_refused(wire: Wire) -> None:
    answer = wire.ask("SELECT 1", headers={"Authorization": basic(wire.address.user, "wrong")})
    assert (answer.status, answer.code) == (403, 516)


def test_an_unknown_path_is_not_found(wire: Wire) -> None:
    assert wire.ask("SELECT 1", path="/nowhere").status == 404


def test_a_statement_beyond_its_bound_is_refused(wire: Wire) -> None:
    answer = wire.ask("SELECT '" + "x" * 300_000 + "'")
    assert (answer.status, answer.code) == (400, 62)


def test_a_long_statement_in_the_query_string_is_run(wire: Wire) -> None:
    assert wire.ask(method="GET", query="SELECT length('" + "x" * 200_000 + "')").text == "200000"


def test_a_request_line_without_end_is_refused(wire: Wire) -> None:
    with wire.socket() as client:
        client.sendall(b"GET /?query=" + b"x" * 1_100_000)
        client.sendall(b" HTTP/1.1\r\n\r\n")
        assert client.recv(12)[9:10] == b"4"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b'{"id": 1}\n' * 50_000)[:-20]),
        ("gzip", gzip.compress(b'{"id": 1}\n')[:12]),
        ("gzip", b'{"id": 1}'),
        ("lz4", lz4.frame.compress(b'{"id": 1}\n' * 50_000)[:-20]),
        ("lz4", b"\x04\x22\x4d\x18garbage"),
        ("zstd", b'{"id": 1}'),
    ],
)
def test_a_broken_compressed_body_stores_nothing(
    wire: Wire, table: Table, encoding: str, body: bytes
) -> None:
    answer = wire.encoded(body, encoding, query=f"INSERT INTO {table.name} FORMAT JSONEachRow")
    assert answer.status >= 400 and answer.code is not None
    assert table.ids == []


def test_an_unknown_encoding_is_refused(wire: Wire, table: Table) -> None:
    answer = wire.encoded(b"x", "rot13", query=f"INSERT INTO {table.name} FORMAT JSONEachRow")
    assert answer.status >= 400 and table.ids == []


@pytest.mark.parametrize(
    ("length", "body"),
    [
        ("Transfer-Encoding: chunked", b'A\r\n{"id": 1}\n\r\n'),
        ("Transfer-Encoding: chunked", b'A\r\n{"id": 1}\n\r\nFF\r\n{"id": 2}'),
        ("Transfer-Encoding: chunked", b'A\r\n{"id": 1}\n\r\n0\r\n'),
        ("Transfer-Encoding: chunked", b'zz\r\n{"id": 1}\n\r\n'),
        ("Content-Length: 1000", b'{"id": 1}\n{"id": 2}\n'),
    ],
)
def test_nothing_of_a_body_that_is_cut_off_is_stored(
    wire: Wire, table: Table, length: str, body: bytes
) -> None:
    with wire.socket() as client:
        query = f"INSERT INTO {table.name} FORMAT JSONEachRow"
        client.sendall(wire.head(length, query=query, async_insert=0) + body)
        client.shutdown(1)  # no more will come
        while client.recv(65536):
            pass
    assert table.ids == []


def test_what_follows_a_body_is_not_part_of_it(wire: Wire, table: Table) -> None:
    with wire.socket() as client:
        query = f"INSERT INTO {table.name} FORMAT JSONEachRow"
        client.sendall(wire.head("Content-Length: 9", query=query) + b'{"id": 1}{"id": 2}')
        client.shutdown(1)
        while client.recv(65536):
            pass
    assert table.ids == [1]


def test_a_connection_serves_the_next_request_after_a_refusal(wire: Wire) -> None:
    with wire.connection() as connection:
        for statement, status in (("SELEC", 400), ("SELECT 1", 200)):
            headers = {"Authorization": wire.credentials}
            connection.request("POST", wire.target("/"), statement, headers)
            response = connection.getresponse()
            response.read()
            assert response.status == status


def test_too_many_parts_is_an_error_of_the_insert(wire: Wire, table: Table) -> None:
    wire.ask(f"SYSTEM STOP MERGES {table.name}")
    limits = "parts_to_delay_insert = 0, parts_to_throw_insert = 2"
    wire.ask(f"ALTER TABLE {table.name} MODIFY SETTING {limits}")
    answers = [wire.ask(f"INSERT INTO {table.name} (id) VALUES ({n})", async_insert=0) for n in range(3)]
    assert [answer.code for answer in answers] == [None, None, 252]
    assert table.ids == [0, 1]


def test_no_space_is_an_error_of_the_insert(wire: Wire, table: Table) -> None:
    limit = f"min_free_disk_bytes_to_perform_insert = {10**15}"
    wire.ask(f"ALTER TABLE {table.name} MODIFY SETTING {limit}")
    answer = wire.ask(f"INSERT INTO {table.name} (id) VALUES (1)", async_insert=0)
    assert (answer.status, answer.code, table.ids) == (500, 243, [])


def test_memory_that_is_not_there_is_an_error_of_the_insert(wire: Wire, table: Table) -> None:
    rows = "".join(f'{{"id": {n}, "name": "{"x" * 200}"}}\n' for n in range(50_000))
    query = f"INSERT INTO {table.name} FORMAT JSONEachRow"
    assert wire.ask(rows, query=query, max_memory_usage=1000, async_insert=0).code == 241
    assert table.ids == []


def test_a_row_that_a_constraint_refuses_is_an_error_of_the_insert(wire: Wire, table: Table) -> None:
    wire.ask(f"ALTER TABLE {table.name} ADD CONSTRAINT small CHECK id < 10")

    def rows() -> Iterator[bytes]:
        yield b'{"id": 1}\n'
        yield b'{"id": 99}\n'

    answer = wire.ask(rows(), query=f"INSERT INTO {table.name} FORMAT JSONEachRow", async_insert=0)
    assert (answer.code, table.ids) == (469, [])
