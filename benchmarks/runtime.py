"""What the runtime costs: a `noop` consumer through the whole runtime beside a bare `consume(500)` loop.

    python -m benchmarks.runtime [--records 2000000] [--rounds 3]

All read the same topic (200-byte values, 6 partitions), turn by turn in one run; the best round of each
counts. The bare loop stands there twice: with the client's defaults, and with the settings the runtime uses.
The runtime keeps its ledger in PostgreSQL and commits; the bare loops drop what they read.
Prints a ratio and CPU-seconds per million records, never a bare time.
"""

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heimdall_project.settings")
os.environ.setdefault("DEBUG", "true")
os.environ["KAFKA_TOPIC_PREFIX"] = f"bench-{uuid4().hex[:6]}."

import django

django.setup()

from confluent_kafka import Consumer as Client  # noqa: E402 - the peer is the bare client
from confluent_kafka import Producer as ProducerClient  # noqa: E402
from django.conf import settings  # noqa: E402

from heimdall_project.streams import broker, topics  # noqa: E402
from heimdall_project.streams.books import DjangoBooks  # noqa: E402
from heimdall_project.streams.consumer import Batch, BatchConsumer, BatchPolicy  # noqa: E402
from heimdall_project.streams.member import Member  # noqa: E402
from heimdall_project.streams.ports import SystemClock  # noqa: E402
from heimdall_project.streams.shape import Shape  # noqa: E402

TOPIC = topics.Topic.PAGE_VIEWS
VALUE = b"x" * 200


class Noop(BatchConsumer[bytes]):
    """Does nothing with what it is given. Idempotent: there is nothing to repeat."""

    name, topic = "noop", TOPIC
    batch = BatchPolicy(records=10_000, seconds=0.2)

    def __init__(self) -> None:
        self.seen = 0

    def handle(self, batch: Batch[bytes]) -> None:
        self.seen += len(batch)


def fill(records: int) -> None:
    """Put `records` values into the topic."""
    broker.admin().create([topics.spec(TOPIC)])
    client = ProducerClient(
        {"bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS, "linger.ms": 50, "compression.type": "lz4"}
    )
    for index in range(records):
        while True:
            try:
                client.produce(topics.physical(TOPIC), VALUE, key=b"%d" % (index % 1000))
                break
            except BufferError:
                client.poll(0.1)
    client.flush()


def bare(records: int, **more: object) -> tuple[float, float]:
    """Seconds and CPU-seconds of a `consume(500)` loop that drops what it reads."""
    client = Client(
        {
            "bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS,
            "group.id": f"bare-{uuid4().hex}",
            "enable.auto.commit": False,
            **more,
            "auto.offset.reset": "earliest",
        }
    )
    client.subscribe([topics.physical(TOPIC)])
    seen = len(client.consume(1, 30))
    begun, cpu = time.perf_counter(), time.process_time()
    while seen < records:
        seen += len(client.consume(500, 0.1))
    result = time.perf_counter() - begun, time.process_time() - cpu
    client.close()
    return result


def tuned(records: int) -> tuple[float, float]:
    """The bare loop with the runtime's client settings."""
    prefetch = Shape.of(Noop()).prefetch
    return bare(records, **broker.consumer_config(f"bare-{uuid4().hex}", prefetch=prefetch))


def runtime(records: int) -> tuple[float, float]:
    """The same through the whole runtime: inbox, hand-over, ledger, commit."""
    settings.KAFKA_GROUP_PREFIX = f"noop-{uuid4().hex}."
    consumer = Noop()
    member = Member(
        consumer,
        broker=broker.ConfluentConsumer(consumer.group(), prefetch=Shape.of(consumer).prefetch),
        producer=broker.producer(),
        books=DjangoBooks(),
        clock=SystemClock(),
        hands=ThreadPoolExecutor(1),
        aside=ThreadPoolExecutor(1),
    )
    member.start()
    while not member.taken:
        member.turn(0.1)
    begun, cpu = time.perf_counter(), time.process_time()
    while consumer.seen < records:
        member.turn(0.1)
    result = time.perf_counter() - begun, time.process_time() - cpu
    member.drain()
    return result


def main() -> None:
    """Fill, measure in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    fill(options.records)
    sides = {
        "bare consume(500)": bare,
        "bare, our client settings": tuned,
        "noop through the runtime": runtime,
    }
    rounds = [[measure(options.records) for measure in sides.values()] for _ in range(options.rounds)]
    broker.admin().delete([TOPIC])
    best = dict(zip(sides, (min(side) for side in zip(*rounds, strict=True)), strict=True))
    million = options.records / 1e6
    ours = best["noop through the runtime"][0]
    print(f"{'':28}{'records/s':>12}{'CPU-s per million':>20}{'runtime / this':>18}")
    for name, (seconds, cpu) in best.items():
        print(f"{name:28}{options.records / seconds:12,.0f}{cpu / million:20.2f}{seconds / ours:18.2f}")
    print("aim: 0.60 of the bare loop")


if __name__ == "__main__":
    main()
