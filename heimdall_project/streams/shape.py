"""What the shape of a consumer means for the loop: how much at once, how much in hand."""

from dataclasses import dataclass

from .consumer import BatchConsumer, BatchPolicy, ConcurrentConsumer, KafkaConsumer, RecordConsumer

AT_ONCE = 0.0
BUFFER_BYTES = 64_000_000


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Bounds of one consumer's loop."""

    policy: BatchPolicy
    width: int
    """Units at work at the same time."""
    capacity: int
    """Records taken in and not finished."""
    prefetch: int
    """Records of each partition that the client fetches ahead."""
    gulp: int
    """Records taken in by one poll at most."""
    bytes: int = BUFFER_BYTES
    """Keys and values taken in and not handed over."""

    @classmethod
    def of(cls, consumer: KafkaConsumer) -> "Shape":
        """The bounds that follow from a declaration."""
        if isinstance(consumer, BatchConsumer):
            batch, width = consumer.batch, consumer.parallel
            room = consumer.max_buffer or 2 * batch.records * (width + 1)
            return cls(
                policy=batch,
                width=width,
                capacity=room,
                prefetch=max(1000, batch.records // 2),
                gulp=batch.records,
                bytes=consumer.max_buffer_bytes or BUFFER_BYTES,
            )
        if isinstance(consumer, ConcurrentConsumer):
            bound = consumer.unfinished
            policy = BatchPolicy(records=1, seconds=AT_ONCE)
            return cls(policy=policy, width=consumer.concurrency, capacity=bound, prefetch=bound, gulp=bound)
        if isinstance(consumer, RecordConsumer):
            policy = BatchPolicy(records=consumer.chunk, seconds=AT_ONCE)
            return cls(
                policy=policy, width=1, capacity=10 * consumer.chunk, prefetch=1000, gulp=consumer.chunk
            )
        raise TypeError(f"{type(consumer).__qualname__} is no Kafka consumer")
