"""Publishing: idempotent, acknowledged by every replica in step, in order by key."""

from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from time import monotonic

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from django.conf import settings

from ...errors import DeliveryFailed, RecordRefused
from .. import topics
from ..records import Delivered, Outgoing
from .client import client_config, kafka_log

FOREIGN_BYTES = 60_000_000
"""Largest record, before compression, that is sent on for others (a dead letter): topics bound what is
compressed, so far larger records come out of a topic that takes 1 MB. Below the client's queue bound."""
_REFUSALS = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_RECORD}
"""What is wrong with the record, and not with the broker."""


class ConfluentProducer:
    """Idempotent, acks=all, keys where Java producers put them."""

    def __init__(self, *, delivery_timeout: float, gapless: bool = False) -> None:
        self._timeout = delivery_timeout
        self._gapless = gapless
        self._client: Producer | None = None

    def _build(self) -> Producer:
        ours = settings.KAFKA_MAX_RECORD_BYTES + 2 * topics.DEAD_LETTER_MARGIN
        return Producer(
            client_config(
                **{
                    "acks": "all",
                    "enable.idempotence": True,
                    **({"enable.gapless.guarantee": True} if self._gapless else {}),
                    "message.timeout.ms": int(self._timeout * 1000),
                    "message.max.bytes": ours if self._gapless else FOREIGN_BYTES,
                    "linger.ms": settings.KAFKA_LINGER_MS,
                    "compression.type": settings.KAFKA_COMPRESSION,
                    "partitioner": "murmur2_random",
                    "queue.buffering.max.kbytes": 65536,
                }
            )
        )

    def publish(self, records: Sequence[Outgoing]) -> list[Delivered | DeliveryFailed]:
        """See `ports.Producer.publish`."""
        client = self._client = self._client or self._build()
        answers: list[Delivered | DeliveryFailed | None] = [None] * len(records)
        names = {topic: topics.physical(topic) for topic in {record.topic for record in records}}
        # Frozen while it hands over, a process must not go on: what it hands over then gets a fresh timeout,
        # and would be sent long after the caller's right to send it has ended.
        end = monotonic() + (self._timeout / 4 if self._gapless else inf)
        refused: set[tuple[str, bytes | None]] = set()
        for index, record in enumerate(records):
            if (record.topic, record.key) in refused or monotonic() > end:
                answers[index] = DeliveryFailed("not sent: behind a refused record, or too late")
                continue
            self._enqueue(client, names[record.topic], record, partial(_keep, answers, index, record.topic))
            if answers[index] is not None and self._gapless:
                refused.add((record.topic, record.key))
        _serve(client.flush, self._timeout + 5.0)
        if any(not isinstance(answer, Delivered) for answer in answers):
            self._give_up(client)
        return [answer or DeliveryFailed("no acknowledgement in time") for answer in answers]

    def _enqueue(self, client: Producer, topic: str, record: Outgoing, answer: Callable[..., None]) -> None:
        # Bounded: a full queue drains by acknowledgement or by timeout, whichever comes first.
        while True:
            try:
                client.produce(
                    topic,
                    value=record.value,
                    key=record.key,
                    headers=record.headers,
                    on_delivery=answer,
                )
                return
            except BufferError:
                _serve(client.poll, 0.1)
            except KafkaException as error:
                answer(error.args[0], None)
                return

    def _give_up(self, client: Producer) -> None:
        # What was not acknowledged must not be sent later, behind the caller's back.
        client.purge(in_queue=True, in_flight=True, blocking=True)
        _serve(client.poll, 0)
        self._client = None

    def close(self) -> None:
        """Nothing is left in the queue after `publish`, so there is nothing to flush."""
        self._client = None


def _serve(call: Callable[[float], object], seconds: float) -> None:
    """Let the client deliver its answers.

    A fatal error (a gap that it must not leave) comes as an exception in between, or as the SystemError of a
    callback that was called with that one set: answers that get lost count as failures.
    """
    try:
        call(seconds)
    except (KafkaException, SystemError) as error:
        kafka_log.warning("kafka producer: %s", error.__cause__ or error)


def _keep(
    answers: list[Delivered | DeliveryFailed | None],
    index: int,
    topic: str,
    error: KafkaError | None,
    message: Message | None,
) -> None:
    """Delivery callback: must not raise."""
    if error is not None or message is None:
        refused = error is not None and error.code() in _REFUSALS
        answers[index] = (RecordRefused if refused else DeliveryFailed)(str(error))
    else:
        answers[index] = Delivered(topic, message.partition() or 0, message.offset() or 0)


def producer(*, delivery_timeout: float | None = None, gapless: bool = False) -> ConfluentProducer:
    """A producer for one thread. `gapless`: nothing after a failed record of a key is sent before it."""
    return ConfluentProducer(
        delivery_timeout=delivery_timeout or settings.KAFKA_DELIVERY_TIMEOUT, gapless=gapless
    )
