"""Consumers for tests of the runtime; they keep what they were given."""

from collections.abc import Callable
from typing import Any

import msgspec

from heimdall_project.streams.consumer import (
    Batch,
    BatchConsumer,
    BatchPolicy,
    ConcurrentConsumer,
    Delivery,
    RecordConsumer,
)
from heimdall_project.streams.outcomes import Verdict
from heimdall_project.streams.retry import RetryPolicy

TOPIC = "analysis.request"


class Note(msgspec.Struct):
    """The event of these tests."""

    n: int


class Keeper(RecordConsumer[Note]):
    """Keeps each n. Idempotent by n."""

    name, topic, event = "keeper", TOPIC, Note
    retry = RetryPolicy(attempts=3, base=0.1, ceiling=1.0)

    def __init__(self, act: Callable[[Delivery[Note]], Verdict | None] = lambda _: None) -> None:
        self.act = act
        self.seen: list[int] = []
        self.offsets: list[tuple[str, int, int]] = []

    def handle(self, delivery: Delivery[Note]) -> Verdict | None:
        verdict = self.act(delivery)
        self.seen.append(delivery.event.n)
        self.offsets.append((delivery.record.topic, delivery.record.partition, delivery.record.offset))
        return verdict


class Crowd(ConcurrentConsumer[Note]):
    """Keeps each n, several at once. Idempotent by n."""

    name, topic, event = "crowd", TOPIC, Note
    concurrency = 2

    def __init__(self) -> None:
        self.seen: list[int] = []

    def urgency(self, record: Any) -> int:
        return 3 if b"9" in (record.value or b"") else 0

    def handle(self, delivery: Delivery[Note]) -> None:
        self.seen.append(delivery.event.n)


class Lots(BatchConsumer[Note]):
    """Keeps batches. Idempotent by n."""

    name, topic, event = "lots", TOPIC, Note
    batch = BatchPolicy(records=10, seconds=0.5)
    retry = RetryPolicy(attempts=2, base=0.1, ceiling=1.0)

    def __init__(self, act: Callable[[Batch[Note]], None] = lambda _: None) -> None:
        self.act = act
        self.seen: list[int] = []
        self.sizes: list[int] = []

    def handle(self, batch: Batch[Note]) -> None:
        self.act(batch)
        self.seen.extend(note.n for note in batch.events)
        self.sizes.append(len(batch))


def fill(broker: Any, *numbers: int, partition: int = 0, topic: str = TOPIC) -> None:
    """Produce one note a number."""
    for n in numbers:
        broker.produce(topic, b'{"n":%d}' % n, partition=partition)
