"""The indexer in the whole runtime, on a broker in memory and on the real one."""

import pytest
from django.db import DatabaseError, OperationalError

from dlq_admin import consumers, services
from dlq_admin.consumers import DlqIndexer
from dlq_admin.models import DeadLetter
from heimdall_project.errors import InvalidMessage, StopOnPurpose
from heimdall_project.streams import registry, topics
from heimdall_project.streams.consumer import RecordConsumer
from heimdall_project.streams.records import Record
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle

from .letters import DEAD, Letters, assert_counted, value_of

pytestmark = pytest.mark.django_db(transaction=True)
GROUP = DlqIndexer.group()


class Refusing(RecordConsumer[Record]):
    """Refuses every record."""

    name, topic = "refusing", "analysis.request"

    def handle(self, delivery: object) -> None:
        raise InvalidMessage("never")


def test_it_reads_every_dead_letter_topic() -> None:
    dead = {spec.dead_letters for spec in topics.specs() if spec.dead_letters}
    assert dead <= set(DlqIndexer.topics()) and registry.get("dlq-indexer") is DlqIndexer


def test_what_a_worker_refuses_is_indexed_with_identical_bytes() -> None:
    broker = InMemoryBroker()
    values = [b"", b"\0\xff", b"x" * 1000]
    for value in values:
        broker.produce("analysis.request", value, key=b"k", partition=1)
    run_until_idle(broker.runner(Refusing()))
    run_until_idle(broker.runner(DlqIndexer()))
    rows = DeadLetter.objects.order_by("offset")
    assert [(row.partition, row.offset, value_of(row.payload)) for row in rows] == [
        (1, n, value) for n, value in enumerate(values)
    ]
    assert {row.group for row in rows} == {Refusing.group()} and broker.books.counted(GROUP) == {"stored": 3}
    assert_counted()


def test_a_letter_that_is_read_again_is_counted_as_a_duplicate(letters: Letters) -> None:
    broker = InMemoryBroker()
    letter = letters.failed()
    for _ in range(3):
        broker.produce(DEAD, letter.value, key=letter.key, headers=letter.headers)
    run_until_idle(broker.runner(DlqIndexer()))
    assert broker.books.counted(GROUP) == {"stored": 1, "duplicate": 2}


def test_a_letter_that_cannot_be_indexed_stops_it_and_is_no_dead_letter_again(
    monkeypatch: pytest.MonkeyPatch, letters: Letters
) -> None:
    index = services.letters_index

    def broken(*, records: list[Record]) -> object:
        if any(record.value == b"cursed" for record in records):
            raise DatabaseError("a defect of ours")
        return index(records=records)

    monkeypatch.setattr(consumers, "letters_index", broken)
    broker = InMemoryBroker()
    for value in (b"a", b"cursed", b"b"):
        broker.produce(DEAD, value)
    with pytest.raises(StopOnPurpose, match=r"dlq\.failed\[0\]@1 cannot be indexed: DatabaseError"):
        run_until_idle(broker.runner(DlqIndexer()))
    assert len(broker.records(DEAD)) == 3 and broker.committed(GROUP) == {}


def test_while_the_database_is_away_it_waits_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    index, away = services.letters_index, [True, True, True]

    def flaky(*, records: list[Record]) -> object:
        if away:
            away.pop()
            raise OperationalError("the server closed the connection")
        return index(records=records)

    monkeypatch.setattr(consumers, "letters_index", flaky)
    broker = InMemoryBroker()
    broker.produce(DEAD, b"x")
    run_until_idle(broker.runner(DlqIndexer()), turns=20_000)
    assert DeadLetter.objects.count() == 1 and broker.books.counted(GROUP) == {"stored": 1}
