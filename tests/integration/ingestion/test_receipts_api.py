"""Receipts asked for by HTTP, and `durability=stored`: by cursor, ledger and dead letters."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from heimdall_project.streams import broker
from heimdall_project.streams.dead_letters import Failure, build
from heimdall_project.streams.models import ConsumerCursor, LedgerEntry, TopicEnd
from heimdall_project.streams.outcomes import Outcome
from heimdall_project.streams.records import Record
from heimdall_project.streams.topics import Topic
from ingestion.receipts import receipt_of
from ingestion.selectors import receipts as selector
from tests.people import People

from .world import BASIC, MANY, ONE, held, send, view

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_intake", "people")]


def passed(*offsets: tuple[int, int]) -> None:
    """The writer's cursors: partition and next offset."""
    for partition, offset in offsets:
        ConsumerCursor.objects.update_or_create(
            group=selector.writer_group(),
            topic=Topic.PAGE_VIEWS,
            partition=partition,
            defaults={"start_offset": 0, "next_offset": offset},
        )


def counted(outcome: Outcome, *, at: datetime | None = None, partition: int = 0) -> None:
    """An entry of the ledger."""
    minute = (at or datetime.now(UTC)).replace(second=0, microsecond=0)
    LedgerEntry.objects.create(
        group=selector.writer_group(),
        topic=Topic.PAGE_VIEWS,
        partition=partition,
        minute=minute,
        source="http",
        outcome=outcome,
        count=1,
    )


def asked(text: str) -> Any:
    answer = Client().get(f"/api/v1/ingest/receipts/{text}", headers=BASIC)
    assert answer.status_code == 200, answer.content
    return answer.json()


def issued(*places: tuple[int, int], at: float | None = None) -> str:
    return receipt_of(Topic.PAGE_VIEWS, places, issued_at=int(at or time.time())).text


def dead_letter(record: Record, group: str | None = None) -> None:
    """The writer's dead letter of a record."""
    failure = Failure(record, ValueError("no"), attempts=1, failed_at=time.time())
    outgoing = build(failure, worker="clickhouse-writer", group=group or selector.writer_group())
    broker.producer().publish([outgoing])


def test_what_no_writer_has_seen_is_in_flight() -> None:
    told = asked(issued((0, 5), (3, 9)))
    assert (told["events"], told["in_flight"], told["stored"], told["dead_lettered"]) == (2, 2, 0, 0)


def test_what_the_cursor_has_passed_is_stored_and_the_rest_is_in_flight() -> None:
    passed((0, 7), (1, 4))
    told = asked(issued((0, 5), (0, 6), (0, 7), (1, 4)))
    assert (told["stored"], told["in_flight"]) == (2, 2)
    assert [(part["partition"], part["passed"]) for part in told["parts"]] == [(0, 2), (1, 0)]
    assert told["message"] == "2 of 4 wait for the writer."


def of_another_topic() -> None:
    """As if the topic had been deleted and made anew behind the writer's cursors."""
    ConsumerCursor.objects.update(topic_id="another")


def test_a_cursor_of_a_topic_that_is_gone_says_nothing_of_its_namesake() -> None:
    passed((0, 7))
    of_another_topic()
    told = asked(issued((0, 5)))
    assert (told["stored"], told["in_flight"]) == (0, 1)


def test_a_receipt_from_before_its_topic_was_made_anew_is_gone() -> None:
    passed((0, 7))
    now = time.time()
    TopicEnd.objects.create(
        group=selector.writer_group(), topic=Topic.PAGE_VIEWS, began_at=datetime.fromtimestamp(now - 60, UTC)
    )
    before = Client().get(f"/api/v1/ingest/receipts/{issued((0, 5), at=now - 120)}", headers=BASIC)
    assert (before.status_code, asked(issued((0, 5)))["stored"]) == (410, 1)


def test_dead_letters_of_another_time_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    passed((0, 9))
    counted(Outcome.DEAD_LETTERED, at=datetime.now(UTC) - timedelta(hours=1))
    counted(Outcome.STORED)
    monkeypatch.setattr(selector, "letters_of", None)  # it would raise
    assert asked(issued((0, 5)))["stored"] == 1


def test_dead_letters_are_found_by_their_headers() -> None:
    answer = send([view(content_id=f"c{n}") for n in range(12)], MANY).json()
    records = held()
    dead_letter(records[0])
    dead_letter(records[1], group="another")
    for partition in range(6):
        passed((partition, 1000))
        counted(Outcome.DEAD_LETTERED, partition=partition)
    told = asked(answer["receipt"])
    assert (told["stored"], told["dead_lettered"], told["in_flight"]) == (11, 1, 0)
    assert "1 of 12 became dead letters" in told["message"]


def test_a_dead_letter_that_is_not_counted_yet_takes_nothing_from_what_is_stored() -> None:
    answer = send([view(), view()], MANY).json()
    first, second = held()
    dead_letter(second)
    passed((first.partition, second.offset))
    counted(Outcome.DEAD_LETTERED, partition=first.partition)  # of another record
    told = asked(answer["receipt"])
    assert (told["stored"], told["dead_lettered"], told["in_flight"]) == (1, 0, 1)


