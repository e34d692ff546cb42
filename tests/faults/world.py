"""Topics, groups and tables of one fault test, and questions about what became of its records."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import msgspec
import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition
from django.conf import settings

from heimdall_project.errors import TransientError
from heimdall_project.streams import broker, topics
from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.records import Delivered, Headers, Outgoing, Partition, Record
from heimdall_project.streams.topics import Topic
from tests.probe_workers.harness import LONG, ROOT, RunConsumer, eventually, run_consumer

TOPIC, DEAD = Topic.ANALYSIS_REQUEST, Topic.DLQ_FAILED
PLACES = [Partition(TOPIC, number) for number in range(3)]
TABLES = """
CREATE TABLE IF NOT EXISTS probe_stored (worker text, id text, PRIMARY KEY (worker, id));
CREATE TABLE IF NOT EXISTS probe_call (
    seq bigserial PRIMARY KEY, worker text, pid int, id text, partition int, "offset" bigint,
    redrive_id text, at timestamptz DEFAULT clock_timestamp()
);
TRUNCATE probe_stored, probe_call;
"""


@dataclass
class World:
    """One test's own part of Kafka and PostgreSQL."""

    directory: Path
    database: str
    """URL of the database."""
    bootstrap: str
    made: list[str] = field(default_factory=list)
    started: int = 0

    # --- processes --------------------------------------------------------------------------------------

    def run(self, *workers: str, **environment: str) -> AbstractContextManager[RunConsumer]:
        """`run_consumer` with these workers, in this world."""
        self.started += 1
        place = self.directory / f"process-{self.started}"
        place.mkdir()
        return run_consumer(place, *workers, **(self.environment | environment))

    def manage(self, *arguments: str) -> None:
        """Run a management command in this world."""
        subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=os.environ | self.environment, check=True
        )

    @property
    def environment(self) -> dict[str, str]:
        """What its processes need to know."""
        return {
            "DJANGO_SETTINGS_MODULE": "tests.probe_consumers.settings",
            "DATABASE_URL": self.database,
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "KAFKA_TOPIC_PREFIX": settings.KAFKA_TOPIC_PREFIX,
            "KAFKA_GROUP_PREFIX": settings.KAFKA_GROUP_PREFIX,
            "WORKER_COMMIT_INTERVAL": "0.2",
        }

    def group(self, worker: str) -> str:
        """The group of a worker."""
        return f"{settings.KAFKA_GROUP_PREFIX}{worker}"

    # --- topics -----------------------------------------------------------------------------------------

    def create(self, *names: str) -> None:
        """Create topics; a new one cannot be asked for anything at once."""
        broker.admin().create([topics.spec(name) for name in names])
        eventually(lambda: all(_has_leaders(name) for name in names), "leaders of new topics")
        self.made += [name for name in names if name not in self.made]

    def produce(
        self,
        value: bytes | None,
        *,
        key: bytes | None = b"key",
        headers: Headers | None = None,
        topic: str = TOPIC,
    ) -> Record:
        """Publish one record; answers it as the topic holds it (its time apart)."""
        [answer] = self._producer.publish([Outgoing(topic, value, key, headers or [])])
        assert isinstance(answer, Delivered), answer
        return Record(topic, answer.partition, answer.offset, 0, key, value, headers)

    def note(self, name: str, do: str = "", **more: Any) -> Record:
        """Publish one note."""
        return self.produce(msgspec.json.encode({"id": name, "do": do}), **more)

    def fill(self, count: int, prefix: str = "n", *, topic: str = TOPIC, size: int = 0) -> list[str]:
        """Publish so many notes over all partitions, fast; answers their ids."""
        names = [f"{prefix}{number}" for number in range(count)]
        more = {"filler": "x" * size} if size else {}
        self.send(topic, [(name.encode(), msgspec.json.encode({"id": name, **more})) for name in names])
        return names

    def send(self, topic: str, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Publish records, each a key and a value, fast; all are acknowledged."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 20, "acks": "all"})
        for key, value in records:
            while True:
                try:
                    producer.produce(topics.physical(topic), value, key=key)
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(30) == 0

    def ends(self, topic: str = TOPIC) -> dict[Partition, int]:
        """End offsets."""
        places = [Partition(topic, number) for number in range(topics.spec(topic).partitions)]
        return {place: self._reader.get_watermark_offsets(_wire(place), timeout=10)[1] for place in places}

    def committed(self, worker: str, topic: str = TOPIC) -> dict[Partition, int]:
        """Committed offsets of a worker's group.

        Asked by a member's client: an admin client that asks a broker which knows no coordinator yet makes
        librdkafka 2.16 crash (confluent-kafka-javascript issue 374).
        """
        places = [Partition(topic, number) for number in range(topics.spec(topic).partitions)]
        answers = self._member(self.group(worker)).committed([_wire(place) for place in places], timeout=10)
        assert not any(answer.error for answer in answers), answers
        return {Partition(topic, answer.partition): answer.offset for answer in answers if answer.offset >= 0}

    def dead_letters(self, topic: str = DEAD) -> list[Record]:
        """Everything in a dead-letter topic."""
        client = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "reader"})
        client.assign([TopicPartition(topics.physical(topic), 0, 0)])
        end = client.get_watermark_offsets(_wire(Partition(topic, 0)), timeout=10)[1]
        found: list[Record] = []
        while not found or found[-1].offset + 1 < end:
            if end == 0:
                break
            message = client.poll(5)
            assert message is not None and message.error() is None, message and message.error()
            stamp = message.timestamp()[1]
            found.append(
                Record(topic, 0, message.offset(), stamp, message.key(), message.value(), message.headers())
            )
        client.close()
        return found

    def _member(self, group: str) -> Consumer:
        if group not in self._members:
            self._members[group] = Consumer(
                {"bootstrap.servers": self.bootstrap, "group.id": group, "isolation.level": "read_committed"}
            )
        return self._members[group]

    @cached_property
    def _members(self) -> dict[str, Consumer]:
        return {}

    @cached_property
    def _producer(self) -> broker.ConfluentProducer:
        return broker.producer()

    @cached_property
    def _reader(self) -> Consumer:
        return Consumer({"bootstrap.servers": self.bootstrap, "group.id": "reader"})

    # --- tables -----------------------------------------------------------------------------------------

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cast(list[tuple[Any, ...]], cursor.fetchall() if cursor.description else [])

    def stored(self, worker: str) -> set[str]:
        """Ids whose effect stands."""
        return {name for (name,) in self.ask("SELECT id FROM probe_stored WHERE worker = %s", worker)}

    def calls(self, worker: str) -> list[str]:
        """Ids in order of the calls that came to their end."""
        return [n for (n,) in self.ask("SELECT id FROM probe_call WHERE worker = %s ORDER BY seq", worker)]

    def ledger(self, worker: str) -> Counter[str]:
        """Outcomes of a worker's group; drops by their rule."""
        rows = self.ask(
            "SELECT coalesce(nullif(rule, ''), outcome), sum(count)::int FROM streams_ledgerentry"
            ' WHERE "group" = %s GROUP BY 1',
            self.group(worker),
        )
        return Counter(dict(rows))

    def cursors(self, worker: str) -> dict[Partition, tuple[int, int]]:
        """Where the ledger of each partition begins and ends."""
        rows = self.ask(
            "SELECT topic, partition, start_offset, next_offset FROM streams_consumercursor"
            ' WHERE "group" = %s',
            self.group(worker),
        )
        return {Partition(topic, number): (start, end) for topic, number, start, end in rows}

    def registry(self, worker: str) -> tuple[str, str]:
        """State and reason in the worker registry, of the latest process."""
        rows = self.ask(
            "SELECT state, reason FROM streams_workerprocess WHERE worker = %s ORDER BY heartbeat_at DESC",
            worker,
        )
        return rows[0] if rows else ("", "")

    # --- promises ---------------------------------------------------------------------------------------

    def is_through(self, worker: str, topic: str = TOPIC) -> bool:
        """Whether everything in the topic is committed."""
        ends = {place: end for place, end in self.ends(topic).items() if end}
        committed = self.committed(worker, topic)
        return all(committed.get(place) == end for place, end in ends.items())

    def await_through(self, worker: str, topic: str = TOPIC) -> None:
        """Wait for that. A commit that got lost with its broker is told after 60 s, and tried again."""
        through = f"{worker} through {topic}"
        eventually(lambda: self.is_through(worker, topic), through, within=2 * LONG)

    def assert_balanced(self, worker: str, topic: str = TOPIC) -> None:
        """Outcomes add up to what the cursors passed, and that is what is committed, and all there is."""
        ends = {place: end for place, end in self.ends(topic).items() if end}
        cursors = self.cursors(worker)
        assert {place: cursor[1] for place, cursor in cursors.items() if cursor[1]} == ends
        assert self.committed(worker, topic) == {**{p: c[1] for p, c in cursors.items()}, **ends}
        passed = sum(end - start for start, end in cursors.values())
        assert self.ledger(worker).total() == passed == sum(ends.values())


