"""Who may decide what about dead letters, and what holds them to it."""

import pytest
from django.db import DatabaseError, transaction

from dlq_admin.batch_states import BatchState
from dlq_admin.models import BatchItem, DeadLetter, RedriveBatch
from dlq_admin.services import (
    Pace,
    batch_approve,
    batch_cancel,
    batch_pause,
    batch_propose,
    batch_reject,
    batch_resume,
    letter_approve,
    letter_discard,
    letter_reprocess,
    letters_approve,
)
from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.errors import Conflict, Forbidden, NotFound, Refused, Unprocessable
from heimdall_project.streams import registry
from heimdall_project.streams.consumer import Effects
from tests.people import People

from .letters import Letters, assert_counted, index

pytestmark = pytest.mark.django_db
WHY = "the worker is repaired"


def rows(letters: Letters, count: int = 3) -> list[DeadLetter]:
    index(*(letters.failed(b"%d" % n) for n in range(count)))
    return list(DeadLetter.objects.order_by("pk"))


def propose(people: People, chosen: list[DeadLetter], actor: User | None = None) -> RedriveBatch:
    ids = [row.pk for row in chosen]
    return batch_propose(letter_ids=ids, actor=actor or people.omar, reason=WHY, pace=Pace())


def approve(people: People, batch: RedriveBatch, actor: User | None = None) -> RedriveBatch:
    return batch_approve(
        batch_id=batch.pk, actor=actor or people.ada, reason="looked at it", set_hash=batch.set_hash
    )


def root() -> User:
    return User.objects.create_superuser("root")


def test_a_letter_is_approved_by_one_and_sent_by_another(people: People, letters: Letters) -> None:
    [row] = rows(letters, 1)
    letter_approve(letter_id=row.pk, actor=people.ada, reason=WHY)
    with pytest.raises(Forbidden, match="another person"):
        letter_reprocess(letter_id=row.pk, actor=people.ada, reason=WHY)
    batch = letter_reprocess(letter_id=row.pk, actor=people.omar, reason=WHY)
    row.refresh_from_db()
    assert (batch.state, batch.size, row.state, row.batch_id) == ("RUNNING", 1, "APPROVED", batch.pk)
    assert (batch.proposed_by, batch.approved_by) == (people.omar, people.ada)
    assert [line.event for line in row.history.all()] == ["indexed", "approve"]
    with pytest.raises(Conflict):
        letter_reprocess(letter_id=row.pk, actor=people.omar, reason=WHY)
    assert_counted()


def test_what_was_not_approved_is_not_sent(people: People, letters: Letters) -> None:
    [row] = rows(letters, 1)
    with pytest.raises(Conflict, match="PENDING"):
        letter_reprocess(letter_id=row.pk, actor=people.omar, reason=WHY)


def test_a_discarded_letter_is_never_sent(people: People, letters: Letters) -> None:
    one, two, _ = rows(letters)
    letter_discard(letter_id=one.pk, actor=people.omar, reason="a test event")
    for act in (letter_approve, letter_discard):
        with pytest.raises(Conflict, match="DISCARDED"):
            act(letter_id=one.pk, actor=people.ada, reason=WHY)
    batch = propose(people, [one, two])
    assert batch.size == 1 and BatchItem.objects.get().letter == two
    assert_counted()


def test_a_letter_of_unknown_origin_or_of_nobody_here_can_only_be_discarded(
    people: People, letters: Letters
) -> None:
    index(letters.raw(b"x"), letters.failed(b"y", group="someone.else"))
    for row in DeadLetter.objects.all():
        with pytest.raises(Conflict, match=r"only be discarded|nobody could confirm"):
            letter_approve(letter_id=row.pk, actor=people.ada, reason=WHY)
        with pytest.raises(Unprocessable):
            propose(people, [row])
        letter_discard(letter_id=row.pk, actor=people.omar, reason=WHY)


