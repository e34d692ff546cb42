"""The sides of the ingestion benchmark: our writer as its real process, and what it is compared with."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from benchmarks import ingest_report as names
from benchmarks.ingest_store import Store
from benchmarks.job_sides import PEERS, ROOT, running, until

WRITER = "clickhouse-writer"


@dataclass(frozen=True)
class Stock:
    """A topic that is filled beforehand."""

    prefix: str
    count: int
    size: int
    headers: bool = False

    @property
    def topic(self) -> str:
        """Its name on the broker."""
        return f"{self.prefix}events.page_view.v1"


class Side:
    """Something that reads a stock and stores it."""

    name: str

    def running(
        self, stock: Stock, rows: int, store: Store, group: str
    ) -> AbstractContextManager[subprocess.Popen[str]]:
        """The process at work; it reads the stock from its beginning."""
        raise NotImplementedError

    def settled(self, stock: Stock, group: str) -> None:
        """Return when it has also written what it keeps beside the rows; fail if that does not add up."""


class Ours(Side):
    """`run_consumer clickhouse-writer`, with ledger, deduplication, metrics and heartbeat on."""

    name = names.OURS

    @contextmanager
    def running(self, stock: Stock, rows: int, store: Store, group: str) -> Iterator[subprocess.Popen[str]]:
        """The worker's process."""
        environment = {
            "KAFKA_TOPIC_PREFIX": stock.prefix,
            "KAFKA_GROUP_PREFIX": group,
            "CLICKHOUSE_URL": store.url,
            **_room(stock, rows),
            "HEIMDALL_METRICS_PORT": os.environ["HEIMDALL_METRICS_PORT"],
        }
        with running(sys.executable, "manage.py", "run_consumer", WRITER, **environment) as process:
            yield process

    def settled(self, stock: Stock, group: str) -> None:
        """The ledger says of each record that it is stored."""
        until(lambda: _in_ledger(f"{group}{WRITER}") == {"stored": stock.count}, 30, every=0.1)


def _room(stock: Stock, rows: int) -> dict[str, str]:
    """The defaults of the writer, and as much more as so many rows of that size need."""
    megabytes = max(8.0, 1.2e-6 * rows * stock.size)
    return {
        "WRITER_BATCH_ROWS": str(rows),
        "WRITER_BATCH_MEGABYTES": str(megabytes),
        "WRITER_MAX_BUFFER": str(max(40_000, 4 * rows)),
        "WRITER_MAX_BUFFER_MEGABYTES": str(max(32.0, 3 * megabytes)),
    }


def _in_ledger(group: str) -> dict[str, int]:
    with connection.cursor() as sql:
        sql.execute(
            'SELECT outcome, sum(count)::bigint FROM streams_ledgerentry WHERE "group" = %s GROUP BY 1',
            [group],
        )
        return dict(sql.fetchall())


class Peer(Side):
    """A program of `benchmarks.peers`, in our environment or in that of peers; it complains into a log."""

    def __init__(self, name: str, module: str, python: Path | str, *more: str) -> None:
        self.name, self._more = name, more
        self._command = [str(python), "-m", f"benchmarks.peers.{module}"]

    @contextmanager
    def running(self, stock: Stock, rows: int, store: Store, group: str) -> Iterator[subprocess.Popen[str]]:
        """The program's process."""
        brokers = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
        arguments = (brokers, stock.topic, f"{group}peer", store.url, str(rows), *self._more)
        with (
            (ROOT / ".local/bench-peers.log").open("a") as log,
            running(*self._command, *arguments, quiet=log.fileno(), PYTHONPATH=str(ROOT)) as process,
        ):
            yield process


BARE = Peer(names.CEILING, "bare_writer", sys.executable)
PLACED = Peer(names.PLACED, "bare_writer", sys.executable, "placed")
ROW_LOOP = Peer(names.ROW_LOOP, "bare_writer", sys.executable)
QUIX = Peer(names.QUIX, "quix_writer", PEERS / "python")
