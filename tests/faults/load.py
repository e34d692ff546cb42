"""Records that keep coming while something goes wrong."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from confluent_kafka import Producer

from heimdall_project.streams import topics

from .world import TOPIC, World


class Load:
    """What was published, and acknowledged by the broker."""

    def __init__(self) -> None:
        self.acked: list[str] = []
        self.refused: list[str] = []

    def answered(self, name: str, error: object) -> None:
        """The broker's answer."""
        (self.refused if error else self.acked).append(name)


def note(name: str) -> bytes:
    """What the probe consumers take."""
    return b'{"id":"%s"}' % name.encode()


@contextmanager
def load(
    world: World, *, a_second: int = 150, topic: str = TOPIC, value: Callable[[str], bytes] = note
) -> Iterator[Load]:
    """Publish records over all partitions for as long as the block runs; all are answered at its end."""
    told, stop = Load(), Event()
    thread = Thread(target=_publish, args=(world, told, stop, a_second, topic, value))
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()


def _publish(
    world: World, told: Load, stop: Event, a_second: int, topic: str, value: Callable[[str], bytes]
) -> None:
    producer = Producer(
        {
            "bootstrap.servers": world.bootstrap,
            "linger.ms": 5,
            "acks": "all",
            "enable.idempotence": True,
            "message.timeout.ms": 60_000,
            "reconnect.backoff.max.ms": 500,
        }
    )
    number, begun = 0, time.monotonic()
    while not stop.is_set():
        for _ in range(10):
            name = f"load-{number}"
            number += 1
            producer.produce(
                topics.physical(topic),
                value(name),
                key=name,
                on_delivery=lambda error, _, name=name: told.answered(name, error),
            )
        producer.poll(0)
        stop.wait(max(0.0, begun + number / a_second - time.monotonic()))
    assert producer.flush(60) == 0
