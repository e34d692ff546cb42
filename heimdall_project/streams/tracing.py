"""Kafka records in their traces: a span for each publication and for each time a record is handled.

A record names its trace in the header `traceparent`, which an outbox row got when it was written. The relay
does not change it: its span stands beside those of the consumers, below the span that wrote the row. So a
record that is published twice, or whose relay is killed, leaves nothing without a parent.
"""

import time
from collections.abc import Sequence
from types import TracebackType

from ..errors import DeliveryFailed
from ..observability import tracing
from ..observability.tracing import CONSUMER, PRODUCER, Entered, Trace, Value
from .records import Delivered, Outgoing, Record


def handling(record: Record, *, worker: str, group: str) -> Trace:
    """The trace of one record in the hands of a worker; to be entered, or ended."""
    raw, state = _named(record)
    if tracing.recording() is None:
        return tracing.begin(raw, state, name="")
    return tracing.begin(
        raw,
        state,
        name=f"process {record.topic}",
        kind=CONSUMER,
        attributes=_of_record(record, worker=worker, group=group),
    )


def _named(record: Record) -> tuple[str, str]:
    """`traceparent` and `tracestate` of a record, the last of each name; both are ASCII or nothing."""
    raw = state = b""
    for name, value in record.headers or ():
        if name == "traceparent":
            raw = value or b""
        elif name == "tracestate":
            state = value or b""
    return raw.decode("ascii", "replace"), state.decode("ascii", "replace") if state else ""


class HandlingBatch:
    """A `with` block in which records are handled together: spans for as long as it takes.

    Each record's span belongs to its own trace. Where there are several, a span of the whole batch, in a
    trace of its own, links them. Gives `traceparent` by offset, of records whose trace is recorded only.
    """

    def __init__(self, records: Sequence[Record], *, worker: str, group: str) -> None:
        self._records, self._worker, self._group = records, worker, group
        self._traces: dict[int, Trace] = {}
        self._whole: Trace | None = None

    def __enter__(self) -> dict[int, str]:
        if tracing.recording() is None:
            return {}
        self._traces = {
            record.offset: handling(record, worker=self._worker, group=self._group)
            for record in self._records
            if _asks(record)
        }
        told = {offset: trace.traceparent for offset, trace in self._traces.items()}
        if len(told) > 1:
            self._whole = _batch(self._records, list(told.values()), self._worker)
        return told

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        for trace in self._traces.values():
            trace.end(error)
        if self._whole is not None:
            self._whole.end(error)


def _batch(records: Sequence[Record], links: Sequence[str], worker: str) -> Trace:
    first, last = records[0], records[-1]
    return tracing.begin(
        None,
        name=f"process batch {first.topic}",
        kind=CONSUMER,
        links=links,
        attributes={
            "messaging.system": "kafka",
            "messaging.destination.name": first.topic,
            "messaging.destination.partition.id": str(first.partition),
            "messaging.batch.message_count": len(records),
            "messaging.kafka.offset": first.offset,
            "heimdall.last_offset": last.offset,
            "heimdall.worker": worker,
        },
    )


def _asks(record: Record) -> bool:
    """Whether a record's trace is recorded by whoever began it."""
    return record.headers is not None and tracing.parsed(_named(record)[0]).endswith("-01")


def _of_record(record: Record, *, worker: str, group: str) -> dict[str, Value]:
    return {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "messaging.consumer.group.name": group,
        "messaging.message.id": (record.header("event_id") or "")[:128],
        "heimdall.worker": worker,
    }


class Publication:
    """Records on their way to the broker; spans are made once it has answered."""

    def __init__(self, records: Sequence[Outgoing]) -> None:
        self._records = records if tracing.recording() is not None else ()
        self._began = time.time_ns()

    def answered(self, answers: Sequence[Delivered | DeliveryFailed]) -> None:
        """Record what became of each."""
        for record, answer in zip(self._records, answers, strict=False):
            headers = dict(record.headers)
            raw = (headers.get("traceparent") or b"").decode("ascii", "replace")
            if tracing.parsed(raw).endswith("-01"):
                self._record(record, raw, (headers.get("event_id") or b"").decode("utf-8", "replace"), answer)

    def _record(self, record: Outgoing, raw: str, event_id: str, answer: Delivered | DeliveryFailed) -> None:
        trace = tracing.begin(
            raw,
            name=f"publish {record.topic}",
            kind=PRODUCER,
            at=self._began,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "send",
                "messaging.destination.name": record.topic,
                "messaging.message.id": event_id[:128],
            },
        )
        if isinstance(answer, DeliveryFailed):
            trace.end(answer)
            return
        trace.note(**{"messaging.kafka.offset": answer.offset})
        trace.note(**{"messaging.destination.partition.id": str(answer.partition)})
        trace.end()


__all__ = ["Entered", "HandlingBatch", "Publication", "handling"]
