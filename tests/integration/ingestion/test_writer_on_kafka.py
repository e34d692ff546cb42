"""The writer between the real broker and the real engine, in this process."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from heimdall_project.streams import broker
from heimdall_project.streams.broker import ConfluentConsumer
from heimdall_project.streams.member import Limits, Member
from heimdall_project.streams.ports import SystemClock
from heimdall_project.streams.records import Delivered, Outgoing
from heimdall_project.streams.testing import InlineExecutor, InMemoryBooks
from heimdall_project.streams.topics import Topic
from ingestion.consumers import ClickHouseWriter
from tests.probe_workers.harness import eventually

from .stored import Store

pytestmark = pytest.mark.django_db
EVENT = {"content_id": "c", "user_id": "u", "event_type": "view", "occurred_at": "2026-01-01T00:00:00Z"}


class Running:
    """One writer, turned by the test."""

    def __init__(self, store: Store) -> None:
        self.store, self.books = store, InMemoryBooks()
        self.writer = ClickHouseWriter()
        self.member = Member(
            self.writer,
            broker=ConfluentConsumer(self.writer.group(), prefetch=1000),
            producer=broker.producer(),
            books=self.books,
            clock=SystemClock(),
            hands=ThreadPoolExecutor(2),
            aside=InlineExecutor(),
            limits=Limits(drain=5.0, commit_interval=0.1),
        )
        self.member.start()

    def until(self, look: Callable[[], object]) -> None:
        def turned() -> object:
            self.member.turn(0.05)
            return look()

        eventually(turned, lambda: f"{self.counted}, {self.member.beat}")

    @property
    def counted(self) -> dict[str, int]:
        return dict(self.books.counted(self.writer.group()))


@pytest.fixture
def running(own_topics: str, store: Store, settings: Settings) -> Iterator[Running]:
    settings.WRITER_BATCH_SECONDS = 0.2
    made = Running(store)
    yield made
    made.member.abandon()


def event(name: str, **changes: Any) -> bytes:
    return msgspec.json.encode(EVENT | {"event_id": name} | changes)


def send(*values: bytes | None, key: bytes = b"c") -> None:
    answers = broker.producer().publish([Outgoing(Topic.PAGE_VIEWS, value, key) for value in values])
    assert all(isinstance(answer, Delivered) for answer in answers)


def stored(running: Running) -> list[tuple[Any, ...]]:
    rows = running.store.clickhouse.rows("SELECT event_id, user_id FROM page_views FINAL ORDER BY event_id")
    return [tuple(row.values()) for row in rows]


def test_several_kinds_of_poison_leave_the_good_ones_stored_and_are_counted(running: Running) -> None:
    clickhouse = running.store.clickhouse
    clickhouse.command("ALTER TABLE page_views ADD CONSTRAINT welcome CHECK user_id != 'refused'")
    try:
        good = [event(f"e{n}") for n in range(40)]
        send(*good[:20], event("r1", user_id="refused"), b"{", event("x") * 2, None, b"[]")
        send(event("r2", user_id="refused"), event("w", event_type="buy"), *good[20:])
        running.until(lambda: sum(running.counted.values()) == 47)
    finally:
        clickhouse.command("ALTER TABLE page_views DROP CONSTRAINT welcome")
    assert running.counted == {"stored": 40, "dead_lettered": 7}
    assert {name for name, _ in stored(running)} == {f"e{n}" for n in range(40)}


def test_an_id_that_comes_again_is_one_row_that_of_the_first_and_every_copy_has_arrived(
    running: Running,
) -> None:
    send(event("e", user_id="first"))
    running.until(lambda: running.counted == {"stored": 1})
    send(event("e", user_id="first"), event("e", user_id="other"), event("f"))
    running.until(lambda: running.counted == {"stored": 4})
    clickhouse = running.store.clickhouse
    clickhouse.command("OPTIMIZE TABLE page_views FINAL")
    assert stored(running) == [("e", "first"), ("f", "u")]
    [found] = clickhouse.rows(
        "SELECT count() AS arrived, uniqExact(event_id) AS ids, uniqExact(body_hash) AS bodies "
        "FROM page_view_arrivals FINAL WHERE event_id = 'e'"
    )
    assert found == {"arrived": 3, "ids": 1, "bodies": 2}


def test_a_table_that_is_missing_is_waited_for_and_nothing_is_dead_lettered(running: Running) -> None:
    clickhouse = running.store.clickhouse
    clickhouse.command("RENAME TABLE page_views TO elsewhere")
    try:
        send(*(event(f"e{n}") for n in range(10)))
        running.until(lambda: "UNKNOWN_TABLE" in running.member.beat.reason)
        assert running.counted == {}
    finally:
        clickhouse.command("RENAME TABLE elsewhere TO page_views")
    running.until(lambda: running.counted == {"stored": 10})
    assert len(stored(running)) == 10
