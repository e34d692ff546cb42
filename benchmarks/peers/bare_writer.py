"""Consume and insert the same bytes: no validation, no ledger.

    python -m benchmarks.peers.bare_writer BROKERS TOPIC GROUP CLICKHOUSE_URL ROWS [placed]

With 10,000 rows an insert this is the ceiling, with one row the loop that one would write first. `placed`
adds to each row where its record stands, so that the server has the same work as with ours: without it, all
rows of an insert fall together in the table of arrivals. Offsets are committed behind the insert, as with
ours.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterable
from threading import Event

from confluent_kafka import Consumer, Message

from benchmarks.peers.clickhouse_http import ClickHouse

AGE = 1.0
"""Seconds after which rows are inserted though they are few."""
stop = Event()
type Encode = Callable[[list[Message]], Iterable[bytes]]


def main(brokers: str, topic: str, group: str, url: str, rows: int, encode: Encode) -> None:
    """Until SIGTERM."""
    client = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "partition.assignment.strategy": "cooperative-sticky",
            "queued.min.messages": max(1000, 2 * rows),
            "queued.max.messages.kbytes": 65536,
            "fetch.queue.backoff.ms": 20,
            "fetch.wait.max.ms": 100,
            "fetch.message.max.bytes": 4 * 1024 * 1024,
        }
    )
    client.subscribe([topic])
    server, lines, since = ClickHouse(url), [], time.monotonic()
    while not stop.is_set():
        messages = client.consume(rows - len(lines), 0.19)
        if not lines:
            since = time.monotonic()
        lines.extend(encode(messages))
        if len(lines) >= rows or (lines and time.monotonic() - since >= AGE):
            server.insert_page_views(lines)
            client.commit(asynchronous=False)
            lines = []
    client.close()


def as_they_are(messages: list[Message]) -> Iterable[bytes]:
    """The bytes of the records."""
    return map(Message.value, messages)


def placed(messages: list[Message]) -> Iterable[bytes]:
    """The same with the columns that say where a record stands."""
    line = b'%s,"topic":"events.page_view.v1","partition":%d,"offset":%d,"accepted_ms":%d}'
    return [line % (m.value()[:-1], m.partition(), m.offset(), m.timestamp()[1]) for m in messages]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    main(*sys.argv[1:5], int(sys.argv[5]), placed if "placed" in sys.argv[6:] else as_they_are)
