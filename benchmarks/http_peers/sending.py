"""One idempotent confluent producer a process for the Django sides, with the client settings of ours."""

import os
from collections.abc import Iterable
from threading import Event, Thread

from confluent_kafka import Producer

TOPIC = os.environ["BENCH_TOPIC"]
_client: Producer | None = None


def client() -> Producer:
    """Built by the first request."""
    global _client
    if _client is None:
        _client = Producer(
            {
                "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 1,
                "compression.type": os.environ["KAFKA_COMPRESSION"],
                "partitioner": "murmur2_random",
            }
        )
        Thread(target=_serve, args=(_client,), daemon=True).start()
    return _client


def _serve(made: Producer) -> None:
    while True:
        made.poll(0.2)


def send(pairs: Iterable[tuple[str, bytes]], number: int) -> bool:
    """Whether all were acknowledged within 10 s. Callbacks run in one thread, so counting needs no lock."""
    failures: list[object] = []
    left, done = [number], Event()

    def landed(error: object, _: object) -> None:
        if error is not None:
            failures.append(error)
        left[0] -= 1
        if not left[0]:
            done.set()

    produce = client().produce
    for key, value in pairs:
        produce(TOPIC, value, key, on_delivery=landed)
    return done.wait(10) and not failures
