"""Workers for the state machine: three shapes whose handlers ask the world how they fare."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, Protocol

import msgspec

from heimdall_project.errors import InvalidMessage, TransientError
from heimdall_project.streams.consumer import (
    Batch,
    BatchConsumer,
    BatchPolicy,
    ConcurrentConsumer,
    Delivery,
    End,
    KafkaConsumer,
    RecordConsumer,
    Redrive,
)
from heimdall_project.streams.outcomes import STORED, Verdict
from heimdall_project.streams.records import Record
from heimdall_project.streams.retry import RetryPolicy

TOPIC = "analysis.request"
RETRY = RetryPolicy(attempts=3, base=0.05, ceiling=0.1)


class Note(msgspec.Struct):
    """The event: an identity, and how its handler fares with it."""

    n: int
    kind: str


class Handles(Protocol):
    """Who decides how a record fares."""

    def handle(self, record: Record, note: Note, again: Redrive | None) -> Verdict | None: ...

    def handle_as_a_whole(self, batch: Batch[Note]) -> None: ...


class Threads(ThreadPoolExecutor):
    """Work that really runs beside the loop."""

    def __init__(self, width: int = 3) -> None:
        super().__init__(width)
        self._futures: set[Future[Any]] = set()
        self.at_work = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(fn, *args, **kwargs)
        self._futures.add(future)
        return future

    def run_one(self, index: int = 0) -> bool:
        """It runs anyway."""
        return False

    def run_all(self) -> None:
        """Wait for all of it."""
        wait(self._futures)
        self._futures.clear()


class Pool(Executor):
    """Work that waits until it is let run."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self.at_work = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, partial(fn, *args, **kwargs)))
        return future

    def run_one(self, index: int = 0) -> bool:
        """Run one piece of work; False if there is none."""
        if not self.waiting:
            return False
        self.waiting.rotate(-(index % len(self.waiting)))
        future, work = self.waiting.popleft()
        self.at_work += 1
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)
        finally:
            self.at_work -= 1
        return True

    def run_all(self) -> None:
        while self.run_one():
            pass


class _Model:
    """What the three shapes have in common."""

    world: Handles


class OneByOne(_Model, RecordConsumer[Note]):
    """Idempotent by n."""

    name, topic, event, chunk, retry = "model", TOPIC, Note, 3, RETRY

    def handle(self, delivery: Delivery[Note]) -> Verdict | None:
        return self.world.handle(delivery.record, delivery.event, delivery.redrive)


class SeveralAtOnce(_Model, ConcurrentConsumer[Note]):
    """Idempotent by n."""

    name, topic, event, concurrency, unfinished, retry = "model", TOPIC, Note, 3, 6, RETRY

    def urgency(self, record: Record) -> int:
        return record.offset % 3

    def handle(self, delivery: Delivery[Note]) -> Verdict | None:
        return self.world.handle(delivery.record, delivery.event, delivery.redrive)


class Together(SeveralAtOnce):
    """Idempotent by n. Several in one call: two at a time at most, the others are left; a bug fails all."""

    most = 4

    def handle_many(self, deliveries: Sequence[Delivery[Note]], go_on: Callable[[], bool]) -> list[End]:
        ends: list[End] = []
        for delivery in deliveries:
            if len(ends) == 2 or (ends and not go_on()):
                break
            try:
                ends.append(self.handle(delivery) or STORED)
            except (InvalidMessage, TransientError) as error:
                ends.append(error)
        return ends + [None] * (len(deliveries) - len(ends))


class Batches(_Model, BatchConsumer[Note]):
    """Idempotent by n. Poison is rejected one by one, a bug fails the whole batch."""

    name, topic, event, parallel, retry = "model", TOPIC, Note, 2, RETRY
    batch = BatchPolicy(records=4, seconds=0.3)

    def handle(self, batch: Batch[Note]) -> None:
        for record, note in zip(batch.records, batch.events, strict=True):
            try:
                verdict = self.world.handle(record, note, batch.redrives.get(record.offset))
            except InvalidMessage as error:
                batch.reject(record, error)
            else:
                if verdict:
                    batch.settle(record, verdict)


class AtomicBatches(Batches):
    """Idempotent by n. As `Batches`, but what fails the whole batch does so before anything is changed."""

    is_atomic = True

    def handle(self, batch: Batch[Note]) -> None:
        self.world.handle_as_a_whole(batch)


SHAPES: list[type[KafkaConsumer]] = [OneByOne, SeveralAtOnce, Together, Batches, AtomicBatches]
