"""Two operators at once: one of them is too late, and nothing is sent twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connections

from dlq_admin.models import BatchItem, DeadLetter, RedriveBatch
from dlq_admin.services import (
    Pace,
    batch_approve,
    batch_cancel,
    batch_propose,
    letter_approve,
    letter_discard,
    letter_reprocess,
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
