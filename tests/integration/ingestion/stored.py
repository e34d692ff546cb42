"""Page views as the writer stores and counts them, so that a test can make each kind of lie."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from heimdall_project.clients.clickhouse import ClickHouse
from heimdall_project.streams import broker
from heimdall_project.streams.books import DjangoBooks
from heimdall_project.streams.flood import Window
from heimdall_project.streams.offsets import Run, Span
from heimdall_project.streams.outcomes import STORED, Verdict
from heimdall_project.streams.records import Delivered, Outgoing, Partition

TOPIC, GROUP = "events.page_view.v1", "heimdall.clickhouse-writer"
ONE_INSERT: dict[str, str | int] = {
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "date_time_input_format": "best_effort",
}


def view(event_id: str, **fields: Any) -> dict[str, Any]:
    """A page view as a row, without its place."""
    usual = {
        "event_id": event_id,
        "content_id": "c1",
        "user_id": "u1",
        "event_type": "view",
        "occurred_at": "2026-03-01T12:00:00.000Z",
        "dwell_ms": None,
        "props": "{}",
    }
    return usual | fields


@dataclass
class Store:
    """ClickHouse and the books of a test."""

    clickhouse: ClickHouse
    next: dict[int, int] = field(default_factory=dict)

    def insert(
        self, rows: Sequence[dict[str, Any]], *, partition: int = 0, start: int = 0, at: datetime
    ) -> None:
        """One insert; the rows' offsets begin at `start`, and the broker took them at `at`."""
        placed = [
            {
                **row,
                "topic": TOPIC,
                "partition": partition,
                "offset": start + place,
                "accepted_ms": round(at.timestamp() * 1000),
            }
            for place, row in enumerate(rows)
        ]
        lines = b"".join(json.dumps(row).encode() + b"\n" for row in placed)
        self.clickhouse.insert("page_views", lines, columns=list(placed[0]), settings=ONE_INSERT)

    def settle(
        self, verdicts: Sequence[Verdict], *, partition: int = 0, start: int = 0, at: datetime
    ) -> None:
        """Books of records from `start` on that ended so."""
        minute = int(at.timestamp()) // 60
        runs = tuple(Run(start + n, start + n, minute, "http", verdict) for n, verdict in enumerate(verdicts))
        span = Span(Partition(TOPIC, partition), start, start + len(verdicts), runs)
        settle(GROUP, span)

    def store(self, rows: Sequence[dict[str, Any]], *, partition: int = 0, at: datetime) -> int:
        """Rows that are stored and counted, as the writer does both: the offset of the first."""
        start = self.next.get(partition, 0)
        self.insert(rows, partition=partition, start=start, at=at)
        self.settle([STORED] * len(rows), partition=partition, start=start, at=at)
        self.next[partition] = start + len(rows)
        return start

    def end(self, verdict: Verdict, *, partition: int = 0, at: datetime, count: int = 1) -> int:
        """Records that ended otherwise: the offset of the first."""
        start = self.next.get(partition, 0)
        self.settle([verdict] * count, partition=partition, start=start, at=at)
        self.next[partition] = start + count
        return start

    def delete(self, table: str, condition: str) -> None:
        """Take rows out behind everybody's back."""
        self.clickhouse.command(f"DELETE FROM {table} WHERE {condition}")  # noqa: S608

    def delete_everywhere(self, condition: str) -> None:
        """As if the rows had never been stored."""
        for table in ("page_views", "page_view_arrivals"):
            self.delete(table, condition)


def settle(group: str, span: Span) -> None:
    """Write the books. The bound on silence that they set lasts as long as the transaction, which here is the
    whole test."""
    DjangoBooks().settle(group, [span], topic_ids={}, window=Window(0.0))
    with connection.cursor() as sql:
        sql.execute("SET idle_in_transaction_session_timeout = 0")


def publish(count: int, key: bytes = b"k") -> int:
    """Records on the broker, all in one partition, within one minute: its number."""
    if time.time() % 60 > 50:  # not across the end of a minute
        time.sleep(61 - time.time() % 60)
    answers = broker.producer().publish([Outgoing(TOPIC, b"v", key)] * count)
    places = {answer.partition for answer in answers if isinstance(answer, Delivered)}
    return places.pop()


def now() -> datetime:
    """This minute."""
    return datetime.now(UTC)
