"""Acts on the pages of dead letters: two people, the set that was looked at, and nothing done twice."""

import re
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from dlq_admin.models import DeadLetter, RedriveBatch
from dlq_admin.services import batch_propose, letter_discard
from dlq_admin.services.batches import Pace
from dlq_admin.services.previewing import batch_preview
from heimdall_project.accounts.models import AuditEvent
from heimdall_project.errors import InvalidMessage
from tests.people import People

from .letters import Letters, index
from .test_admin_pages import BATCHES, LETTERS, client_of

pytestmark = pytest.mark.django_db(transaction=True)
PROPOSE = f"{LETTERS}propose/"
PACE = {"canary": "5", "rate": "50", "most_failures": "10", "most_lag": "1000"}
SENT = {"_form_submitted": "on"}


@pytest.fixture
def rows(letters: Letters) -> list[DeadLetter]:
    """Three letters of one cause, and one of a group that nobody here consumes for."""
    index(
        *(letters.failed(b'{"n":%d}' % n, error=InvalidMessage("no")) for n in range(3)),
        letters.failed(group="somebody.else", error=InvalidMessage("no")),
    )
    return list(DeadLetter.objects.order_by("pk"))


def named(rows: list[DeadLetter]) -> str:
    return f"{PROPOSE}?ids={','.join(str(row.pk) for row in rows)}"


def seen(client: Client, path: str) -> dict[str, str]:
    """The hidden fields of a form as the page was shown."""
    shown = client.get(path).content.decode()
    return dict(re.findall(r'<input type="hidden" name="(upto|set_hash)" value="([^"]*)"', shown))


def send(client: Client, path: str, form: dict[str, str], **more: str) -> Any:
    return client.post(path, {**PACE, "reason": "repaired", **form, **more})


def test_a_preview_is_of_the_very_set_that_is_frozen(people: People, rows: list[DeadLetter]) -> None:
    preview = batch_preview(letter_ids=[row.pk for row in rows])
    batch = batch_propose(
        letter_ids=[row.pk for row in rows], actor=people.omar, reason="repaired", pace=Pace()
    )
    assert (preview.size, preview.seen_hash) == (batch.size, batch.set_hash) == (3, batch.seen_hash)
    assert preview.left_out == {"no worker here consumes for its group": 1}


def test_a_proposal_says_who_is_left_out_and_freezes_what_was_looked_at(
    people: People, rows: list[DeadLetter]
) -> None:
    omar = client_of(people.omar)
    shown = omar.get(named(rows)).content.decode()
    assert "3 of 4 letters can be sent again" in shown and "No worker here consumes for its group" in shown
    form = seen(omar, named(rows))
    answer = send(omar, named(rows), form)
    batch = RedriveBatch.objects.get()
    assert answer.status_code == HTTPStatus.FOUND and answer.url == f"{BATCHES}{batch.pk}/change/"
    assert (batch.size, batch.set_hash, batch.rate, batch.most_failures) == (3, form["set_hash"], 50, 0.1)


def test_a_proposal_that_is_sent_twice_is_made_once(people: People, rows: list[DeadLetter]) -> None:
    omar = client_of(people.omar)
    form = seen(omar, named(rows))
    urls = {send(omar, named(rows), form).url for _ in range(2)}
    assert urls == {f"{BATCHES}{RedriveBatch.objects.get().pk}/change/"}
    assert AuditEvent.objects.acts().filter(action="dlq.propose").count() == 1


def test_nothing_is_proposed_when_letters_moved_on_since_the_page_was_shown(
    people: People, rows: list[DeadLetter]
) -> None:
    omar = client_of(people.omar)
    form = seen(omar, named(rows))
    letter_discard(letter_id=rows[0].pk, actor=people.ada, reason="not needed")
    answer = send(omar, named(rows), form)
    assert answer.status_code == HTTPStatus.CONFLICT and not RedriveBatch.objects.exists()
    shown = answer.content.decode()
    assert "The letters moved on" in shown and "2 of 4 letters" in shown and "Discarded already" in shown


def test_letters_that_come_after_the_page_was_shown_are_no_part_of_the_set(
    people: People, letters: Letters, rows: list[DeadLetter]
) -> None:
    path, omar = f"{PROPOSE}?cluster={rows[0].cluster_id}", client_of(people.omar)
    form = seen(omar, path)
    index(letters.failed(b"later", error=InvalidMessage("no")))
    send(omar, path, form)
    assert RedriveBatch.objects.get().size == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"reason": " "}, "This field is required"), ({"rate": "0"}, "greater than or equal to 0.01"),
     ({"canary": "many"}, "Enter a whole number"), ({"most_failures": "nan"}, "Enter a number"),
     ({"reason": "x" * 501}, "at most 500 characters")],
)  # fmt: skip
def test_what_is_wrong_with_a_proposal_is_named_beside_its_field(
    people: People, rows: list[DeadLetter], wrong: dict[str, str], said: str
) -> None:
    omar = client_of(people.omar)
    answer = send(omar, named(rows), {**seen(omar, named(rows)), **wrong})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY and said in answer.content.decode()
    assert not RedriveBatch.objects.exists()


