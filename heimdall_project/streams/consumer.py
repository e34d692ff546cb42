"""The shapes a worker can have.

A product subclasses one of them in its `consumers.py`, sets class attributes and writes `handle()`;
`streams.registry.register` checks the declaration. Group names follow from worker names and cannot be
configured per process.

Who calls what: handlers run in a thread beside the poll loop, so they may block up to
`handler_budget` seconds. They raise `InvalidMessage` (dead letter at once), `TransientError` (the same
work is offered again, after a backoff, for as long as it takes) or anything else (bounded attempts on
that record, then a dead letter as `unexpected`). They must be idempotent: their docstring names the key.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event
from typing import Any, ClassVar, NamedTuple

from django.conf import settings

from ..errors import InvalidMessage
from .outcomes import STORED, Verdict
from .records import Partition, Record
from .retry import RetryPolicy


class Effects(StrEnum):
    """What handling a record twice would do; a redrive asks for this."""

    IDEMPOTENT = "idempotent"
    """Nothing changes the second time."""
    NEEDS_KEY = "needs_key"
    """Nothing changes as long as the receiver sees the same event id."""
    UNSAFE = "unsafe"
    """Something would happen twice: a redrive needs a second approval."""


class Redrive(NamedTuple):
    """Why a handler sees this record again."""

    redrive_id: str
    number: int
    """How often this record was sent again, this time included."""


class Delivery[T](NamedTuple):
    """One record for a handler: the record, its decoded event, and the redrive that brought it, if any."""

    record: Record
    event: T
    redrive: Redrive | None = None

    @property
    def is_redrive(self) -> bool:
        """Whether a person sent this record again."""
        return self.redrive is not None


@dataclass(frozen=True, kw_only=True)
class BatchPolicy:
    """When a batch of one partition is due: by records, megabytes, or age of its oldest record."""

    records: int = 1000
    megabytes: float = 8.0
    seconds: float = 1.0


@dataclass
class Batch[T]:
    """Records of one partition in order of offset, with their decoded events side by side.

    All records are stored unless the handler says otherwise with `reject` or `settle`.
    """

    place: Partition
    records: Sequence[Record]
    events: Sequence[T]
    redrives: dict[int, Redrive] = field(default_factory=dict)
    """Redrives by offset."""
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    rejected: dict[int, Exception] = field(default_factory=dict)
    traces: dict[int, str] = field(default_factory=dict)
    """`traceparent` of the spans of records that are recorded, by offset."""
    go_on: Callable[[], bool] = lambda: True
    """Whether there is time: False once the partition goes away or the worker stops."""
    left: frozenset[int] = frozenset()
    """Offsets of records that were not begun."""

    def __len__(self) -> int:
        return len(self.records)

    @property
    def first(self) -> int:
        """Offset of the first record."""
        return self.records[0].offset

    @property
    def last(self) -> int:
        """Offset of the last record."""
        return self.records[-1].offset

    def trace_of(self, record: Record) -> str:
        """`traceparent` that goes on from this record: that of its span, else of its header; "" for none."""
        return self.traces.get(record.offset) or record.header("traceparent") or ""

    def reject(self, record: Record, error: Exception) -> None:
        """Send one record to the dead letters, as if the handler had raised `error` for it alone."""
        self.rejected[record.offset] = error

    def settle(self, record: Record, verdict: Verdict) -> None:
        """Give one record another end than STORED (a duplicate, a drop under a rule)."""
        self.verdicts[record.offset] = verdict

    def leave_from(self, record: Record) -> None:
        """This record and all after it were not begun: offered again, once the others have their ends."""
        self.left = frozenset(each.offset for each in self.records if each.offset >= record.offset)


class Worker:
    """Anything that `run_consumer NAME` can start."""

    name: ClassVar[str]
    meaning: ClassVar[str] = ""
    """One line for `run_consumer --list`; by default the first line of the docstring."""


class _KafkaConsumer(Worker):
    topic: ClassVar[str | Sequence[str]]
    """Logical topic, or several. A callable class attribute is not needed: the registry resolves it late."""
    event: ClassVar[Any] = None
    """msgspec type of the value; None hands over the record undecoded (`event` is then the Record)."""
    effects: ClassVar[Effects] = Effects.IDEMPOTENT
    retry: ClassVar[RetryPolicy] = RetryPolicy()
    """For failures that are neither the record's nor a dependency's."""
    handler_budget: ClassVar[float] = 120.0
    """Seconds one call of `handle` may take before the watchdog ends the process."""
    keeps: ClassVar[bool] = False
    """True for the consumer that keeps the records of its topic: their ledger is that of its group."""

    @classmethod
    def group(cls) -> str:
        """The consumer group."""
        return f"{settings.KAFKA_GROUP_PREFIX}{cls.name}"

    @classmethod
    def topics(cls) -> list[str]:
        """Logical topics that it reads."""
        return [cls.topic] if isinstance(cls.topic, str) else list(cls.topic)

    def start(self) -> None:
        """Called once in the worker's process before the first record: build clients here."""

    def close(self) -> None:
        """Called once after the last record."""

    def explain(self, record: Record, error: InvalidMessage) -> InvalidMessage:
        """What a dead letter says of a record that could not be decoded; to say more than the decoder."""
        return error

    def kept(self, refused: Sequence[Record]) -> Collection[int]:
        """Of records that can not be decoded, the offsets of those that were stored nevertheless.

        A process of another version may have taken them, and died before they were counted: they count as
        stored and become no dead letters. Raises TransientError where that cannot be found out now.
        """
        return ()


