"""Reading a topic once, from a moment to its end of now, as no member of any group."""

import time
from collections.abc import Iterator
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException, TopicPartition

from ...errors import TransientError
from .. import topics
from ..records import Record
from .consuming import consumer_config
from .messages import records_of

CHUNK = 500


def scan(topic: str, *, since_ms: int, timeout: float) -> Iterator[Record]:
    """Records of a topic that the broker dates at `since_ms` (epoch) or later, partition by partition.

    Raises TransientError if the broker does not answer within `timeout` seconds.
    """
    client = Consumer(consumer_config(f"none.{uuid4()}", prefetch=CHUNK))
    try:
        deadline = time.monotonic() + timeout
        for place, end in _places(client, topics.physical(topic), since_ms, timeout):
            yield from _until(client, topic, place, end, deadline)
    except KafkaException as error:
        raise TransientError("kafka", str(error.args[0])) from None
    finally:
        client.close()


def oldest(topic: str, *, timeout: float) -> int | None:
    """The broker's time (ms since the epoch) of the oldest record of a topic; None if it holds none.

    Raises TransientError if the broker does not answer within `timeout` seconds.
    """
    client = Consumer(consumer_config(f"none.{uuid4()}", prefetch=1))
    try:
        deadline = time.monotonic() + timeout
        firsts = [
            record.timestamp
            for place, _ in list(_places(client, topics.physical(topic), 0, timeout))
            for record in _until(client, topic, place, place.offset + 1, deadline)
        ]
        return min(firsts, default=None)
    except KafkaException as error:
        raise TransientError("kafka", str(error.args[0])) from None
    finally:
        client.close()


def _places(
    client: Consumer, name: str, since_ms: int, timeout: float
) -> Iterator[tuple[TopicPartition, int]]:
    known = client.list_topics(name, timeout=timeout).topics[name].partitions
    asked = [TopicPartition(name, number, since_ms) for number in known]
    for place in client.offsets_for_times(asked, timeout=timeout):
        _, end = client.get_watermark_offsets(place, timeout=timeout)
        if 0 <= place.offset < end:  # a negative offset: nothing is so late
            yield place, end


def _until(
    client: Consumer, topic: str, place: TopicPartition, end: int, deadline: float
) -> Iterator[Record]:
    client.assign([place])
    while client.position([place])[0].offset < end:
        if time.monotonic() > deadline:
            raise TransientError("kafka", "the topic could not be read in time")
        messages = [each for each in client.consume(CHUNK, 0.1) if each.error() is None]
        yield from (each for each in records_of(messages, {place.topic: topic}) if each.offset < end)
    client.unassign()
