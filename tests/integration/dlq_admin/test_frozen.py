"""What was approved is what is sent, also where somebody writes to the tables themselves."""

import re
from collections.abc import Mapping

import msgspec
import pytest
from django.db import DatabaseError, connection, transaction

from dlq_admin.models import BatchItem, DeadLetter, LetterPayload, RedriveBatch
from dlq_admin.services import Pace, batch_approve, batch_propose
from dlq_admin.services.payloads import headers_of
from heimdall_project.accounts.models import User
from heimdall_project.errors import Forbidden
from heimdall_project.streams import registry
from heimdall_project.streams.consumer import Effects
from tests.people import People

from .letters import Letters, index
from .world import World

PROPOSED = {
    "proposer": "UPDATE redrive_batches SET proposed_by_id = {eve}",
    "reason": "UPDATE redrive_batches SET reason = 'another'",
    "change": "UPDATE redrive_batches SET change = 'edit'",
    "second approval": "UPDATE redrive_batches SET needs_second = NOT needs_second",
    "rate": "UPDATE redrive_batches SET rate = rate * 1000",
    "canary": "UPDATE redrive_batches SET canary = 100000",
    "bound of failures": "UPDATE redrive_batches SET most_failures = 1",
    "set hash": "UPDATE redrive_batches SET set_hash = 'x', approved_hash = 'x'",
    "another letter": """
        INSERT INTO redrive_items (batch_id, letter_id, attempt, digest, redrive_id, state, reference, note)
        SELECT b.id, l.id, 1, l.digest, 'forged', 'WAITING', '', '' FROM redrive_batches b, dead_letters l
        WHERE l.batch_id IS NULL AND l.id NOT IN (SELECT letter_id FROM redrive_items)
    """,
    "attempt": "UPDATE redrive_items SET attempt = 2",
    "bytes": "UPDATE dead_letter_payloads SET value = 'forged'",
    "headers": "UPDATE dead_letter_payloads SET headers = NULL",
    "topic": "UPDATE dead_letters SET topic = 'catalog.upsert.v1'",
    "group": "UPDATE dead_letters SET \"group\" = 'heimdall.search-indexer'",
    "writer": "UPDATE dead_letters SET writer = 'unknown'",
    "digest": "UPDATE dead_letters SET digest = sha256('x')",
}
APPROVED = PROPOSED | {
    "approver": "UPDATE redrive_batches SET approved_by_id = {eve}",
    "no approver": "UPDATE redrive_batches SET approved_by_id = NULL, approved_hash = '', state = 'PROPOSED'",
    "time of approval": "UPDATE redrive_batches SET approved_at = now() - interval '1 day'",
    "a letter less": "DELETE FROM redrive_items WHERE id = (SELECT min(id) FROM redrive_items)",
    "no batch": "SET CONSTRAINTS ALL IMMEDIATE; DELETE FROM redrive_batches",
}


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        eve = User.objects.filter(username="eve").values_list("pk", flat=True).first()
        cursor.execute(statement.replace("{eve}", str(eve)))


def assert_refused(changes: Mapping[str, str], words: str) -> None:
    """The database refuses each of these, in such words."""
    let_through = []
    for what, statement in changes.items():
        try:
            with transaction.atomic():
                sql(statement)
        except DatabaseError as error:
            assert re.search(words, str(error)), what
        else:
            let_through.append(what)
    assert not let_through


def proposed(people: People, letters: Letters) -> RedriveBatch:
    """Two letters in a batch, and one that is not."""
    index(*(letters.failed(value) for value in (b"one", b"two", b"three")))
    ids = list(DeadLetter.objects.order_by("pk").values_list("pk", flat=True))[:2]
    return batch_propose(letter_ids=ids, actor=people.omar, reason="repaired", pace=Pace())


def approved(batch: RedriveBatch, actor: User) -> RedriveBatch:
    return batch_approve(batch_id=batch.pk, actor=actor, reason="seen", set_hash=batch.set_hash)


@pytest.mark.django_db
def test_a_proposal_cannot_be_edited_not_even_in_the_database(people: People, letters: Letters) -> None:
    proposed(people, letters)
    assert_refused(PROPOSED, r"frozen|keeps its bytes")


@pytest.mark.django_db
def test_what_was_approved_cannot_be_changed_not_even_in_the_database(
    people: People, letters: Letters
) -> None:
    approved(proposed(people, letters), people.ada)
    assert_refused(APPROVED, r"frozen|keeps its bytes|is approved|foreign key")


@pytest.mark.django_db
def test_a_batch_that_ended_does_not_begin_again(people: People, letters: Letters) -> None:
    approved(proposed(people, letters), people.ada)
    sql("UPDATE redrive_batches SET state = 'DONE', ended_at = now()")
    with pytest.raises(DatabaseError, match="a change of an end"), transaction.atomic():
        sql("UPDATE redrive_batches SET state = 'RUNNING', ended_at = NULL")


@pytest.mark.django_db
def test_the_second_approval_is_of_a_third_person_whatever_they_are_called_meanwhile(
    people: People, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.get("analysis-worker"), "effects", Effects.UNSAFE)
    batch = approved(proposed(people, letters), people.ada)
    assert batch.state == "PROPOSED" and batch.approved_by == people.ada
    User.objects.filter(pk=people.omar.pk).update(username="somebody", is_superuser=True)
    User.objects.filter(pk=people.ada.pk).update(username="omar", is_superuser=True)
    for number in (people.omar.pk, people.ada.pk):
        with pytest.raises(Forbidden):
            approved(batch, User.objects.get(pk=number))
    for second in (people.omar, people.ada):
        with pytest.raises(DatabaseError, match="batch_second_is_a_third"), transaction.atomic():
            RedriveBatch.objects.update(second_approved_by=second)
    with pytest.raises(DatabaseError, match="batch_runs_approved"), transaction.atomic():
        sql("UPDATE redrive_batches SET state = 'RUNNING'")
    assert approved(batch, User.objects.create_superuser("third")).state == "RUNNING"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["value", "key", "headers"])
def test_bytes_that_were_put_in_place_of_the_approved_ones_are_not_sent(people: People, what: str) -> None:
    world = World(people)
    batch = world.batch(world.fail(b"one", b"two"), most_failures=1.0)
    world.worker.broken.clear()
    item = BatchItem.objects.select_related("letter__payload").order_by("pk")[0]
    kept = item.letter.payload
    headers = headers_of(kept.headers) or []
    forged = {
        "value": {"value": b"forged"},
        "key": {"key": b"forged"},
        "headers": {"headers": msgspec.msgpack.encode([("schema", b"forged/1"), *headers])},
    }[what]
    with connection.cursor() as cursor:  # a superuser may
        cursor.execute("ALTER TABLE dead_letter_payloads DISABLE TRIGGER USER")
        LetterPayload.objects.filter(pk=kept.pk).update(**forged)
        cursor.execute("ALTER TABLE dead_letter_payloads ENABLE TRIGGER USER")
    assert world.until_done(batch).state == "DONE"
    assert [record.value for record in world.sent()] == [b"two"]
    item.refresh_from_db()
    assert item.state == "FAILED" and "not those that were approved" in item.note