class RecordConsumer[T](_KafkaConsumer):
    """One record at a time, in order of its partition."""

    chunk: ClassVar[int] = 100
    """Records handed over together; only an upper bound on what one hand-over costs."""

    def handle(self, delivery: Delivery[T]) -> Verdict | None:
        """Handle one record. None means STORED."""
        raise NotImplementedError


type End = Verdict | Exception | None
"""How one of several records ended: a verdict; what its handling raised; or None, if it was not begun."""


class ConcurrentConsumer[T](_KafkaConsumer):
    """Record by record, several at once, most urgent first among those in hand.

    Records of one partition may be handled out of order; offsets are committed by the contiguous
    finished prefix. One with `most` above 1 handles several together while that is quick (`pace`).
    """

    concurrency: int = 4
    unfinished: ClassVar[int] = 100
    """Bound on records taken in and not finished."""
    ageing: ClassVar[float] = 10.0
    """Seconds of waiting that are worth one step of urgency."""
    most: int = 1
    """Records handed over together at most. Above 1 only where `handle_many` is written, and where no call
    waits for somebody else's machine: what is handed over together waits for the slowest."""

    def urgency(self, record: Record) -> int:
        """How urgent a record is; higher goes first. Called in the poll loop: cheap, and must not raise."""
        return 0

    def handle(self, delivery: Delivery[T]) -> Verdict | None:
        """Handle one record. None means STORED."""
        raise NotImplementedError

    def handle_many(self, deliveries: Sequence[Delivery[T]], go_on: Callable[[], bool]) -> Sequence[End]:
        """Handle records together, of any partitions; answers the end of each, in their order.

        `go_on` is asked before each record but the first: where it answers False, time is up or a partition
        goes away, and those not begun end as None: they are offered again. What is raised here (and not
        answered as one record's end) stands for all of them: each is then handled alone.
        """
        raise NotImplementedError


class BatchConsumer[T](_KafkaConsumer):
    """Many records of one partition at once."""

    batch: BatchPolicy = BatchPolicy()
    parallel: int = 1
    """Batches of different partitions handled at the same time."""
    max_buffer: int | None = None
    """Bound on records taken in and not finished; by default enough to fill the next batches meanwhile."""
    max_buffer_bytes: int | None = None
    """Bound on their keys and values."""
    is_atomic: ClassVar[bool] = False
    """A batch that raises changed nothing: one insert, one transaction. Records that people sent again then
    need not be handled one by one, unless `effects` says that a second time would change something."""

    def handle(self, batch: Batch[T]) -> None:
        """Handle one batch; say `batch.reject` or `batch.settle` for records that end otherwise."""
        raise NotImplementedError


type KafkaConsumer = RecordConsumer[Any] | ConcurrentConsumer[Any] | BatchConsumer[Any]


class Loop(Worker):
    """A worker that reads no topic: the relay, the sweeper, the generator."""

    interval: float = 1.0
    """Seconds to wait after a step that found nothing to do."""
    step_budget: ClassVar[float] = 120.0
    """Seconds one step may take before the watchdog ends the process."""

    def start(self) -> None:
        """Called once in the worker's process before the first step."""

    def step(self, stop: Event) -> bool:
        """Do one unit of work; True means go again at once. Raise TransientError to back off."""
        raise NotImplementedError

    def close(self) -> None:
        """Called once after the last step."""


__all__ = [
    "STORED",
    "Batch",
    "BatchConsumer",
    "BatchPolicy",
    "ConcurrentConsumer",
    "Delivery",
    "Effects",
    "End",
    "KafkaConsumer",
    "Loop",
    "RecordConsumer",
    "Redrive",
    "Worker",
]
