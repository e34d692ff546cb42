"""The faults that a soak knows. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Party(StrEnum):
    """Whom a fault befalls; two faults of one party never overlap."""

    WRITER = "writer"
    OTHER_WRITER = "other writer"
    CLICKHOUSE = "ClickHouse"
    WIRE = "wire to ClickHouse"
    KAFKA = "Kafka"
    POSTGRES = "PostgreSQL"
    REDIS = "Redis"
    GROUP = "consumer group"
    DOOR = "web door"


@dataclass(frozen=True)
class Kind:
    """One kind of fault."""

    name: str
    party: Party
    least: float
    """Seconds for which it holds, at least."""
    most: float
    meaning: str
    back: float = 0.0
    """Seconds that coming back takes on a slow machine; the next fault is planned behind them."""


KINDS = (
    Kind("writer-killed", Party.WRITER, 0, 0, "SIGKILL; its supervisor starts another"),
    Kind("writer-machine-killed", Party.WRITER, 1, 4, "SIGKILL of writer and supervisor; both started anew"),
    Kind("writer-stopped", Party.WRITER, 0.5, 3, "SIGTERM; it must end with 0, and is started anew"),
    Kind("writer-frozen", Party.WRITER, 8, 12, "SIGSTOP for longer than its session; it wakes as a zombie"),
    Kind("writer-dozing", Party.WRITER, 1, 4, "SIGSTOP for less than its session"),
    Kind(
        "other-writer-frozen",
        Party.OTHER_WRITER,
        8,
        12,
        "the same of the writer that is never ended",
    ),
    Kind("clickhouse-killed", Party.CLICKHOUSE, 2, 10, "SIGKILL, and away for a while", back=5),
    Kind("clickhouse-frozen", Party.CLICKHOUSE, 2, 12, "SIGSTOP; past the time that an insert waits or not"),
    Kind("clickhouse-restarted", Party.CLICKHOUSE, 0, 0, "stopped in order and started", back=5),
    Kind("clickhouse-too-many-parts", Party.CLICKHOUSE, 3, 8, "the engine refuses inserts with code 252"),
    Kind("clickhouse-no-memory", Party.CLICKHOUSE, 3, 8, "the engine refuses inserts with code 241"),
    Kind("clickhouse-disk-full", Party.CLICKHOUSE, 3, 8, "the engine refuses inserts with code 243"),
    Kind("clickhouse-read-only", Party.CLICKHOUSE, 3, 8, "the engine refuses inserts with code 164"),
    Kind("clickhouse-other-password", Party.CLICKHOUSE, 3, 8, "the engine refuses inserts with code 516"),
    Kind("insert-cut", Party.WIRE, 0, 0, "the next inserts break off in the middle of their body"),
    Kind("answer-lost", Party.WIRE, 0, 0, "stored, and the connection ends before the answer"),
    Kind("answer-silent", Party.WIRE, 0, 0, "stored, and no answer for as long as the writer waits"),
    Kind("insert-late", Party.WIRE, 5, 9, "the insert arrives when its sender has given up waiting"),
    Kind("kafka-restarted", Party.KAFKA, 0, 0, "stopped in order and started", back=15),
    Kind("kafka-killed", Party.KAFKA, 1, 4, "SIGKILL, and away for a while", back=15),
    Kind("kafka-frozen", Party.KAFKA, 2, 8, "SIGSTOP: connections stay open and nobody answers"),
    Kind("postgres-cut", Party.POSTGRES, 2, 8, "every connection ends, new ones are refused"),
    Kind("postgres-frozen", Party.POSTGRES, 2, 8, "SIGSTOP"),
    Kind("postgres-killed", Party.POSTGRES, 1, 4, "SIGKILL, and away for a while", back=3),
    Kind("redis-cut", Party.REDIS, 2, 8, "every connection ends, new ones are refused"),
    Kind("guests", Party.GROUP, 4, 10, "members join the writers' group, hold partitions and leave"),
    Kind("door-killed", Party.DOOR, 0.5, 3, "SIGKILL in the middle of requests; started anew", back=5),
    Kind("door-stopped", Party.DOOR, 0.5, 3, "SIGTERM; it must end with 0, and is started anew", back=5),
)
"""In this order the deck is made; a kind that is added goes at the end."""
BY_NAME = {kind.name: kind for kind in KINDS}
