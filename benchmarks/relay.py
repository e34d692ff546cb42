"""What the relay does: draining the outbox beside a relay that takes one row a transaction.

    python -m benchmarks.relay [--rows 20000] [--rounds 3] [--profile]

Both publish 500-byte events of 100 keys with the same client, acknowledged by all, on a database of their
own, turn by turn in one run; the best round of each counts. The peer does what many outboxes do: lock the
oldest row, publish it, wait for the broker, mark it, commit. It gets a twentieth of the rows: it is slow.
"""

import argparse
import cProfile
import os
import pstats
import time
from collections.abc import Callable
from threading import Event
from typing import NamedTuple
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heimdall_project.settings")
os.environ.setdefault("DEBUG", "true")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ["KAFKA_TOPIC_PREFIX"] = f"bench-{uuid4().hex[:6]}."

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from heimdall_project.streams import broker, outbox, topics  # noqa: E402
from heimdall_project.streams.lease import Lease  # noqa: E402
from heimdall_project.streams.models import OutboxMessage  # noqa: E402
from heimdall_project.streams.outbox import NewEvent  # noqa: E402
from heimdall_project.streams.outbox_store import OutboxStore  # noqa: E402
from heimdall_project.streams.ports import SystemClock  # noqa: E402
from heimdall_project.streams.records import Delivered, Outgoing, text_headers  # noqa: E402
from heimdall_project.streams.relay import Relay, delivery_timeout  # noqa: E402

TOPIC = topics.Topic.CATALOG_UPSERTS
VALUE = b"x" * 500
LEASE = 15.0
GO_ON = Event()


class Cost(NamedTuple):
    """What draining so many events took; CPU of this process, the client's threads included."""

    events: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    def __str__(self) -> str:
        return f"{self.rate:>9,.0f} events/s  {1000 * self.cpu / self.events:.3f} CPU-s per 1,000 events"


def fill(rows: int) -> None:
    """Write events through the outbox's front door, after emptying it."""
    with connection.cursor() as sql:
        sql.execute("TRUNCATE streams_outboxmessage")
    with transaction.atomic():
        outbox.publish_many(
            [NewEvent(topic=TOPIC, key=str(n % 100), event=VALUE, schema="bench/1") for n in range(rows)]
        )
    with connection.cursor() as sql:
        sql.execute("VACUUM ANALYZE streams_outboxmessage")


def batched(rows: int) -> None:
    """The relay as it runs."""
    clock = SystemClock()
    relay = Relay(
        store=OutboxStore(),
        lease=Lease("outbox", duration=LEASE, clock=clock),
        producer=broker.producer(delivery_timeout=delivery_timeout(LEASE), gapless=True),
        clock=clock,
        batch=settings.OUTBOX_BATCH,
        retention=settings.OUTBOX_RETENTION,
    )
    while relay.step(GO_ON):
        pass
    relay.close()


def one_by_one(rows: int) -> None:
    """The peer: a transaction a row."""
    producer = broker.producer(delivery_timeout=delivery_timeout(LEASE))
    for _ in range(rows):
        with transaction.atomic():
            unsent = OutboxMessage.objects.select_for_update(skip_locked=True).filter(sent_at=None)
            row = unsent.order_by("id")[0]
            [place] = producer.publish(
                [Outgoing(row.topic, bytes(row.value), bytes(row.key), text_headers(row.headers))]
            )
            assert isinstance(place, Delivered), place
            row.sent_at, row.partition, row.offset = timezone.now(), place.partition, place.offset
            row.save(update_fields=["sent_at", "partition", "offset"])


def cost(drain: Callable[[int], None], rows: int) -> Cost:
    """Fill, drain, and make sure that all is gone."""
    fill(rows)
    begun, cpu = time.perf_counter(), time.process_time()
    drain(rows)
    spent = Cost(rows, time.perf_counter() - begun, time.process_time() - cpu)
    assert not OutboxMessage.objects.filter(sent_at=None).exists()
    return spent


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="Show where the relay spends its time.")
    chosen = parser.parse_args()
    settings.DEBUG = False  # or every query would be remembered
    connection.settings_dict["TEST"]["NAME"] = "bench_relay"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    broker.admin().create([topics.spec(TOPIC)])
    try:
        if chosen.profile:
            profile(chosen.rows)
            return
        compare(chosen.rows, chosen.rounds)
    finally:
        broker.admin().delete([TOPIC])
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)


def compare(rows: int, rounds: int) -> None:
    """Both, turn by turn."""
    pairs = [(cost(batched, rows), cost(one_by_one, rows // 20)) for _ in range(rounds)]
    relay, peer = (max(column, key=lambda each: each.rate) for column in zip(*pairs, strict=True))
    print(f"relay, batches of {settings.OUTBOX_BATCH}:     {relay}")
    print(f"one row a transaction:      {peer}")
    saved = (peer.cpu / peer.events) / (relay.cpu / relay.events)
    print(
        f"the relay is {relay.rate / peer.rate:.1f} x as fast, at 1/{saved:.0f} of the CPU-seconds an event"
    )


def profile(rows: int) -> None:
    """Where the time goes."""
    fill(rows)
    with cProfile.Profile() as profiler:
        batched(rows)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


if __name__ == "__main__":
    main()
