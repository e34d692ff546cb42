"""Sending several letters that were approved one by one."""

import pytest
from django.contrib.auth.models import Group

from dlq_admin.models import DeadLetter
from dlq_admin.services import Pace, letter_approve, letters_reprocess
from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.errors import Forbidden, Unprocessable
from heimdall_project.streams import registry
from heimdall_project.streams.consumer import Effects
from tests.people import People

from .letters import Letters, assert_counted, index

pytestmark = pytest.mark.django_db
WHY = "repaired"


@pytest.fixture
def abe(people: People) -> User:
    """Another approver."""
    user = User.objects.create_user("abe")
    user.groups.set(Group.objects.filter(name="approver"))
    return user


def approved(letters: Letters, *by: User) -> list[DeadLetter]:
    """A letter for each of these people, approved by them."""
    index(*(letters.failed(b"%d" % n) for n in range(len(by))))
    rows = list(DeadLetter.objects.order_by("pk"))
    for row, person in zip(rows, by, strict=True):
        letter_approve(letter_id=row.pk, actor=person, reason=WHY)
    return rows


def test_each_approver_has_a_batch_and_nobody_sends_what_they_approved(
    people: People, letters: Letters, abe: User
) -> None:
    rows = approved(letters, people.ada, abe, people.ada)
    done = letters_reprocess(letter_ids=[row.pk for row in rows], actor=abe, reason=WHY, pace=Pace(rate=7))
    [batch] = done.batches
    assert (batch.size, batch.approved_by, batch.proposed_by, batch.rate) == (2, people.ada, abe, 7)
    assert [(each.letter_id, each.refused and each.refused.status) for each in done.refused] == [
        (rows[1].pk, 403)
    ]
    both = letters_reprocess(letter_ids=[row.pk for row in rows], actor=people.omar, reason=WHY)
    assert [each.approved_by for each in both.batches] == [abe] and len(both.refused) == 2
    acts = AuditEvent.objects.acts().filter(action="dlq.reprocess")
    assert [(act.actor, act.state) for act in acts.order_by("id")] == [("abe", "ok"), ("omar", "ok")]
    assert_counted()


def test_what_is_not_approved_or_not_there_is_told_one_by_one(people: People, letters: Letters) -> None:
    [row] = approved(letters, people.ada)
    index(letters.failed(b"waits"))
    other = DeadLetter.objects.get(state="PENDING")
    done = letters_reprocess(letter_ids=[row.pk, other.pk, 2**62], actor=people.omar, reason=WHY)
    assert done.batches[0].size == 1
    assert {each.letter_id: each.refused and each.refused.status for each in done.refused} == {
        other.pk: 409, 2**62: 404
    }  # fmt: skip


def test_none_at_all_is_refused(people: People, letters: Letters) -> None:
    index(letters.failed(b"waits"))
    ids = list(DeadLetter.objects.values_list("pk", flat=True))
    with pytest.raises(Unprocessable):
        letters_reprocess(letter_ids=ids, actor=people.omar, reason=WHY)
    with pytest.raises(Forbidden):
        letters_reprocess(letter_ids=ids, actor=people.vera, reason=WHY)
    with pytest.raises(Unprocessable):
        letters_reprocess(letter_ids=[], actor=people.omar, reason=WHY)


def test_what_is_unsafe_to_repeat_is_not_sent_on_one_approval(
    people: People, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.get("analysis-worker"), "effects", Effects.UNSAFE)
    rows = approved(letters, people.ada)
    done = letters_reprocess(letter_ids=[rows[0].pk], actor=people.omar, reason=WHY)
    [refused] = done.refused
    assert not done.batches and refused.refused and "unsafe" in refused.refused.detail
    assert DeadLetter.objects.get().batch is None
