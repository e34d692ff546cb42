"""Whether bytes fit what their consumer reads now, and whether there is anybody and anything to send to."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from heimdall_project.errors import TransientError
from heimdall_project.events.violations import Violation, violations
from heimdall_project.streams import broker, worker_registry

from .consumers_of import consumer_of

BROKER_TIMEOUT = 3.0
"""Seconds that a page or an answer waits for a broker that is away."""


class Place(NamedTuple):
    """Where letters would be sent, and whether that is there."""

    topic: str
    group: str
    consumer: str
    """Name of the worker; "" if there is none here."""
    effects: str
    """What handling twice would do; "" without a worker."""
    runs: bool
    """Whether such a worker is alive now."""
    topic_exists: bool | None
    """None: the broker could not be asked."""


class Contracts:
    """What consumers read now, looked up once for each topic and group."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], type[msgspec.Struct] | None] = {}

    def violations(self, topic: str, group: str, value: bytes | None) -> list[Violation] | None:
        """What is wrong with a record by the contract of its consumer; None if that reads anything."""
        if (topic, group) not in self._kinds:
            consumer = consumer_of(topic, group)
            kind = consumer.event if consumer else None
            is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
            self._kinds[topic, group] = kind if is_struct else None
        if (kind := self._kinds[topic, group]) is None:
            return None
        return (
            [Violation("$", "the record has no value")]
            if value is None
            else violations(kind, value, strict=False)
        )


def violations_of(topic: str, group: str, value: bytes | None) -> list[Violation] | None:
    """The same for a single record."""
    return Contracts().violations(topic, group, value)


def places_of(wanted: Iterable[tuple[str, str]]) -> list[Place]:
    """Where records of these topics and groups go."""
    pairs = sorted(set(wanted))
    there = _existing({topic for topic, _ in pairs})
    return [_place(topic, group, there) for topic, group in pairs]


def _place(topic: str, group: str, there: set[str] | None) -> Place:
    consumer = consumer_of(topic, group)
    return Place(
        topic=topic,
        group=group,
        consumer=consumer.name if consumer else "",
        effects=consumer.effects.value if consumer else "",
        runs=consumer is not None and worker_registry.alive().filter(worker=consumer.name).exists(),
        topic_exists=None if there is None else topic in there,
    )


def _existing(topics: set[str]) -> set[str] | None:
    try:
        return set(broker.admin().ids(sorted(topics), timeout=BROKER_TIMEOUT)) if topics else set()
    except TransientError:
        return None
