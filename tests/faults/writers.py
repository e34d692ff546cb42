"""The writer of page views in a fault test, and the oracle: all is there, once, and the books agree."""

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from time import time
from typing import Any

import msgspec
from confluent_kafka import Producer
from django.conf import settings
from django.core.management import call_command

from heimdall_project.clients.clickhouse import ClickHouse
from heimdall_project.streams import broker, topics
from heimdall_project.streams.outcomes import Outcome
from heimdall_project.streams.topics import Topic
from ingestion.reading import session
from tests.page_view_tables import own_database
from tests.probe_workers.harness import RunConsumer, eventually

from .load import Load, load
from .world import World

WRITER, VIEWS, DEAD = "clickhouse-writer", Topic.PAGE_VIEWS, Topic.PAGE_VIEWS_DLT
KILLED = 137
SMALL: dict[str, str] = {
    "WRITER_BATCH_ROWS": "100",
    "WRITER_BATCH_SECONDS": "0.2",
    "WRITER_INSERT_TIMEOUT": "3",
    "KAFKA_SESSION_TIMEOUT": "3",
    "DEBUG": "true",
}
"""Many small inserts, and short waits; crash points are refused where DEBUG is off."""


def view(name: str, **fields: Any) -> bytes:
    """A page view with this id."""
    usual = {"event_id": name, "content_id": f"of-{name}", "user_id": "u1", "event_type": "view"}
    return msgspec.json.encode(usual | {"occurred_at": "2026-03-01T12:00:00Z"} | fields)


@dataclass
class Writers(World):
    """Topics of page views, and a database in ClickHouse."""

    clickhouse_url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What its processes need to know."""
        return super().environment | SMALL | {"CLICKHOUSE_URL": self.clickhouse_url}

    def write(self, *arguments: str, **environment: str) -> AbstractContextManager[RunConsumer]:
        """A writer at work."""
        return self.run(WRITER, *arguments, **environment)

    def views(self, count: int, prefix: str = "v", *, key: bytes | None = None) -> list[str]:
        """Publish so many, over all partitions or to that of one key; answers their ids."""
        names = [f"{prefix}{number}" for number in range(count)]
        self.send(VIEWS, [(key or name.encode(), view(name)) for name in names])
        return names

    def send_at(self, records: Iterable[bytes], *, hours_ago: int) -> None:
        """Publish as if the broker had accepted them then; from now on the topic keeps such times."""
        broker.admin().alter_config(VIEWS, {"message.timestamp.type": "CreateTime"})
        producer = Producer({"bootstrap.servers": self.bootstrap, "acks": "all"})
        moment = round((time() - 3600 * hours_ago) * 1000)
        for record in records:
            producer.produce(topics.physical(VIEWS), record, key=b"k", timestamp=moment)
        assert producer.flush(30) == 0

    def load(self, a_second: int = 100) -> AbstractContextManager[Load]:
        """Page views for as long as the block runs."""
        return load(self, a_second=a_second, topic=VIEWS, value=view)

    @cached_property
    def clickhouse(self) -> ClickHouse:
        """To look into it."""
        return ClickHouse(url=self.clickhouse_url)

    def column(self, sql: str) -> list[Any]:
        """The first column of an answer."""
        return [next(iter(row.values())) for row in self.clickhouse.rows(sql)]

    def ids(self) -> list[str]:
        """Of all page views, as readers see them: copies of an id would stand here twice."""
        return self.column("SELECT event_id FROM page_views FINAL")

    def raw(self, table: str = "page_views") -> int:
        """Rows as they lie there, merged or not."""
        return int(self.column(f"SELECT count() FROM {table}")[0])  # noqa: S608

    def await_stored(self, more_than: int) -> int:
        """Wait until more page views than this are stored; answers how many."""
        return eventually(lambda: (n := self.raw("page_view_arrivals")) > more_than and n, "more page views")

    def await_written(self) -> None:
        """Wait until the writer is through."""
        self.await_through(WRITER, VIEWS)

    def keep_all_rows(self) -> None:
        """Merge nothing, so that a row that was stored twice can be seen."""
        for table in ("page_views", "page_view_arrivals"):
            self.clickhouse.command(f"SYSTEM STOP MERGES {table}")

    # --- the oracle -------------------------------------------------------------------------------------

    def assert_kept(self, acknowledged: Iterable[str], *, dead: int = 0) -> None:
        """Every acknowledged event is there, once; outcomes, cursors and ClickHouse tell the same."""
        found, wanted = self.ids(), set(acknowledged)
        assert len(found) == len(set(found))
        assert (wanted - set(found), set(found) - wanted) == (set(), set())
        self.assert_balanced(WRITER, VIEWS)
        outcomes = self.ledger(WRITER)
        assert set(outcomes) <= {Outcome.STORED, Outcome.DEAD_LETTERED}
        assert outcomes[Outcome.DEAD_LETTERED] == dead
        arrived = self.column("SELECT uniqExact(partition, offset) FROM page_view_arrivals")
        assert arrived == [outcomes[Outcome.STORED]]
        self.checked()

    def checked(self) -> dict[str, Any]:
        """What `check_ledger` reports; raises if anything differs."""
        said = StringIO()
        call_command("check_ledger", "--json", stdout=said, verbosity=0)
        report: dict[str, Any] = json.loads(said.getvalue())
        assert report["balanced"]
        return report


@contextmanager
def writers_of(directory: Path, *, database: str, clickhouse: str) -> Iterator[Writers]:
    """A world of the writer. `settings` must name its prefixes; they are given its address of ClickHouse."""
    with own_database(clickhouse) as own:
        made = Writers(directory, database, settings.KAFKA_BOOTSTRAP_SERVERS, clickhouse_url=own)
        made.create(VIEWS, DEAD)
        settings.CLICKHOUSE_URL = own  # an override of the test, which ends with it
        session._client.cache_clear()
        try:
            yield made
        finally:
            session._client.cache_clear()
            broker.admin().delete(made.made)
