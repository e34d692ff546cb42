import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from heimdall_project.clients.clickhouse import parse_url

from .wire import Wire

COLUMNS = "id UInt64, name String, at DateTime64(3, 'UTC') DEFAULT 0"


@pytest.fixture(scope="session")
def wire() -> Wire:
    """The server of CLICKHOUSE_URL."""
    return Wire(parse_url(os.environ["CLICKHOUSE_URL"]))


class Table:
    """A table of one test."""

    def __init__(self, wire: Wire, name: str) -> None:
        self.wire, self.name = wire, name

    def insert(self, rows: str, **settings: Any) -> int:
        """JSON lines in; the rows written."""
        answer = self.wire.ask(rows, query=f"INSERT INTO {self.name} FORMAT JSONEachRow", **settings)
        assert answer.status == 200, answer.text
        return answer.written

    @property
    def ids(self) -> list[int]:
        """What it holds."""
        answer = self.wire.ask(f"SELECT id FROM {self.name} ORDER BY id")
        assert answer.status == 200, answer.text
        return [int(line) for line in answer.text.split()]


@pytest.fixture
def table(wire: Wire) -> Iterator[Table]:
    """Empty, remembering the last hundred inserts."""
    made = Table(wire, f"contract_{uuid4().hex[:12]}")
    window = "SETTINGS non_replicated_deduplication_window = 100"
    created = wire.ask(f"CREATE TABLE {made.name} ({COLUMNS}) ENGINE = MergeTree ORDER BY id {window}")
    assert created.status == 200, created.text
    yield made
    wire.ask(f"DROP TABLE IF EXISTS {made.name} SYNC")
