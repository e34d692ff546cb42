"""Writers, readers and relays for the tests of the outbox."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic, sleep

import confluent_kafka
from django.conf import settings
from django.db import connection, transaction

from heimdall_project.streams import broker, outbox, topics
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.models import OutboxMessage, RelayLease
from heimdall_project.streams.outbox_store import OutboxStore, Waiting
from heimdall_project.streams.ports import Producer, SystemClock
from heimdall_project.streams.records import Record
from heimdall_project.streams.relay import Relay, delivery_timeout
from heimdall_project.streams.relay_holds import Held
from heimdall_project.streams.topics import Topic

NOTHING_HELD = Held([], [])
GO_ON = Event()
SCHEMA = "test/1"
PATIENCE = 60.0
"""Seconds after which a test gives up; nothing is measured by it."""


def write(*names: str, key: str = "a", topic: str = Topic.ANALYSIS_REQUEST) -> None:
    """Commit events, each in a transaction of its own; the name is event id and value."""
    for name in names:
        with transaction.atomic():
            outbox.publish(topic=topic, key=key, event=name.encode(), schema=SCHEMA, event_id=name)


def unsent() -> list[str]:
    """Event ids of rows that are not marked, in order."""
    return list(OutboxMessage.objects.filter(sent_at=None).order_by("id").values_list("event_id", flat=True))


def waiting(**bounds: int) -> list[Waiting]:
    """What a relay would publish now."""
    return OutboxStore().waiting(**{"rows": 100, "most_bytes": 10**7, **bounds}, held=NOTHING_HELD).rows


def lease(holder: str = "me", duration: float = 60.0) -> Lease:
    """A holder's view of the relay's lease."""
    return Lease("outbox", duration=duration, clock=SystemClock(), holder=holder)


def expire_lease() -> None:
    """Let the lease end now, by the database's clock."""
    with connection.cursor() as sql:
        sql.execute("UPDATE streams_relaylease SET expires_at = clock_timestamp() - interval '1 second'")


def holder() -> str:
    """Who has the lease by its row."""
    return RelayLease.objects.get().holder


def relay(*, producer: Producer | None = None, batch: int = 100, duration: float = 3.0) -> Relay:
    """A relay on the real database and, unless told otherwise, the real broker."""
    return Relay(
        store=OutboxStore(),
        lease=Lease("outbox", duration=duration, clock=SystemClock()),
        producer=producer or broker.producer(delivery_timeout=delivery_timeout(duration), gapless=True),
        clock=SystemClock(),
        batch=batch,
        retention=3600.0,
    )


def until(condition: Callable[[], bool], *, doing: Callable[[], object] = lambda: sleep(0.02)) -> None:
    """Wait, or do something again and again, until a condition holds."""
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline, f"it did not come to that within {PATIENCE:.0f} s"
        doing()


@contextmanager
def beside(act: Callable[[], object]) -> Iterator[Thread]:
    """Run `act` in a thread with a database connection of its own; its failure fails the test."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    if failures:
        raise failures[0]


@contextmanager
def open_transaction(act: Callable[[], object]) -> Iterator[Event]:
    """A transaction on another connection: `act` is done, not committed; it commits when the event is set."""
    acted, commit = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            act()
            acted.set()
            commit.wait(PATIENCE)

    with beside(hold):
        try:
            assert acted.wait(PATIENCE)
            yield commit
        finally:
            commit.set()


def lock_waiters() -> int:
    """Sessions of this database that wait for a lock."""
    with connection.cursor() as sql:
        sql.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(sql.fetchone()[0])


def read(topic: str = Topic.ANALYSIS_REQUEST) -> list[Record]:
    """Every record of a topic, in order of each partition: all below the end that the broker names."""
    client = confluent_kafka.Consumer(
        {
            "bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS,
            "group.id": "reader",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
        }
    )
    places = [
        confluent_kafka.TopicPartition(topics.physical(topic), number, 0)
        for number in range(topics.spec(topic).partitions)
    ]
    ends = {place.partition: client.get_watermark_offsets(place, timeout=10.0)[1] for place in places}
    client.assign(places)
    records: list[Record] = []
    while len(records) < sum(ends.values()):
        message = client.poll(10.0)
        assert message is not None, f"of {ends} the broker gave only {_ends(records)}"
        assert message.error() is None, message.error()
        records.append(
            Record(
                topic,
                message.partition(),
                message.offset(),
                message.timestamp()[1],
                message.key(),
                message.value(),
                message.headers(),
            )
        )
    client.close()
    return sorted(records, key=lambda record: (record.partition, record.offset))


def _ends(records: list[Record]) -> dict[int, int]:
    return {record.partition: record.offset + 1 for record in records}


def values(topic: str = Topic.ANALYSIS_REQUEST, *, key: str | None = None) -> list[str]:
    """Values of a topic as text, of one key if it is given."""
    return [
        (record.value or b"").decode() for record in read(topic) if key is None or record.key == key.encode()
    ]


def first_occurrences(names: list[str]) -> list[str]:
    """Without what was there before."""
    return list(dict.fromkeys(names))
