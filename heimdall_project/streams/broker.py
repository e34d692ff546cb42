"""The only module that speaks to Kafka.

Hazards of the client that this module answers (confluent-kafka 2.16, librdkafka 2.16):
* An exception out of `poll()`/`consume()` throws away every record that call had taken. So callbacks are
  guarded: what the listener raises is kept and raised after the call, and the caller stops uncommitted.
* `auto.offset.reset` would skip silently. It is `error`, and where to start is said on assignment.
* Records of partitions that went away during a call are filtered out.
* A consumer lets in one call at a time, and a thread that polls keeps others out: everything is called from
  the polling thread, and commits are answered during a later poll.
* Clients do not survive a fork: build them afterwards.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from math import inf
from operator import itemgetter
from time import monotonic
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka import (
    Consumer as Client,
)
from confluent_kafka import (
    Producer as ProducerClient,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)
from django.conf import settings

from ..errors import DeliveryFailed, HeimdallError, OffsetGap, TransientError
from ..observability.seldom import Seldom
from . import topics
from .ports import RebalanceListener
from .records import Delivered, Headers, Outgoing, Partition, Record

BEGINNING = OFFSET_BEGINNING
ADMIN_TIMEOUT = 15.0
FOREIGN_BYTES = 60_000_000
"""Largest record, before compression, that is sent on for others (a dead letter): topics bound what is
compressed, so far larger records come out of a topic that takes 1 MB. Below the client's queue bound."""
UNREADABLE_HEADERS = "unreadable_headers"
"""Stands in for the headers of a record whose header names are not UTF-8: the client cannot show them."""
_clients_built = 0
_log = logging.getLogger("heimdall.kafka")
# Said again by every gapless producer; what it warns of is answered in `_serve` and in ADR 0002.
_log.addFilter(lambda record: "enable.gapless.guarantee is experimental" not in record.getMessage())
_log.addFilter(Seldom())  # the client tells of a broker that is away twenty times a second


def clients_built() -> int:
    """How many clients this process has built; a supervisor refuses to fork unless it is 0."""
    return _clients_built


def _config(**more: Any) -> dict[str, Any]:
    """Settings of every client, for one that is built now."""
    global _clients_built
    _clients_built += 1
    extra = dict(item.split("=", 1) for item in settings.KAFKA_SECURITY)
    return {
        "bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS,
        "client.id": "heimdall",
        "allow.auto.create.topics": False,
        "topic.metadata.propagation.max.ms": 5000,
        "reconnect.backoff.max.ms": 2000,
        "logger": _log,
        **more,
        **extra,
    }


# --- Producing ------------------------------------------------------------------------------------------


