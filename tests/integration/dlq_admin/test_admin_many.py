"""Many letters at once on the pages: sent again for each approver, and deleted once they were counted."""

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db.models import F
from django.utils import timezone

from dlq_admin.models import DeadLetter, LetterPayload, RedriveBatch
from dlq_admin.services import OPEN_IN_WORDS, letter_approve, letter_discard
from heimdall_project.accounts.models import AuditEvent, User
from heimdall_project.errors import InvalidMessage
from tests.people import People

from .letters import Letters, index
from .test_admin_pages import CONSOLE, LETTERS, client_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)
SEND, CLEAN_UP = f"{LETTERS}send/", f"{LETTERS}cleanup/"
WHY = "looked at it"


@pytest.fixture
def rows(letters: Letters) -> list[DeadLetter]:
    """Four letters of one cause."""
    index(*(letters.failed(b'{"n":%d}' % n, error=InvalidMessage("no")) for n in range(4)))
    return list(DeadLetter.objects.order_by("pk"))


@pytest.fixture
def abe(people: People) -> User:
    """Another approver."""
    user = User.objects.create_user("abe", is_staff=True)
    user.groups.set(Group.objects.filter(name="approver"))
    return user


def hidden(shown: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', shown)


def test_several_are_sent_again_in_a_batch_for_each_approver_and_the_others_are_named(
    people: People, abe: User, rows: list[DeadLetter]
) -> None:
    for row, person in zip(rows, (people.ada, people.ada, abe), strict=False):
        letter_approve(letter_id=row.pk, actor=person, reason=WHY)
    ids = ",".join(str(row.pk) for row in rows)
    shown = text_of(people.omar, SEND, ids=ids)
    assert "3 of 4 can be sent again" in shown and "Approved by abe" in shown
    assert "only what another person approved is sent" in shown
    assert "You approved it" in text_of(abe, SEND, ids=ids)

    listed = hidden(shown, "letter")
    DeadLetter.objects.filter(pk=rows[1].pk).update(attempt=F("attempt") + 1)
    done = client_of(people.omar).post(SEND, {"letter": listed, "reason": "go"}).content.decode()
    assert "It failed once more since this page was shown" in done
    batches = RedriveBatch.objects.order_by("pk").values_list(
        "proposed_by__username", "approved_by__username"
    )
    assert sorted(batches) == [("omar", "abe"), ("omar", "ada")]
    assert RedriveBatch.objects.filter(size=1, state="RUNNING").count() == 2
    again = client_of(people.omar).post(SEND, {"letter": listed, "reason": "go"})
    assert again.status_code == HTTPStatus.UNPROCESSABLE_ENTITY and RedriveBatch.objects.count() == 2
    assert AuditEvent.objects.acts().filter(action="dlq.reprocess").count() == 2


def test_what_is_approved_one_by_one_is_the_next_step_of_who_may_send_it(
    people: People, rows: list[DeadLetter], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dlq_admin.admin.situation import Crew

    monkeypatch.setattr(Crew, "is_down", False)
    for row in rows:
        letter_approve(letter_id=row.pk, actor=people.ada, reason=WHY)
    path = f"{SEND}?cluster={rows[0].cluster_id}&amp;state=APPROVED"
    assert path in text_of(people.omar, CONSOLE) and path not in text_of(people.vera, CONSOLE)
    assert "4 of 4 can be sent again" in text_of(people.omar, SEND, state="APPROVED")
    assert f"{SEND}?state=APPROVED" in text_of(people.omar, LETTERS, state="APPROVED")
    for path in (SEND, CLEAN_UP):
        assert client_of(people.vera).get(path).status_code == HTTPStatus.FORBIDDEN
        assert client_of(people.vera).post(path).status_code == HTTPStatus.FORBIDDEN


def old(*, days: int, besides: int = 0) -> None:
    at = timezone.now() - timedelta(days=days)
    DeadLetter.objects.exclude(pk=besides).update(moved_at=at, failed_at=at)


def test_a_cleanup_counts_first_and_then_deletes_what_was_counted(
    people: People, rows: list[DeadLetter]
) -> None:
    for row in rows[:3]:
        letter_discard(letter_id=row.pk, actor=people.omar, reason="x")
    old(days=100, besides=rows[2].pk)
    ada = client_of(people.ada)
    shown = text_of(people.ada, CLEAN_UP, payloads=30, rows=365)
    assert 'id="dl-rows">0<' in shown and 'id="dl-payloads">2<' in shown
    form = {"payloads": "30", "rows": "365", "at": hidden(shown, "at")[0]}
    assert "This needs a reason" in ada.post(CLEAN_UP, form).content.decode()
    assert LetterPayload.objects.count() == 4
    assert ada.post(CLEAN_UP, {**form, "reason": "room"}).status_code == HTTPStatus.FOUND
    assert set(LetterPayload.objects.values_list("letter_id", flat=True)) == {rows[2].pk, rows[3].pk}
    act = AuditEvent.objects.acts().get(action="dlq.cleanup")
    assert (act.actor, act.reason, act.state) == ("ada", "room", "ok")

    late = {**form, "reason": "room", "at": (timezone.now() + timedelta(days=400)).isoformat()}
    answer: Any = ada.post(CLEAN_UP, late)
    assert answer.status_code == HTTPStatus.FOUND and answer.url.startswith(f"{CLEAN_UP}?payloads=30")
    wrong = ada.get(CLEAN_UP, {"payloads": "-1", "rows": "x"})
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY and DeadLetter.objects.count() == 4


def test_open_letters_are_deleted_only_by_who_writes_so_in_words(
    people: People, rows: list[DeadLetter]
) -> None:
    letter_discard(letter_id=rows[0].pk, actor=people.omar, reason="x")
    old(days=400)
    ada, days = client_of(people.ada), {"payloads": "30", "rows": "365", "open_too": "on"}
    shown = text_of(people.ada, CLEAN_UP, **days)
    assert 'id="dl-rows">4<' in shown and "3 of them open" in shown and OPEN_IN_WORDS in shown
    form = {**days, "at": hidden(shown, "at")[0], "reason": "room"}
    refused = ada.post(CLEAN_UP, {**form, "in_words": "yes"})
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY and DeadLetter.objects.count() == 4
    assert "room" in refused.content.decode()
    ada.post(CLEAN_UP, {**form, "in_words": OPEN_IN_WORDS})
    assert not DeadLetter.objects.exists()
