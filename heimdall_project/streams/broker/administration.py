"""Topics as the broker has them: created, described, deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)
from django.conf import settings

from ...errors import TransientError
from .. import topics
from .client import client_config

ADMIN_TIMEOUT = 15.0
_MEMBERS = (KafkaError.UNKNOWN_MEMBER_ID, KafkaError.NON_EMPTY_GROUP)
"""What a broker objects to who commits for a group from outside while it has members."""


@dataclass(frozen=True, kw_only=True)
class TopicState:
    """A topic as the broker has it."""

    partitions: int
    replication_factor: int
    config: dict[str, str]
    topic_id: str


@dataclass(frozen=True, kw_only=True)
class TopicExtent:
    """What stands in a topic now: by partition, the first offset that is kept and the next that is given."""

    topic_id: str
    offsets: Mapping[int, tuple[int, int]]


class TopicAdmin:
    """Creates and describes topics, by logical name."""

    def __init__(self) -> None:
        self._client = AdminClient(client_config())

    def describe(self, names: Sequence[str]) -> dict[str, TopicState]:
        """Those of `names` that exist."""
        described = self._described(names)
        configs = self._configs(list(described))
        return {
            name: TopicState(
                partitions=len(d.partitions),
                replication_factor=min((len(p.replicas) for p in d.partitions), default=0),
                config=configs[name],
                topic_id=str(d.topic_id),
            )
            for name, d in described.items()
        }

    def ids(self, names: Sequence[str], *, timeout: float = ADMIN_TIMEOUT) -> dict[str, str]:
        """The broker's ids of those of `names` that exist."""
        return {name: str(described.topic_id) for name, described in self._described(names, timeout).items()}

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> bool:
        """Commit for a group that has no members; False if it has some."""
        places = [TopicPartition(topics.physical(topic), number, at) for number, at in offsets.items()]
        asked = [ConsumerGroupTopicPartitions(group, places)]
        [future] = self._client.alter_consumer_group_offsets(asked, request_timeout=ADMIN_TIMEOUT).values()
        try:
            told = future.result(ADMIN_TIMEOUT)
        except KafkaException as error:
            if error.args[0].code() in _MEMBERS:
                return False
            raise TransientError("kafka", str(error.args[0])) from None
        errors = [place.error for place in told.topic_partitions if place.error is not None]
        if any(error.code() in _MEMBERS for error in errors):
            return False
        if errors:
            raise TransientError("kafka", str(errors[0]))
        return True

    def _described(self, names: Sequence[str], timeout: float = ADMIN_TIMEOUT) -> dict[str, Any]:
        wire = TopicCollection([topics.physical(name) for name in names])
        found = self._client.describe_topics(wire, request_timeout=timeout)
        existing = {name: self._existing(found[topics.physical(name)]) for name in names}
        return {name: described for name, described in existing.items() if described}

    def _existing(self, future: Any) -> Any | None:
        return self._done(future, unless=KafkaError.UNKNOWN_TOPIC_OR_PART)

    def _configs(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        if not names:
            return {}
        wire = {ConfigResource(ResourceType.TOPIC, topics.physical(name)): name for name in names}
        futures = self._client.describe_configs(list(wire), request_timeout=ADMIN_TIMEOUT)
        return {
            wire[resource]: {key: entry.value for key, entry in self._done(future).items()}
            for resource, future in futures.items()
        }

    def extent(self, name: str, *, timeout: float) -> TopicExtent | None:
        """From where to where a topic goes; None if it does not exist. Each of three questions may take
        `timeout` seconds."""
        described = self._described([name], timeout).get(name)
        if described is None:
            return None
        numbers = [partition.id for partition in described.partitions]
        first = self._listed(name, dict.fromkeys(numbers, OffsetSpec.earliest()), timeout)
        end = self._listed(name, dict.fromkeys(numbers, OffsetSpec.latest()), timeout)
        offsets = {number: (first[number], end[number]) for number in numbers}
        return TopicExtent(topic_id=str(described.topic_id), offsets=offsets)

    def offsets_since(
        self, name: str, numbers: Sequence[int], moments: Sequence[int], *, timeout: float
    ) -> list[dict[int, int]]:
        """For each moment (ms), by partition the first offset whose broker's time is not before it; -1 where
        there is none yet. The broker is asked about all of them at once."""
        asked = [
            self._ask(name, dict.fromkeys(numbers, OffsetSpec.for_timestamp(moment)), timeout)
            for moment in moments
        ]
        return [self._told(futures) for futures in asked]

    def _listed(self, name: str, wanted: Mapping[int, Any], timeout: float) -> dict[int, int]:
        return self._told(self._ask(name, wanted, timeout))

    def _ask(self, name: str, wanted: Mapping[int, Any], timeout: float) -> Mapping[Any, Any]:
        wire = {TopicPartition(topics.physical(name), number): which for number, which in wanted.items()}
        futures: Mapping[Any, Any] = self._client.list_offsets(wire, request_timeout=timeout) if wire else {}
        return futures

    def _told(self, futures: Mapping[Any, Any]) -> dict[int, int]:
        return {place.partition: self._done(future).offset for place, future in futures.items()}

    def create(self, specs: Sequence[topics.TopicSpec]) -> None:
        """Create topics; one that appeared meanwhile is no error."""
        new = [
            NewTopic(
                spec.physical,
                num_partitions=spec.partitions,
                replication_factor=settings.KAFKA_REPLICATION_FACTOR,
                config=spec.config,
            )
            for spec in specs
        ]
        for future in self._client.create_topics(new, request_timeout=ADMIN_TIMEOUT).values() if new else ():
            self._done(future, unless=KafkaError.TOPIC_ALREADY_EXISTS)

    def alter_config(self, name: str, config: Mapping[str, str]) -> None:
        """Set these configuration values of a topic."""
        entries = [ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in config.items()]
        resource = ConfigResource(ResourceType.TOPIC, topics.physical(name), incremental_configs=entries)
        for future in self._client.incremental_alter_configs([resource]).values():
            self._done(future)

    def delete(self, names: Sequence[str]) -> None:
        """Delete topics; for tests and resets."""
        for future in self._client.delete_topics([topics.physical(name) for name in names]).values():
            self._done(future)

    def _done(self, future: Any, *, unless: int | None = None) -> Any:
        """The answer; None if the broker's objection is `unless`."""
        try:
            return future.result(ADMIN_TIMEOUT)
        except TimeoutError:
            raise TransientError("kafka", f"no answer within {ADMIN_TIMEOUT:.0f} s") from None
        except KafkaException as error:
            if error.args[0].code() == unless:
                return None
            raise TransientError("kafka", str(error.args[0])) from None

    def ping(self, timeout: float) -> None:
        """Raise TransientError unless a broker answers in time."""
        try:
            self._client.list_topics(timeout=timeout)
        except KafkaException as error:
            raise TransientError("kafka", str(error.args[0])) from None


_admin: TopicAdmin | None = None


def admin() -> TopicAdmin:
    """The administration client of this process."""
    global _admin
    _admin = _admin or TopicAdmin()
    return _admin


def probe(timeout: float) -> None:
    """Raise TransientError unless a broker answers within `timeout` seconds."""
    admin().ping(timeout)