def ended(process: RunConsumer, code: int) -> None:
    """Wait for its end, which must be this one."""
    assert process.exit_code() == code, process.output[-8000:]


def said(letter: Record) -> dict[str, str]:
    """The headers of a dead letter as text."""
    return as_dict(letter.headers)


def _has_leaders(topic: str) -> bool:
    try:
        return broker.admin().extent(topic, timeout=5) is not None
    except TransientError:
        return False


def _wire(place: Partition) -> TopicPartition:
    return TopicPartition(topics.physical(place.topic), place.number)


def repeats(calls: Sequence[str]) -> Mapping[str, int]:
    """Ids that were handled more than once."""
    return {name: times for name, times in Counter(calls).items() if times > 1}


@contextmanager
def world_of(directory: Path, *, database: str, bootstrap: str) -> Iterator[World]:
    """A world with the topics of the probe consumers. The settings must name its prefixes."""
    world = World(directory, database, bootstrap)
    world.ask(TABLES)
    world.create(TOPIC, DEAD)
    try:
        yield world
    finally:
        broker.admin().delete(world.made)


def unique() -> str:
    """A prefix that no other test has."""
    return f"fault-{uuid4().hex[:8]}."


def flat(groups: Iterable[Iterable[str]]) -> set[str]:
    """All names of several fills."""
    return {name for group in groups for name in group}
