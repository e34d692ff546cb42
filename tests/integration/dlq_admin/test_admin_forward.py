"""Fix forward on the pages: what is sent is held against the contract, changed, and compared."""

import re
from http import HTTPStatus

import msgspec
import pytest
from pytest_django import Settings

from dlq_admin.models import DeadLetter, RedriveBatch
from dlq_admin.services import batch_propose
from dlq_admin.services.batches import Pace
from dlq_admin.services.previewing import batch_preview
from heimdall_project.accounts.models import AuditEvent
from heimdall_project.errors import InvalidMessage
from tests.people import People

from .letters import Letters, index
from .test_admin_acts import SENT, seen, send
from .test_admin_pages import BATCHES, LETTERS, client_of

pytestmark = pytest.mark.django_db(transaction=True)
TRANSFORM = "drop-stray-dwell/1"
EVENT = {
    "event_id": "e-1",
    "event_type": "view",
    "content_id": "article-17",
    "user_id": "ada@example.com",
    "occurred_at": "2026-11-21T09:15:02Z",
    "dwell_ms": 5,
}


@pytest.fixture
def rows(letters: Letters) -> list[DeadLetter]:
    """Two page views: one that the transform repairs, one that nothing does."""
    values = (msgspec.json.encode(EVENT), b'{"event_type": "view"}')
    index(
        *(
            letters.failed(
                value,
                error=InvalidMessage("no"),
                topic="events.page_view.v1",
                group="heimdall.clickhouse-writer",
                dead="events.page_view.v1.dlt",
            )
            for value in values
        )
    )
    return list(DeadLetter.objects.order_by("pk"))


def path_of(rows: list[DeadLetter], transform: str = "") -> str:
    ids = ",".join(str(row.pk) for row in rows)
    return f"{LETTERS}propose/?ids={ids}" + (f"&transform={transform}" if transform else "")


def test_the_preview_of_a_transform_is_of_the_very_set_that_is_frozen(
    people: People, rows: list[DeadLetter]
) -> None:
    ids = [row.pk for row in rows]
    preview = batch_preview(letter_ids=ids, transform=TRANSFORM)
    batch = batch_propose(letter_ids=ids, actor=people.omar, reason="x", pace=Pace(), transform=TRANSFORM)
    assert (preview.size, preview.seen_hash) == (batch.size, batch.seen_hash)
    assert batch.size == 1 and preview.left_out == {f"{TRANSFORM} does not bring it into the contract": 1}


def test_a_proposal_says_what_would_fail_again_and_offers_what_repairs_it(
    people: People, rows: list[DeadLetter]
) -> None:
    omar = client_of(people.omar)
    shown = omar.get(path_of(rows)).content.decode()
    assert "all of them fail again" in shown and "choose a transform" in shown and "$.dwell_ms" in shown
    assert TRANSFORM in shown and "Takes dwell_ms off" in shown
    changed = path_of(rows, TRANSFORM)
    shown = omar.get(changed).content.decode()
    assert "others would fail again" not in shown and "1 of 2 letters can be sent again" in shown
    form = seen(omar, changed)
    urls = {send(omar, changed, form).url for _ in range(2)}
    batch = RedriveBatch.objects.get()
    assert urls == {f"{BATCHES}{batch.pk}/change/"} and batch.change == TRANSFORM


def test_a_transform_is_chosen_for_a_cause_too(people: People, rows: list[DeadLetter]) -> None:
    path = f"{LETTERS}propose/?cluster={rows[0].cluster_id}&transform={TRANSFORM}"
    omar = client_of(people.omar)
    assert f"changed by {TRANSFORM}" in omar.get(path).content.decode()
    send(omar, path, seen(omar, path))
    assert RedriveBatch.objects.get().change == TRANSFORM


def test_bytes_before_and_after_are_shown_by_a_press_of_a_button(
    people: People, rows: list[DeadLetter]
) -> None:
    batch = batch_propose(
        letter_ids=[rows[0].pk], actor=people.omar, reason="x", pace=Pace(), transform=TRANSFORM
    )
    path, omar = f"{BATCHES}{batch.pk}/", client_of(people.omar)
    page = omar.get(f"{path}change/").content.decode()
    assert TRANSFORM in page and "Held against the contract" in page and f"{batch.pk}/report" in page
    assert omar.get(f"{path}compare/").status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert client_of(people.vera).post(f"{path}compare/").status_code == HTTPStatus.FORBIDDEN
    shown = omar.post(f"{path}compare/", headers={"HX-Request": "true"}).content.decode()
    before, after = re.findall(r"<bdi>(\{.*?\})</bdi>", shown, re.S)
    assert "dwell_ms" in before and "dwell_ms" not in after and "ada@example.com" not in shown
    assert AuditEvent.objects.acts().filter(action="dlq.payload.read").count() == 1


def test_only_who_may_break_the_glass_where_that_is_allowed_is_offered_it(
    people: People, rows: list[DeadLetter], settings: Settings
) -> None:
    people.omar.is_superuser = True
    people.omar.save()
    batch = batch_propose(letter_ids=[rows[0].pk], actor=people.omar, reason="x", pace=Pace())
    path, omar = f"{BATCHES}{batch.pk}/", client_of(people.omar)
    form = {**SENT, "reason": "nobody else is there", "set_hash": batch.set_hash}
    assert f"{path}alone/" not in omar.get(f"{path}change/").content.decode()
    assert omar.post(f"{path}alone/", form).status_code == HTTPStatus.FORBIDDEN
    settings.DLQ_BREAK_GLASS = True
    assert f"{path}alone/" in omar.get(f"{path}change/").content.decode()
    assert f"{path}alone/" not in client_of(people.ada).get(f"{path}change/").content.decode()
    omar.post(f"{path}alone/", form)
    batch.refresh_from_db()
    assert (batch.state, batch.break_glass) == ("RUNNING", True)
    assert "The glass was broken" in omar.get(f"{path}change/").content.decode()


def test_a_letter_is_proposed_with_bytes_that_a_person_wrote_if_they_fit(
    people: People, rows: list[DeadLetter]
) -> None:
    path, ada = f"{LETTERS}{rows[1].pk}/", client_of(people.ada)
    assert 'name="value"' in ada.post(f"{path}payload/").content.decode()
    form = {"value": '{"event_type": "view"}', "reason": "written anew"}
    refused = ada.post(f"{path}edit/", form)
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "does not fit the contract" in refused.content.decode() and not RedriveBatch.objects.exists()
    fits = {name: value for name, value in EVENT.items() if name != "dwell_ms"}
    answer = ada.post(f"{path}edit/", {**form, "value": msgspec.json.encode(fits).decode()})
    batch = RedriveBatch.objects.get()
    assert answer.headers["Location"] == f"{BATCHES}{batch.pk}/change/" and batch.change == "edit"


def test_what_is_masked_for_a_reader_is_not_offered_to_be_edited(
    people: People, rows: list[DeadLetter]
) -> None:
    path = f"{LETTERS}{rows[0].pk}/payload/"
    assert 'name="value"' not in client_of(people.omar).post(path).content.decode()
    assert 'name="value"' in client_of(people.ada).post(path).content.decode()