def test_without_the_broker_dead_letters_are_said_to_be_unknown(
    own_intake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heimdall_project.streams.letters.BUDGET", 0.5)
    passed((0, 9))
    counted(Outcome.DEAD_LETTERED)
    own_intake.KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:1"
    told = asked(issued((0, 5)))
    assert (told["stored"], told["dead_lettered"], told["in_flight"]) == (None, None, 0)
    assert "could not be found out" in told["message"]


def test_a_long_receipt_counts_at_least_what_must_be_stored() -> None:
    text = receipt_of(Topic.PAGE_VIEWS, [(0, 2 * n) for n in range(2_000)], issued_at=int(time.time())).text
    passed((0, 2_000))
    assert (asked(text)["stored"], asked(text)["in_flight"]) == (1, 1_999)
    passed((0, 3_999))
    assert (asked(text)["stored"], asked(text)["in_flight"]) == (2_000, 0)


def test_a_receipt_that_is_too_old_is_gone() -> None:
    text = issued((0, 1), at=time.time() - 8 * 86_400)
    answer = Client().get(f"/api/v1/ingest/receipts/{text}", headers=BASIC)
    assert (answer.status_code, answer["Content-Type"]) == (410, "application/problem+json")


def test_a_forged_receipt_is_refused() -> None:
    body, _, _ = issued((0, 1)).partition(".")
    answer = Client().get(f"/api/v1/ingest/receipts/{body}.{'A' * 43}", headers=BASIC)
    assert answer.status_code == 400 and answer.json()["errors"][0]["path"] == "receipt"


def test_a_receipt_is_for_those_who_send_or_see(people: People) -> None:
    for user, status in ((people.vera, 200), (people.eve, 403)):
        client = Client()
        client.force_login(user)
        assert client.get(f"/api/v1/ingest/receipts/{issued((0, 1))}").status_code == status


# --- durability=stored -----------------------------------------------------------------------------------


@contextmanager
def writer_behind(monkeypatch: pytest.MonkeyPatch, looks: int) -> Iterator[None]:
    """The writer's cursors pass everything after so many looks at them."""
    real, left = selector.cursors, [looks]

    def look(topic: str, partitions: list[int]) -> dict[int, int]:
        left[0] -= 1
        if left[0] == 0:
            passed(*((partition, 10**6) for partition in range(6)))
        return real(topic, partitions)

    monkeypatch.setattr("ingestion.services.durability.cursors", look)
    yield
    assert left[0] <= 0


def test_stored_waits_for_the_writer_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with writer_behind(monkeypatch, 3):
        answer = send(view(), f"{ONE}?durability=stored")
    body = answer.json()
    assert (answer.status_code, body["durability"]) == (200, "stored")
    assert body["reached"] == {"stored": 1, "dead_lettered": 0, "in_flight": 0}


def test_stored_that_is_not_reached_in_time_says_what_was(own_intake: Settings) -> None:
    own_intake.INGEST_ACK_TIMEOUT = 2.0
    begun = time.monotonic()
    answer = send([view(), view()], f"{MANY}?durability=stored")
    body = answer.json()
    assert (answer.status_code, body["durability"], body["accepted"]) == (202, "kafka", 2)
    assert body["reached"] == {"stored": 0, "dead_lettered": 0, "in_flight": 2}
    assert 1.5 < time.monotonic() - begun < 10


def test_stored_is_not_believed_of_a_topic_that_is_gone() -> None:
    passed(*((partition, 10**6) for partition in range(6)))
    of_another_topic()
    answer = send(view(), f"{ONE}?durability=stored")
    assert (answer.status_code, answer.json()["durability"]) == (202, "kafka")


def test_a_database_that_goes_away_meanwhile_does_not_undo_what_was_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object) -> dict[int, int]:
        raise OperationalError("gone")

    monkeypatch.setattr("ingestion.services.durability.cursors", away)
    answer = send(view(), f"{ONE}?durability=stored")
    assert (answer.status_code, answer.json()["durability"]) == (202, "kafka")
    assert len(held()) == 1


def test_the_default_does_not_look_at_the_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.services.durability.cursors", None)  # it would raise
    assert send(view()).status_code == 202
    assert send(view(), f"{ONE}?durability=kafka").status_code == 202


@pytest.mark.parametrize("letters", [1, 2])
def test_stored_is_not_said_of_what_became_a_dead_letter(
    monkeypatch: pytest.MonkeyPatch, letters: int
) -> None:
    real = selector.cursors

    def look(topic: str, partitions: list[int]) -> dict[int, int]:
        """The writer refuses some of them, and passes."""
        for record in held()[:letters]:
            dead_letter(record)
            passed((record.partition, 10**6))
        counted(Outcome.DEAD_LETTERED, partition=partitions[0])
        return real(topic, partitions)

    monkeypatch.setattr("ingestion.services.durability.cursors", look)
    answer = send([view(), view()], f"{MANY}?durability=stored")
    body = answer.json()
    assert (answer.status_code, body["durability"], body["accepted"]) == (202, "kafka", 2)
    assert body["reached"] == {"stored": 2 - letters, "dead_lettered": letters, "in_flight": 0}


def test_stored_is_not_said_where_dead_letters_cannot_be_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selector, "letters_of", lambda *_, **__: None)  # there are too many of them
    for partition in range(6):
        counted(Outcome.DEAD_LETTERED, partition=partition)
    with writer_behind(monkeypatch, 1):
        answer = send(view(), f"{ONE}?durability=stored")
    body = answer.json()
    assert (answer.status_code, body["durability"]) == (202, "kafka")
    assert body["reached"] == {"stored": None, "dead_lettered": None, "in_flight": 0}
