"""Consumers of every shape. A record says itself what its handler is to do; `PROBE_PAUSE` makes all slow.

They speak with the test through two tables (`tests/faults/world.py` makes them): `probe_stored`, the effect,
idempotent by id, and `probe_call`, one row for each call that came to its end, in order.
"""

import os
from pathlib import Path
from threading import Event, get_ident
from typing import ClassVar

import msgspec
from django.db import connection, transaction

from heimdall_project.errors import InvalidMessage, TransientError
from heimdall_project.streams.books import database
from heimdall_project.streams.consumer import (
    Batch,
    BatchConsumer,
    BatchPolicy,
    ConcurrentConsumer,
    Delivery,
    RecordConsumer,
)
from heimdall_project.streams.records import Record
from heimdall_project.streams.registry import register
from heimdall_project.streams.retry import RetryPolicy
from heimdall_project.streams.topics import Topic

_STORE = "INSERT INTO probe_stored (worker, id) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_CALL = """
INSERT INTO probe_call (worker, pid, id, partition, "offset", redrive_id) VALUES (%s, %s, %s, %s, %s, %s)
"""
PAUSE = float(os.environ.get("PROBE_PAUSE", "0"))
"""Seconds that handling one record (or batch) takes."""
BUDGET = float(os.environ.get("PROBE_BUDGET", "60"))


class Note(msgspec.Struct):
    """The event: an identity, and what its handler is to do."""

    id: str
    do: str = ""
    """`poison`, `bug`, `hang`, `hold` (until the file `go`), `down` (until the file `up`); else store."""


def obey(note: Note) -> None:
    """Do what the record says."""
    if note.do == "poison":
        raise InvalidMessage("made to be refused")
    if note.do == "bug":
        raise RuntimeError("made to fail")
    if note.do == "down" and not found("up"):
        raise TransientError("probe", "not there")
    if note.do == "hang":
        Event().wait()
    while note.do == "hold" and not found("go"):
        leave(f"holding-{note.id}")
        Event().wait(0.02)
    Event().wait(PAUSE)


def found(name: str) -> bool:
    """Whether the test left a file."""
    return (Path(os.environ["PROBES"]) / name).exists()


def leave(name: str) -> None:
    """Leave a file for the test; it holds our process id."""
    place = Path(os.environ["PROBES"]) / name
    new = place.with_suffix(f".{get_ident()}")  # threads may leave the same one at once
    new.write_text(str(os.getpid()))
    new.rename(place)


def store(worker: str, done: list[tuple[Record, Note, str]]) -> None:
    """The effect of handling records, and that it happened."""
    rows = [(worker, os.getpid(), n.id, r.partition, r.offset, redrive_id) for r, n, redrive_id in done]
    with database(), transaction.atomic(), connection.cursor() as sql:
        sql.execute("SET LOCAL synchronous_commit TO off")  # no test cuts the power
        sql.executemany(_STORE, [(worker, note.id) for _, note, _ in done])
        sql.executemany(_CALL, rows)


class OneByOne(RecordConsumer[Note]):
    """Stores each note. Idempotent by id."""

    event = Note
    topic = Topic.ANALYSIS_REQUEST
    retry = RetryPolicy(attempts=3, base=0.02, ceiling=0.1)
    handler_budget: ClassVar[float] = BUDGET

    def handle(self, delivery: Delivery[Note]) -> None:
        """Do what the record says, then store it."""
        obey(delivery.event)
        redrive_id = delivery.redrive.redrive_id if delivery.redrive else ""
        store(self.name, [(delivery.record, delivery.event, redrive_id)])


@register
class Record1(OneByOne):
    """Stores notes one by one. Idempotent by id."""

    name = "probe-record"


@register
class Record2(OneByOne):
    """Stores notes one by one, as a group of its own. Idempotent by id."""

    name = "probe-other"


@register
class Crowd(ConcurrentConsumer[Note]):
    """Stores notes, several at once. Idempotent by id."""

    name, topic, event = "probe-crowd", Topic.ANALYSIS_REQUEST, Note
    handler_budget: ClassVar[float] = BUDGET

    def handle(self, delivery: Delivery[Note]) -> None:
        """Do what the record says, then store it."""
        obey(delivery.event)
        store(self.name, [(delivery.record, delivery.event, "")])


@register
class Lots(BatchConsumer[Note]):
    """Stores notes by the batch. Idempotent by id."""

    name, topic, event = "probe-batch", Topic.ANALYSIS_REQUEST, Note
    batch = BatchPolicy(records=200, seconds=0.2)
    handler_budget: ClassVar[float] = BUDGET

    def handle(self, batch: Batch[Note]) -> None:
        """Do what the first record says, then store all."""
        obey(batch.events[0])
        store(self.name, [(r, n, "") for r, n in zip(batch.records, batch.events, strict=True)])


@register
class Stuck(RecordConsumer[Record]):
    """Needs a dependency that is not there. Idempotent: it does nothing."""

    name, topic = "probe-stuck", Topic.PAGE_VIEWS

    def handle(self, delivery: Delivery[Record]) -> None:
        """Need the dependency."""
        if not found("up"):
            raise TransientError("probe", "not there")