class ConfluentProducer:
    """Idempotent, acks=all, keys where Java producers put them."""

    def __init__(self, *, delivery_timeout: float, gapless: bool = False) -> None:
        self._timeout = delivery_timeout
        self._gapless = gapless
        self._client: ProducerClient | None = None

    def _build(self) -> ProducerClient:
        ours = settings.KAFKA_MAX_RECORD_BYTES + 2 * topics.DEAD_LETTER_MARGIN
        return ProducerClient(
            _config(
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

    def _enqueue(
        self, client: ProducerClient, topic: str, record: Outgoing, answer: Callable[..., None]
    ) -> None:
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

    def _give_up(self, client: ProducerClient) -> None:
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
        _log.warning("kafka producer: %s", error.__cause__ or error)


def _keep(
    answers: list[Delivered | DeliveryFailed | None],
    index: int,
    topic: str,
    error: KafkaError | None,
    message: Message | None,
) -> None:
    """Delivery callback: must not raise."""
    if error is not None or message is None:
        answers[index] = DeliveryFailed(str(error))
    else:
        answers[index] = Delivered(topic, message.partition() or 0, message.offset() or 0)


def producer(*, delivery_timeout: float | None = None, gapless: bool = False) -> ConfluentProducer:
    """A producer for one thread. `gapless`: nothing after a failed record of a key is sent before it."""
    return ConfluentProducer(
        delivery_timeout=delivery_timeout or settings.KAFKA_DELIVERY_TIMEOUT, gapless=gapless
    )


# --- Consuming ------------------------------------------------------------------------------------------


def consumer_config(group: str, *, prefetch: int, **more: Any) -> dict[str, Any]:
    """Client settings of a member of `group` that fetches `prefetch` records ahead (32 MB at most)."""
    return _config(
        **{
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": int(settings.KAFKA_SESSION_TIMEOUT * 1000),
            "heartbeat.interval.ms": int(min(3.0, settings.KAFKA_SESSION_TIMEOUT / 3) * 1000),
            "max.poll.interval.ms": int(settings.KAFKA_MAX_POLL_INTERVAL * 1000),
            "queued.min.messages": prefetch,
            "queued.max.messages.kbytes": 32768,
            "fetch.queue.backoff.ms": 20,
            "fetch.wait.max.ms": 100,
            "fetch.message.max.bytes": 4 * 1024 * 1024,
            **more,
        }
    )


class ConfluentConsumer:
    """One member of a classic group with cooperative-sticky assignment. See `ports.Consumer`."""

    def __init__(self, group: str, *, prefetch: int = 100_000) -> None:
        self._client = Client(
            consumer_config(
                group, prefetch=prefetch, error_cb=self._client_error, on_commit=self._commit_answered
            )
        )
        self._commit: tuple[dict[tuple[str, int], int], Future[None]] | None = None
        self._owned: set[Partition] = set()
        self._names: dict[str, str] = {}
        self._raised: BaseException | None = None
        self._rebalanced = False
        self.trouble: str | None = None
        """What the client last complained of, if no record came since."""

    def subscribe(self, topics_read: Sequence[str], listener: RebalanceListener) -> None:
        """Join the group."""
        self._listener = listener
        self._names = {topics.physical(name): name for name in topics_read}
        self._client.subscribe(
            list(self._names), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def poll(self, limit: int, timeout: float) -> list[Record]:
        """`poll` returns with the first record at once; `consume` then takes what else is there."""
        self._rebalanced = False
        first = self._client.poll(timeout)
        messages = [] if first is None else [first]
        if first is not None and limit > 1:
            messages += self._client.consume(limit - 1, 0)
        if self._raised is not None:
            raise self._raised
        if not messages:
            return []
        if any(map(Message.error, messages)):  # comparing an error with None would raise, and at a later call
            messages = [m for m in messages if m.error() is None or self._complain(m)]
        records = _records(messages, self._names)
        if records:
            self.trouble = None
        if self._rebalanced:
            return [record for record in records if record.place in self._owned]
        return records

    def _complain(self, message: Message) -> bool:
        """Deal with an error that came in place of a record; always False (it is no record)."""
        error = message.error()
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise self._gap(message)
        if error.fatal():
            raise HeimdallError(f"the client cannot go on: {error}")
        self._client_error(error)
        return False

    def _gap(self, message: Message) -> HeimdallError:
        place = Partition(self._names[message.topic()], message.partition())
        low, high = self.watermarks(place)
        at = self._client.position([TopicPartition(message.topic(), message.partition())])[0].offset
        wanted = at if at >= 0 else (self.committed([place])[place] or 0)
        return OffsetGap(place.topic, place.number, wanted, low, high)

    def _client_error(self, error: KafkaError) -> None:
        """Callback of the client: keeps what it said; must not raise."""
        self.trouble = str(error)
        _log.warning("kafka client: %s", error)

    # Callbacks run inside poll(): what the listener raises is kept, never let through the client.

    def _on_assign(self, _: Client, given: list[TopicPartition]) -> None:
        self._guarded(self._assign, given)

    def _on_revoke(self, _: Client, taken: list[TopicPartition]) -> None:
        self._guarded(self._unassign, taken, self._listener.revoked)

    def _on_lost(self, _: Client, taken: list[TopicPartition]) -> None:
        self._guarded(self._unassign, taken, self._listener.lost)

    def _guarded(self, act: Callable[..., None], *arguments: Any) -> None:
        self._rebalanced = True
        try:
            act(*arguments)
        except BaseException as error:  # boundary: an exception through the client loses the records in hand
            self._raised = self._raised or error

    def _assign(self, given: list[TopicPartition]) -> None:
        places = self._places(given)
        offsets = self._listener.assigned(places)
        self._owned.update(places)
        self._client.incremental_assign(
            [TopicPartition(topics.physical(p.topic), p.number, offsets[p]) for p in places]
        )

    def _unassign(self, taken: list[TopicPartition], tell: Callable[[Sequence[Partition]], None]) -> None:
        places = self._places(taken)
        try:
            tell(places)
        finally:
            self._owned.difference_update(places)
            # The client keeps a pause beyond the assignment: the partition would come back and stay silent.
            self._client.resume(taken)
            self._client.incremental_unassign(taken)

    def _places(self, partitions: list[TopicPartition]) -> list[Partition]:
        return [Partition(self._names[p.topic], p.partition) for p in partitions]

    def committed(self, partitions: Sequence[Partition]) -> dict[Partition, int | None]:
        """Committed offsets; None where there is none."""
        answers = self._ask(lambda: self._client.committed(_wire(partitions), timeout=10.0))
        _refuse_errors(answers, "committed offset")
        return {
            place: (a.offset if a.offset >= 0 else None) for place, a in zip(partitions, answers, strict=True)
        }

    def watermarks(self, partition: Partition) -> tuple[int, int]:
        """First and next offset, asked of the broker."""
        [wire] = _wire([partition])
        low, high = self._ask(lambda: self._client.get_watermark_offsets(wire, timeout=10.0))
        return low, high

    def ends(self, partitions: Sequence[Partition]) -> dict[Partition, int]:
        """End offsets, asked of the broker; after one that it does not tell no other is asked."""
        told: dict[Partition, int] = {}
        for place, wire in zip(partitions, _wire(partitions), strict=True):
            try:
                told[place] = self._client.get_watermark_offsets(wire, timeout=1.0)[1]
            except KafkaException:
                break
        return told

    def cached_end(self, partition: Partition) -> int | None:
        """End offset as of the last fetch."""
        try:
            answer = self._client.get_watermark_offsets(_wire([partition])[0], cached=True)
        except KafkaException:
            return None
        return answer[1] if answer and answer[1] >= 0 else None

    def _ask[T](self, call: Callable[[], T]) -> T:
        try:
            return call()
        except KafkaException as error:
            raise TransientError("kafka", str(error.args[0])) from None

    def commit(self, positions: Mapping[Partition, int]) -> None:
        """Commit next offsets and wait. Raises TransientError.

        Also where the group's generation moved on meanwhile: if the partitions stay, the commit must be
        repeated under the new one; if they went away, the listener is told.
        """
        wire = [TopicPartition(topics.physical(p.topic), p.number, offset) for p, offset in positions.items()]
        try:
            answers = self._client.commit(offsets=wire, asynchronous=False) or []
        except KafkaException as error:
            raise TransientError("kafka", f"commit: {error.args[0]}") from None
        _refuse_errors(answers, "commit")

    def commit_soon(self, positions: Mapping[Partition, int]) -> Future[None]:
        """The same without waiting; the answer comes during a later `poll`."""
        wire = [TopicPartition(topics.physical(p.topic), p.number, offset) for p, offset in positions.items()]
        answer = Future[None]()
        self._commit = ({(each.topic, each.partition): each.offset for each in wire}, answer)
        try:
            self._client.commit(offsets=wire, asynchronous=True)
        except KafkaException as error:
            answer.set_exception(TransientError("kafka", f"commit: {error.args[0]}"))
        return answer

    def _commit_answered(self, error: KafkaError | None, answers: list[TopicPartition]) -> None:
        """Callback of the client: must not raise. An answer to a commit that nobody waits for is ignored."""
        if self._commit is None:
            return
        positions, answer = self._commit
        if answer.done() or positions != {(a.topic, a.partition): a.offset for a in answers}:
            return
        try:
            if error is not None:
                raise TransientError("kafka", f"commit: {error}")
            _refuse_errors(answers, "commit")
        except TransientError as refused:
            answer.set_exception(refused)
        else:
            answer.set_result(None)

    def pause(self, partitions: Sequence[Partition]) -> None:
        """Fetch no more from these for now."""
        self._client.pause(_wire(partitions))

    def resume(self, partitions: Sequence[Partition]) -> None:
        """Fetch again."""
        self._client.resume(_wire(partitions))

    def topic_ids(self, names: Sequence[str]) -> dict[str, str]:
        """The broker's ids of topics."""
        return admin().ids(names)

    def close(self) -> None:
        """Leave the group."""
        self._client.close()


_stamp = itemgetter(1)


def _records(messages: list[Message], names: Mapping[str, str]) -> list[Record]:
    """Records of messages. Mapped, not looped: the dearest step of reading (`benchmarks/runtime.py`)."""
    return list(
        map(
            Record,
            map(names.__getitem__, map(Message.topic, messages)),
            map(Message.partition, messages),
            map(Message.offset, messages),
            map(_stamp, map(Message.timestamp, messages)),
            map(Message.key, messages),
            map(Message.value, messages),
            _headers(messages),
        )
    )


def _headers(messages: list[Message]) -> list[Headers | None]:
    """Headers of messages. For a name that is not UTF-8 the client makes a tuple with a hole, which ends the
    process when it is touched, and says so only once: so each message is asked once."""
    found: list[Headers | None] = []
    rest = map(Message.headers, messages)
    while True:
        try:
            found.extend(rest)  # keeps what came before the exception
            return found
        except SystemError as error:
            found.append([(UNREADABLE_HEADERS, str(error.__cause__).encode())])


def _refuse_errors(answers: Sequence[TopicPartition], asked: str) -> None:
    """The broker answers for each partition apart; an error there is no answer."""
    for answer in answers:
        if answer.error is not None:
            raise TransientError("kafka", f"{asked}: {answer.topic}[{answer.partition}]: {answer.error}")


def _wire(partitions: Sequence[Partition]) -> list[TopicPartition]:
    return [TopicPartition(topics.physical(p.topic), p.number) for p in partitions]


# --- Administration -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class TopicState:
    """A topic as the broker has it."""

    partitions: int
    replication_factor: int
    config: dict[str, str]
    topic_id: str


class TopicAdmin:
    """Creates and describes topics, by logical name."""

    def __init__(self) -> None:
        self._client = AdminClient(_config())

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

    def ids(self, names: Sequence[str]) -> dict[str, str]:
        """The broker's ids of those of `names` that exist."""
        return {name: str(described.topic_id) for name, described in self._described(names).items()}

    def _described(self, names: Sequence[str]) -> dict[str, Any]:
        wire = TopicCollection([topics.physical(name) for name in names])
        found = self._client.describe_topics(wire, request_timeout=ADMIN_TIMEOUT)
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
