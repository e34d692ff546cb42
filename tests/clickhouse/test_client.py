"""Our client on a real server: what it returns, and what becomes of errors."""

import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from heimdall_project.clients import clickhouse
from heimdall_project.clients.clickhouse import ClickHouse
from heimdall_project.errors import StatementRefused, TransientError
from tests.probe_workers.harness import eventually

from .conftest import Table

SECRET = "4111-1111-1111-1111"


@pytest.fixture
def client() -> Iterator[ClickHouse]:
    made = ClickHouse(url=os.environ["CLICKHOUSE_URL"])
    yield made
    made.close()


def test_what_is_inserted_can_be_asked_for(client: ClickHouse, table: Table) -> None:
    assert client.insert(table.name, b'{"id": 1, "name": "a"}\n{"id": 2, "name": "b"}\n') == 2
    assert client.rows(f"SELECT id, name FROM {table.name} WHERE id > {{least:UInt64}}", {"least": 1}) == [
        {"id": 2, "name": "b"}
    ]


@pytest.mark.parametrize("compression", ["none", "lz4", "gzip"])
def test_settings_of_an_insert_reach_the_engine(table: Table, compression: str, settings: Settings) -> None:
    settings.CLICKHOUSE_INSERT_COMPRESSION = compression
    client = ClickHouse(url=os.environ["CLICKHOUSE_URL"])
    for row in (b'{"id": 1}', b'{"id": 2}'):
        client.insert(table.name, row, settings={"insert_deduplication_token": "t:0:1-1"})
    client.close()
    assert table.ids == [1]


def test_a_long_result_comes_row_by_row(client: ClickHouse) -> None:
    rows = client.stream("SELECT number AS n FROM numbers(200000)")
    assert next(rows) == {"n": 0}
    assert sum(1 for _ in rows) == 199_999


def test_a_long_result_comes_as_arrays_too(client: ClickHouse) -> None:
    lines = client.arrays("SELECT number, 'a\nb', NULL FROM numbers(200000)")
    assert next(lines) == b'[0, "a\\nb", null]'
    assert sum(1 for _ in lines) == 199_999


def test_arrays_that_are_closed_end_their_query(client: ClickHouse) -> None:
    lines = client.arrays("SELECT number AS endless FROM system.numbers")
    assert next(lines) == b"[0]"
    lines.close()
    running = "SELECT count() AS n FROM system.processes WHERE query LIKE '%number AS endless%FROM%'"
    eventually(lambda: client.rows(running) == [{"n": 1}], "the end of the query")  # this one asks for itself


def test_arrays_that_break_off_never_look_whole(client: ClickHouse) -> None:
    lines = client.arrays(
        "SELECT throwIf(number = 150000, 'no') FROM numbers(200000)", settings={"max_block_size": 10000}
    )
    with pytest.raises(StatementRefused) as refused:
        assert all(line == b"[0]" for line in lines)
    assert refused.value.code == 395


def test_a_result_without_rows_is_empty(client: ClickHouse, table: Table) -> None:
    assert client.rows(f"SELECT id FROM {table.name}") == []
    assert list(client.stream(f"SELECT id FROM {table.name}")) == []
    assert list(client.arrays(f"SELECT id FROM {table.name}")) == []


def test_a_refusal_names_code_column_and_row_and_never_a_value(client: ClickHouse, table: Table) -> None:
    rows = b'{"id": 1}\n{"id": "' + SECRET.encode() + b' (while reading the value of key at): (ABC_DEF)"}\n'
    with pytest.raises(StatementRefused) as refused:
        client.insert(table.name, rows, settings={"async_insert": 0})
    error = refused.value
    assert (error.code, error.name) == (27, "CANNOT_PARSE_INPUT_ASSERTION_FAILED")
    assert (error.column, error.row) == ("id", 2)
    assert SECRET not in f"{error} {error!r} {error.__cause__!r}" and error.__suppress_context__


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda client: client.rows("SELECT * FROM nowhere"), 60),
        (lambda client: client.insert("nowhere", b"{}"), 60),
        (lambda client: client.command("SELEC"), 62),
        (lambda client: client.rows("SELECT 1", settings={"no_such_setting": 1}), 115),
        (lambda client: list(client.stream("SELECT throwIf(number = 900000) FROM numbers(1000000)")), 395),
    ],
)
def test_every_refusal_carries_its_code(
    client: ClickHouse, ask: Callable[[ClickHouse], object], code: int
) -> None:
    with pytest.raises(StatementRefused) as refused:
        ask(client)
    assert refused.value.code == code


def test_wrong_credentials_are_a_refusal_too() -> None:
    address = clickhouse.parse_url(os.environ["CLICKHOUSE_URL"])
    with pytest.raises(StatementRefused) as refused:
        ClickHouse(url=f"http://nobody:{SECRET}@{address.host}:{address.port}/default")
    assert refused.value.code == 516 and SECRET not in str(refused.value)


def test_a_server_that_is_not_there_is_an_outage_without_its_address() -> None:
    with pytest.raises(TransientError) as outage:
        ClickHouse(url=f"http://someone:{SECRET}@127.0.0.1:1/heimdall")
    assert outage.value.dependency == "clickhouse"
    assert SECRET not in str(outage.value) and "127.0.0.1" not in str(outage.value)


class Accomplice(threading.Thread):
    """Passes requests on to the real server until it is told to keep an answer to itself."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(daemon=True)
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.keeps_answers = False
        self.requests = 0

    def run(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            back = threading.Thread(target=self._back, args=(server, client), daemon=True)
            back.start()
            while data := client.recv(1 << 20):
                self.requests += data.startswith(b"POST")
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            back.join()

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        while data := server.recv(1 << 20):
            if self.keeps_answers:
                client.shutdown(socket.SHUT_RDWR)
                return
            client.sendall(data)


def test_an_insert_whose_answer_is_lost_is_not_sent_a_second_time(table: Table) -> None:
    """The driver would: whoever knows what was sent decides."""
    address = clickhouse.parse_url(os.environ["CLICKHOUSE_URL"])
    between = Accomplice(address.host, address.port)
    between.start()
    credentials = f"{address.user}:{address.password}"
    client = ClickHouse(url=f"http://{credentials}@127.0.0.1:{between.port}/{address.database}")
    between.keeps_answers, between.requests = True, 0
    with pytest.raises(TransientError):
        client.insert(table.name, b'{"id": 1}')
    client.close()
    assert (between.requests, table.ids) == (1, [1])
