"""Two operators at once: one of them is too late, and nothing is sent twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connections
from django.utils import timezone

from dlq_admin.models import BatchItem, DeadLetter, RedriveBatch
from dlq_admin.services import (
    OPEN_IN_WORDS,
    Bounds,
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
    letters_clean_up,
)
from heimdall_project.accounts.models import User
from heimdall_project.errors import Refused
from tests.people import People

from .letters import Letters, assert_counted, index

pytestmark = pytest.mark.django_db(transaction=True)
WHY = "repaired"


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """Do these at the same time; answers how many succeeded and what refused the others."""
    ready = Barrier(len(acts))

    def act(do: Callable[[], Any]) -> str:
        try:
            ready.wait(30)
            do()
        except Refused as refused:
            return str(refused.status)
        finally:
            connections.close_all()
        return "ok"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(act, acts))


@pytest.fixture
def abe(people: People) -> User:
    """Another approver."""
    user = User.objects.create_user("abe")
    user.groups.set(Group.objects.filter(name="approver"))
    return user


def rows(letters: Letters, count: int) -> list[int]:
    index(*(letters.failed(b"%d" % n) for n in range(count)))
    return list(DeadLetter.objects.order_by("pk").values_list("pk", flat=True))


def approval(batch: RedriveBatch, actor: User) -> Callable[[], RedriveBatch]:
    return lambda: batch_approve(batch_id=batch.pk, actor=actor, reason=WHY, set_hash=batch.set_hash)


def test_two_who_approve_one_batch_at_once_start_it_once(people: People, letters: Letters, abe: User) -> None:
    batch = batch_propose(letter_ids=rows(letters, 3), actor=people.omar, reason=WHY, pace=Pace())
    assert at_once(approval(batch, people.ada), approval(batch, abe)) == ["409", "ok"]
    assert DeadLetter.objects.filter(batch=batch, state="APPROVED").count() == 3
    assert_counted()


def test_two_batches_of_the_same_letters_approved_at_once_share_them_out(
    people: People, letters: Letters, abe: User
) -> None:
    ids = rows(letters, 20)
    one, two = (batch_propose(letter_ids=ids, actor=people.omar, reason=WHY, pace=Pace()) for _ in range(2))
    assert at_once(approval(one, people.ada), approval(two, abe)) == ["ok", "ok"]
    waiting = BatchItem.objects.filter(state="WAITING").values_list("letter", flat=True)
    assert sorted(waiting) == ids and BatchItem.objects.filter(state="SKIPPED").count() == 20
    assert_counted()


def test_who_approves_and_who_discards_a_letter_at_once_do_not_both_win(
    people: People, letters: Letters
) -> None:
    [pk] = rows(letters, 1)
    at_once(
        lambda: letter_approve(letter_id=pk, actor=people.ada, reason=WHY),
        lambda: letter_discard(letter_id=pk, actor=people.omar, reason=WHY),
    )
    assert DeadLetter.objects.get().state == "DISCARDED"  # also after an approval
    assert_counted()


def test_a_letter_that_two_send_at_once_goes_into_one_batch(people: People, letters: Letters) -> None:
    [pk] = rows(letters, 1)
    letter_approve(letter_id=pk, actor=people.ada, reason=WHY)
    boss = User.objects.create_superuser("boss")
    came = at_once(
        *(lambda w=who: letter_reprocess(letter_id=pk, actor=w, reason=WHY) for who in (people.omar, boss))
    )
    assert came.count("ok") == 1 and RedriveBatch.objects.count() == 1
    assert_counted()


def test_who_cancels_and_who_approves_at_once_leave_no_letter_held(people: People, letters: Letters) -> None:
    batch = batch_propose(letter_ids=rows(letters, 5), actor=people.omar, reason=WHY, pace=Pace())
    at_once(
        approval(batch, people.ada),
        lambda: batch_cancel(batch_id=batch.pk, actor=people.omar, reason=WHY),
    )
    batch.refresh_from_db()
    assert batch.state == "CANCELLED"
    assert DeadLetter.objects.filter(state="PENDING", batch=None).count() == 5
    assert_counted()


def steered(act: Callable[..., RedriveBatch], batch: RedriveBatch, actor: User) -> Callable[[], RedriveBatch]:
    return lambda: act(batch_id=batch.pk, actor=actor, reason=WHY)


def approved(people: People, letters: Letters, count: int = 3) -> RedriveBatch:
    batch = batch_propose(letter_ids=rows(letters, count), actor=people.omar, reason=WHY, pace=Pace())
    return approval(batch, people.ada)()


def test_who_rejects_and_who_approves_at_once_do_not_both_win(
    people: People, letters: Letters, abe: User
) -> None:
    batch = batch_propose(letter_ids=rows(letters, 3), actor=people.omar, reason=WHY, pace=Pace())
    assert at_once(steered(batch_reject, batch, abe), approval(batch, people.ada)) == ["409", "ok"]
    batch.refresh_from_db()
    held = DeadLetter.objects.filter(batch=batch, state="APPROVED").count()
    assert (batch.state, held) in {("REJECTED", 0), ("RUNNING", 3)}
    assert_counted()


def test_who_pauses_and_who_cancels_at_once_end_it_and_hold_no_letter(
    people: People, letters: Letters, abe: User
) -> None:
    batch = approved(people, letters)
    came = at_once(steered(batch_pause, batch, people.omar), steered(batch_cancel, batch, abe))
    batch.refresh_from_db()
    assert batch.state == "CANCELLED" and came in (["409", "ok"], ["ok", "ok"])
    assert DeadLetter.objects.filter(state="PENDING", batch=None).count() == 3
    assert_counted()


def test_two_who_let_one_batch_go_on_do_so_once(people: People, letters: Letters, abe: User) -> None:
    batch = approved(people, letters)
    steered(batch_pause, batch, abe)()
    assert at_once(*(steered(batch_resume, batch, who) for who in (people.omar, abe))) == ["409", "ok"]


def test_two_who_propose_the_same_letters_at_once_have_a_proposal_each_and_one_is_sent(
    people: People, letters: Letters
) -> None:
    ids = rows(letters, 5)
    boss = User.objects.create_superuser("boss")

    def proposal(who: User) -> Callable[[], RedriveBatch]:
        return lambda: batch_propose(letter_ids=ids, actor=who, reason=WHY, pace=Pace())

    assert at_once(proposal(people.omar), proposal(boss)) == ["ok", "ok"]
    for batch in RedriveBatch.objects.order_by("pk"):
        approval(batch, people.ada)()
    states = BatchItem.objects.order_by("batch_id").values_list("state", flat=True)
    assert list(states) == ["WAITING"] * 5 + ["SKIPPED"] * 5
    assert_counted()


def test_letters_that_are_discarded_while_their_batch_is_approved_are_one_or_the_other(
    people: People, letters: Letters
) -> None:
    ids = rows(letters, 3)
    batch = batch_propose(letter_ids=ids, actor=people.omar, reason=WHY, pace=Pace())
    discards = [lambda pk=pk: letter_discard(letter_id=pk, actor=people.omar, reason=WHY) for pk in ids]
    came = at_once(approval(batch, people.ada), *discards)
    assert came.count("ok") == 1 + DeadLetter.objects.filter(state="DISCARDED").count()
    found = {(row.state, row.batch_id is None) for row in DeadLetter.objects.all()}
    assert found <= {("APPROVED", False), ("DISCARDED", True)}
    waiting = BatchItem.objects.filter(state="WAITING").count()
    assert waiting == DeadLetter.objects.filter(state="APPROVED").count()
    assert_counted()


@pytest.mark.parametrize("late", [False, True])
def test_letters_that_are_cleaned_up_while_they_are_proposed_are_never_sent(
    people: People, letters: Letters, late: bool
) -> None:
    ids = rows(letters, 5)
    DeadLetter.objects.update(moved_at="2020-01-01T00:00:00Z", failed_at="2020-01-01T00:00:00Z")
    now = timezone.now()
    bounds = Bounds(payloads_before=now, rows_before=now, open_too=True)

    def proposal() -> RedriveBatch:
        return batch_propose(letter_ids=ids, actor=people.omar, reason=WHY, pace=Pace())

    batch = proposal() if late else None
    at_once(
        approval(batch, people.ada) if batch else proposal,
        lambda: letters_clean_up(actor=people.ada, reason=WHY, bounds=bounds, in_words=OPEN_IN_WORDS),
    )
    for left in RedriveBatch.objects.filter(state="PROPOSED"):
        approval(left, people.ada)()
    there = set(DeadLetter.objects.values_list("pk", flat=True))
    waiting = set(BatchItem.objects.filter(state="WAITING").values_list("letter_id", flat=True))
    assert waiting <= there and len(there) in {0, 5}
    assert_counted()
