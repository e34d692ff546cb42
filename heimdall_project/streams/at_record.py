"""What is known of a record while it is handled: its trace, and its names on every line of the log."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..observability.logging import bound
from . import tracing
from .consumer import KafkaConsumer
from .records import Record


@contextmanager
def at_record(consumer: KafkaConsumer, record: Record) -> Iterator[None]:
    """A block in which `consumer` handles `record`. Whoever handles several enters it for each."""
    trace = tracing.handling(record, worker=consumer.name, group=consumer.group())
    names = {"trace_id": trace.trace_id, **_names(record)}
    with (
        tracing.Entered(trace),
        bound(topic=record.topic, partition=record.partition, offset=record.offset, **names),
    ):
        yield


def _names(record: Record) -> dict[str, str]:
    """Names by which people look for a record in the logs; a header can be of any length."""
    if record.headers is None:
        return {}
    return {name: text[:128] for name in ("event_id", "correlation_id") if (text := record.header(name))}
