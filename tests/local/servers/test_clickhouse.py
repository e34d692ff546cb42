"""The local ClickHouse when it is killed, frozen, stopped, and told to refuse."""

import itertools
import threading
from collections.abc import Iterator

import pytest

from docker.local import ClickHouse as Server
from docker.local import Instance
from heimdall_project.clients.clickhouse import ClickHouse
from heimdall_project.errors import StatementRefused, TransientError

TABLE = "CREATE TABLE kept (id UInt64, name String) ENGINE = MergeTree ORDER BY id SETTINGS {}"
WINDOW = "non_replicated_deduplication_window = 100"


@pytest.fixture
def server(instance: Instance) -> Iterator[Server]:
    made = Server(instance)
    made.start()
    yield made
    made.destroy()


@pytest.fixture
def client(server: Server) -> Iterator[ClickHouse]:
    made = client_of(server)
    made.command(TABLE.format(WINDOW))
    yield made
    made.close()


def client_of(server: Server, timeout: float = 30) -> ClickHouse:
    return ClickHouse(url=server.instance.environment()["CLICKHOUSE_URL"], timeout=timeout)


def rows(first: int, count: int) -> bytes:
    return b"".join(b'{"id": %d, "name": "row"}\n' % number for number in range(first, first + count))


def test_inserts_that_were_acknowledged_outlive_a_kill_in_the_middle_of_the_next(
    server: Server, client: ClickHouse
) -> None:
    acknowledged = []

    def insert() -> None:
        for number in itertools.count():
            try:
                client.insert("kept", rows(number * 1000, 1000), settings={"async_insert": 0})
            except TransientError:
                return
            acknowledged.append(number)
            if number == 20:
                well_under_way.set()

    well_under_way = threading.Event()
    thread = threading.Thread(target=insert)
    thread.start()
    assert well_under_way.wait(60)
    server.kill()
    thread.join()
    server.start()
    stored = client_of(server).rows("SELECT intDiv(id, 1000) AS batch, count() AS n FROM kept GROUP BY batch")
    assert {row["n"] for row in stored} == {1000}  # whole or not at all
    assert {row["batch"] for row in stored} >= set(acknowledged)


def test_what_was_stored_before_a_kill_is_still_known_by_its_token(
    server: Server, client: ClickHouse
) -> None:
    token: dict[str, str | int] = {"insert_deduplication_token": "t:0:1-1", "async_insert": 0}
    client.insert("kept", rows(0, 10), settings=token)
    server.kill()
    server.start()
    again = client_of(server)
    again.insert("kept", rows(0, 10), settings=token)
    assert again.rows("SELECT count() AS n FROM kept") == [{"n": 10}]


def test_a_frozen_server_is_an_outage_and_may_have_stored_what_it_did_not_answer(
    server: Server, client: ClickHouse
) -> None:
    impatient = client_of(server, timeout=3)
    server.freeze()
    with pytest.raises(TransientError):
        impatient.insert("kept", rows(0, 10), settings={"insert_deduplication_token": "t:0:1-1"})
    server.thaw()
    client.insert("kept", rows(0, 10), settings={"insert_deduplication_token": "t:0:1-1"})
    assert client.rows("SELECT count() AS n FROM kept") == [{"n": 10}]


def test_it_stops_in_order_while_clients_are_connected(server: Server, client: ClickHouse) -> None:
    client.insert("kept", rows(0, 10))
    server.stop_budget = 8  # type: ignore[misc]
    server.stop()
    assert server.record() is None and "Traceback" not in server.log.read_text()
    server.start()
    assert client.rows("SELECT count() AS n FROM kept") == [{"n": 10}]


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ({"readonly": 2}, 164),
        ({"max_memory_usage": 1000, "max_untracked_memory": 1}, 241),
        ({"password": "other"}, 516),
    ],
)
def test_it_refuses_what_it_is_told_to_until_it_is_told_otherwise(
    server: Server, client: ClickHouse, profile: dict[str, str | int], code: int
) -> None:
    server.configure(**profile)  # type: ignore[arg-type]
    with pytest.raises(StatementRefused) as refused:
        client.insert("kept", rows(0, 50_000), settings={"async_insert": 0})
    assert refused.value.code == code
    server.configure()
    assert client.insert("kept", rows(0, 50_000)) == 50_000


def test_two_instances_share_nothing_but_the_engine(server: Server, client: ClickHouse) -> None:
    assert client.rows("SELECT count() AS n FROM system.tables WHERE database = 'heimdall'") == [{"n": 1}]
    assert server.data.is_relative_to(server.instance.home)
