"""quixstreams with the same insert: its JSON deserializer, its checkpoint, one insert a flush.

    python -m benchmarks.peers.quix_writer BROKERS TOPIC GROUP CLICKHOUSE_URL ROWS

Each checkpoint is one insert of the rows of all partitions, as many as the others insert at once.
"""

import sys
from typing import Any

import orjson
from quixstreams import Application
from quixstreams.sinks.base import BaseSink

from benchmarks.peers.clickhouse_http import ClickHouse


class PageViews(BaseSink):
    """Rows since the last checkpoint."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._server = ClickHouse(url)
        self._lines: list[bytes] = []

    def add(self, value: Any, **_: Any) -> None:
        """One row."""
        self._lines.append(orjson.dumps(value))

    def flush(self) -> None:
        """Insert what came; offsets are committed after this."""
        if self._lines:
            self._server.insert_page_views(self._lines)
            self._lines = []


def main(brokers: str, topic: str, group: str, url: str, rows: int) -> None:
    """Until SIGTERM."""
    app = Application(
        broker_address=brokers,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_every=rows,
        commit_interval=1.0,
        loglevel="WARNING",
        consumer_extra_config={
            "queued.min.messages": 2 * rows,
            "queued.max.messages.kbytes": 65536,
            "fetch.queue.backoff.ms": 20,
            "fetch.wait.max.ms": 100,
        },
    )
    app.dataframe(app.topic(topic, value_deserializer="json")).sink(PageViews(url))
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:5], int(sys.argv[5]))