def test_a_loop_comes_to_its_end(people: People, letters: Letters) -> None:
    [row] = rows(letters, 1)
    DeadLetter.objects.update(attempt=10)
    with pytest.raises(Conflict, match="DLQ_MAX_ATTEMPTS"):
        letter_approve(letter_id=row.pk, actor=people.ada, reason=WHY)
    with pytest.raises(Unprocessable):
        propose(people, [row])


def test_of_several_each_fares_for_itself(people: People, letters: Letters) -> None:
    one, two, three = rows(letters)
    letter_discard(letter_id=two.pk, actor=people.omar, reason=WHY)
    decided = letters_approve(letter_ids=[one.pk, two.pk, 10**9, three.pk], actor=people.ada, reason=WHY)
    assert [each.refused and each.refused.status for each in decided] == [None, 409, 404, None]


@pytest.mark.parametrize("who", ["eve", "vera"])
def test_who_has_no_right_decides_nothing(people: People, letters: Letters, who: str) -> None:
    actor: User = getattr(people, who)
    chosen = rows(letters, 1)
    batch = propose(people, chosen)
    for act in (letter_approve, letter_discard, letter_reprocess):
        with pytest.raises(Forbidden):
            act(letter_id=chosen[0].pk, actor=actor, reason=WHY)
    for steer in (batch_pause, batch_resume, batch_cancel, batch_reject):
        with pytest.raises(Forbidden):
            steer(batch_id=batch.pk, actor=actor, reason=WHY)
    with pytest.raises(Forbidden):
        propose(people, chosen, actor)
    with pytest.raises(Forbidden):
        approve(people, batch, actor)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\0b"])
def test_without_a_reason_nothing_happens(people: People, letters: Letters, reason: str) -> None:
    [row] = rows(letters, 1)
    with pytest.raises(Unprocessable):
        letter_discard(letter_id=row.pk, actor=people.omar, reason=reason)
    with pytest.raises(Unprocessable):
        batch_propose(letter_ids=[row.pk], actor=people.omar, reason=reason, pace=Pace())
    assert not AuditEvent.objects.exists()


# --- batches ----------------------------------------------------------------------------------------------


def test_a_batch_runs_when_another_approved_its_set(people: People, letters: Letters) -> None:
    batch = propose(people, rows(letters))
    assert (batch.state, batch.size, DeadLetter.objects.filter(state="PENDING").count()) == ("PROPOSED", 3, 3)
    batch = approve(people, batch)
    assert (batch.state, batch.approved_hash) == ("RUNNING", batch.set_hash)
    assert set(DeadLetter.objects.values_list("state", "batch", "approved_by")) == {
        ("APPROVED", batch.pk, people.ada.pk)
    }
    acts = [(act.actor, act.action, act.state) for act in AuditEvent.objects.acts().order_by("id")]
    assert acts == [("omar", "dlq.propose", "ok"), ("ada", "dlq.approve", "ok")]
    assert_counted()


def test_the_proposer_cannot_approve_by_any_path(people: People, letters: Letters) -> None:
    boss = root()
    batch = propose(people, rows(letters), boss)
    with pytest.raises(Forbidden):
        approve(people, batch, boss)
    with pytest.raises(DatabaseError), transaction.atomic():
        RedriveBatch.objects.update(approved_by=boss, approved_hash=batch.set_hash, state="RUNNING")
    with pytest.raises(DatabaseError), transaction.atomic():
        RedriveBatch.objects.update(state="RUNNING")
    with pytest.raises(DatabaseError), transaction.atomic():
        RedriveBatch.objects.update(approved_by=people.ada, approved_hash="another")
    assert RedriveBatch.objects.get().state == "PROPOSED"


def test_an_approval_is_for_the_set_that_was_looked_at(people: People, letters: Letters) -> None:
    batch = propose(people, rows(letters))
    with pytest.raises(Conflict, match="not the set"):
        batch_approve(batch_id=batch.pk, actor=people.ada, reason=WHY, set_hash="0" * 64)
    BatchItem.objects.order_by("pk")[:1].get().delete()
    with pytest.raises(Conflict, match="not the set"):
        approve(people, batch)
    with pytest.raises(DatabaseError), transaction.atomic():
        approve_row = {"approved_by": people.ada, "approved_hash": batch.set_hash, "set_hash": "changed"}
        RedriveBatch.objects.update(**approve_row)