def test_only_who_may_propose_is_offered_it_and_can(people: People, rows: list[DeadLetter]) -> None:
    vera = client_of(people.vera)
    assert vera.get(named(rows)).status_code == HTTPStatus.FORBIDDEN
    assert vera.post(named(rows), PACE).status_code == HTTPStatus.FORBIDDEN
    assert "propose/" not in vera.get(f"{LETTERS}{rows[0].pk}/change/").content.decode()
    assert "propose/" in client_of(people.omar).get(f"{LETTERS}{rows[0].pk}/change/").content.decode()


def test_the_proposer_is_not_offered_the_approval_and_is_refused_it(
    people: People, rows: list[DeadLetter]
) -> None:
    batch = batch_propose(letter_ids=[rows[0].pk], actor=people.ada, reason="repaired", pace=Pace())
    ada, path = client_of(people.ada), f"{BATCHES}{batch.pk}/"
    shown = ada.get(f"{path}change/").content.decode()
    assert f"{path}approve/" not in shown and "you cannot approve it" in shown
    form = {**SENT, "reason": "mine", "set_hash": batch.set_hash}
    answer = ada.post(f"{path}approve/", form, headers={"HX-Request": "true"})
    assert "another person has to" in answer.content.decode()
    batch.refresh_from_db()
    assert batch.state == "PROPOSED"


def test_another_approves_exactly_the_set_of_the_dialog(people: People, rows: list[DeadLetter]) -> None:
    batch = batch_propose(letter_ids=[rows[0].pk], actor=people.omar, reason="repaired", pace=Pace())
    ada, path = client_of(people.ada), f"{BATCHES}{batch.pk}/approve/"
    assert batch.set_hash in ada.get(path, headers={"HX-Request": "true"}).content.decode()
    other = {**SENT, "reason": "seen", "set_hash": "0" * 64}
    answer = ada.post(path, other, headers={"HX-Request": "true"})
    assert "not the set that was proposed" in answer.content.decode()
    ada.post(path, {**other, "set_hash": batch.set_hash})
    batch.refresh_from_db()
    assert (batch.state, batch.approved_by) == ("RUNNING", people.ada)


def test_a_batch_is_paused_resumed_and_cancelled_with_reasons(people: People, rows: list[DeadLetter]) -> None:
    batch = batch_propose(letter_ids=[rows[0].pk], actor=people.omar, reason="repaired", pace=Pace())
    ada, omar = client_of(people.ada), client_of(people.omar)
    ada.post(f"{BATCHES}{batch.pk}/approve/", {**SENT, "reason": "seen", "set_hash": batch.set_hash})
    for act, state in (("pause", "PAUSED"), ("resume", "RUNNING"), ("cancel", "CANCELLED")):
        assert f"{batch.pk}/{act}/" in omar.get(f"{BATCHES}{batch.pk}/change/").content.decode()
        omar.post(f"{BATCHES}{batch.pk}/{act}/", {**SENT, "reason": f"to {act}"})
        batch.refresh_from_db()
        assert batch.state == state
    acts = AuditEvent.objects.acts().values_list("action", "reason")
    assert {("dlq.pause", "to pause"), ("dlq.resume", "to resume"), ("dlq.cancel", "to cancel")} <= set(acts)


def test_a_letter_is_approved_by_one_and_sent_by_another(people: People, rows: list[DeadLetter]) -> None:
    ada, omar, path = client_of(people.ada), client_of(people.omar), f"{LETTERS}{rows[0].pk}/"
    ada.post(f"{path}approve/", {**SENT, "reason": "looked at it"})
    assert f"{path}reprocess/" not in ada.get(f"{path}change/").content.decode()
    assert f"{path}reprocess/" in omar.get(f"{path}change/").content.decode()
    omar.post(f"{path}reprocess/", {**SENT, "reason": "go"})
    assert RedriveBatch.objects.get().state == "RUNNING"


def test_several_are_discarded_but_not_one_that_failed_again_meanwhile(
    people: People, rows: list[DeadLetter]
) -> None:
    omar = client_of(people.omar)
    path = f"{LETTERS}discard/"
    shown = omar.get(f"{path}?ids={rows[0].pk},{rows[1].pk},0,x").content.decode()
    listed = re.findall(r'name="letter" value="([^"]*)"', shown)
    assert len(listed) == 2
    assert "This needs a reason" in omar.post(path, {"letter": listed, "reason": ""}).content.decode()
    DeadLetter.objects.filter(pk=rows[1].pk).update(attempt=2)
    done = omar.post(path, {"letter": listed, "reason": "test data"}).content.decode()
    assert "It failed once more since this page was shown" in done
    assert set(DeadLetter.objects.filter(state="DISCARDED")) == {rows[0]}
