"""Reading as a member of a group. The hazards that this answers stand in the package's docstring."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from django.conf import settings

from ...errors import HeimdallError, OffsetGap, TransientError
from .. import topics
from ..ports import RebalanceListener
from ..records import Partition, Record
from .administration import admin
from .client import client_config, kafka_log
from .messages import records_of

BEGINNING = OFFSET_BEGINNING


def consumer_config(group: str, *, prefetch: int, **more: Any) -> dict[str, Any]:
    """Client settings of a member of `group` that fetches `prefetch` records ahead (32 MB at most)."""
    return client_config(
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
            # By partition and answer. With 4 MB a writer of page views takes 40 MB more, and no less time.
            "fetch.message.max.bytes": 1024 * 1024,
            "fetch.max.bytes": 2 * 1024 * 1024,
            **more,
        }
    )


class ConfluentConsumer:
    """One member of a classic group with cooperative-sticky assignment. See `ports.Consumer`."""

    def __init__(self, group: str, *, prefetch: int = 100_000) -> None:
        self._client = Consumer(
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
        records = records_of(messages, self._names)
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
        kafka_log.warning("kafka client: %s", error)

    # Callbacks run inside poll(): what the listener raises is kept, never let through the client.

    def _on_assign(self, _: Consumer, given: list[TopicPartition]) -> None:
        self._guarded(self._assign, given)

    def _on_revoke(self, _: Consumer, taken: list[TopicPartition]) -> None:
        self._guarded(self._unassign, taken, self._listener.revoked)

    def _on_lost(self, _: Consumer, taken: list[TopicPartition]) -> None:
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


def _refuse_errors(answers: Sequence[TopicPartition], asked: str) -> None:
    """The broker answers for each partition apart; an error there is no answer."""
    for answer in answers:
        if answer.error is not None:
            raise TransientError("kafka", f"{asked}: {answer.topic}[{answer.partition}]: {answer.error}")


def _wire(partitions: Sequence[Partition]) -> list[TopicPartition]:
    return [TopicPartition(topics.physical(p.topic), p.number) for p in partitions]