def test_letters_that_moved_on_since_the_proposal_are_skipped(people: People, letters: Letters) -> None:
    one, two, three = rows(letters)
    batch = propose(people, [one, two, three])
    letter_discard(letter_id=one.pk, actor=people.omar, reason=WHY)
    DeadLetter.objects.filter(pk=two.pk).update(attempt=2)
    approve(people, batch)
    states = dict(BatchItem.objects.values_list("letter", "state"))
    assert states == {one.pk: "SKIPPED", two.pk: "SKIPPED", three.pk: "WAITING"}
    assert dict(DeadLetter.objects.values_list("pk", "state"))[two.pk] == "PENDING"


def test_a_letter_is_in_one_batch_at_a_time(people: People, letters: Letters) -> None:
    chosen = rows(letters, 1)
    first, second = propose(people, chosen), propose(people, chosen)
    approve(people, first), approve(people, second)
    assert list(BatchItem.objects.order_by("pk").values_list("state", flat=True)) == ["WAITING", "SKIPPED"]


def test_a_consumer_that_must_not_repeat_needs_two_approvals(
    people: People, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.get("analysis-worker"), "effects", Effects.UNSAFE)
    batch = propose(people, rows(letters, 1))
    batch = approve(people, batch)
    assert batch.needs_second and batch.state == "PROPOSED"
    with pytest.raises(Forbidden, match="third person"):
        approve(people, batch)
    assert approve(people, batch, root()).state == "RUNNING"


def test_a_cancelled_batch_gives_back_what_it_did_not_send(people: People, letters: Letters) -> None:
    batch = approve(people, propose(people, rows(letters)))
    batch = batch_cancel(batch_id=batch.pk, actor=people.omar, reason="wrong cause")
    assert batch.state == "CANCELLED" and batch.ended_at
    assert DeadLetter.objects.filter(state="PENDING", batch=None, approved_by=None).count() == 3
    assert set(BatchItem.objects.values_list("state", flat=True)) == {"SKIPPED"}
    assert_counted()


def test_a_batch_is_paused_and_goes_on(people: People, letters: Letters) -> None:
    batch = approve(people, propose(people, rows(letters)))
    assert batch_pause(batch_id=batch.pk, actor=people.omar, reason="lunch").note == "omar: lunch"
    assert batch_resume(batch_id=batch.pk, actor=people.omar, reason="back").state == "RUNNING"


@pytest.mark.parametrize("act", [batch_pause, batch_resume])
def test_what_was_not_approved_is_neither_held_nor_let_go(
    people: People, letters: Letters, act: object
) -> None:
    batch = propose(people, rows(letters))
    with pytest.raises(Conflict):
        act(batch_id=batch.pk, actor=people.omar, reason=WHY)  # type: ignore[operator]


def test_an_ended_batch_stays_ended(people: People, letters: Letters) -> None:
    batch = batch_reject(batch_id=propose(people, rows(letters)).pk, actor=people.ada, reason="not yet")
    assert batch.state == BatchState.REJECTED
    for act in (batch_pause, batch_resume, batch_cancel, batch_reject):
        with pytest.raises(Conflict):
            act(batch_id=batch.pk, actor=people.ada, reason=WHY)
    with pytest.raises(Conflict):
        approve(people, batch)


def test_what_is_not_there_is_not_found(people: People) -> None:
    for act in (letter_approve, letter_discard, letter_reprocess):
        with pytest.raises(Refused):
            act(letter_id=10**9, actor=people.ada, reason=WHY)
    with pytest.raises(NotFound):
        batch_cancel(batch_id=10**9, actor=people.omar, reason=WHY)


def test_the_set_is_bounded(people: People) -> None:
    with pytest.raises(Unprocessable):
        batch_propose(letter_ids=[], actor=people.omar, reason=WHY, pace=Pace())
    with pytest.raises(Unprocessable):
        batch_propose(letter_ids=range(1, 100_002), actor=people.omar, reason=WHY, pace=Pace())
