"""Members of a worker's group that join, hold partitions for a moment without reading them, and leave."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from confluent_kafka import Consumer, TopicPartition

from heimdall_project.streams import topics

from .world import TOPIC, World


@dataclass
class Guests:
    """What the guests saw."""

    visits: int = 0
    stays: list[tuple[int, float, float]] = field(default_factory=list)
    """Partition, and the times between which a guest owned it (seconds since the epoch)."""


@contextmanager
def guests(world: World, worker: str, *, stay: float = 0.3, topic: str = TOPIC) -> Iterator[Guests]:
    """One guest after the other, for as long as the block runs."""
    seen, stop = Guests(), Event()
    thread = Thread(target=_come_and_go, args=(world, worker, topic, stay, seen, stop))
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def _come_and_go(world: World, worker: str, topic: str, stay: float, seen: Guests, stop: Event) -> None:
    while not stop.is_set():
        owned: dict[int, float] = {}

        def given(client: Consumer, places: list[TopicPartition], owned: dict[int, float] = owned) -> None:
            client.incremental_assign([TopicPartition(p.topic, p.partition, 2**40) for p in places])
            client.pause(places)
            owned.update(dict.fromkeys([place.partition for place in places], time.time()))

        def taken(client: Consumer, places: list[TopicPartition], owned: dict[int, float] = owned) -> None:
            for place in places:
                seen.stays.append((place.partition, owned.pop(place.partition), time.time()))
            client.incremental_unassign(places)

        guest = Consumer(
            {
                "bootstrap.servers": world.bootstrap,
                "group.id": world.group(worker),
                "enable.auto.commit": False,
                "auto.offset.reset": "latest",
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": 6000,
                "heartbeat.interval.ms": 300,
                "log_level": 2,
            }
        )
        guest.subscribe([topics.physical(topic)], on_assign=given, on_revoke=taken)
        while not owned and not stop.is_set():
            guest.poll(0.05)
        leaves = time.monotonic() + stay
        while time.monotonic() < leaves:
            guest.poll(0.05)
        guest.close()
        seen.visits += 1
