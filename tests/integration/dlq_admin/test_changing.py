"""Fix forward: dry runs, transforms, edits. Originals stay; an approval is for exactly what is sent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from dlq_admin.models import BatchItem, DeadLetter, ItemBytes, RedriveBatch
from dlq_admin.services import (
    Pace,
    batch_approve,
    batch_compare,
    batch_propose,
    batch_try,
    letter_edit,
    letters_compare,
    letters_try,
)
from heimdall_project.accounts.models import AuditEvent
from heimdall_project.errors import Conflict, Forbidden, InvalidMessage, Unprocessable
from heimdall_project.streams import transforms
from heimdall_project.streams.topics import Topic
from tests.people import People

from .letters import Letters, assert_counted, index, value_of

pytestmark = pytest.mark.django_db
WHY = "clients sent dwell_ms"
DROP, STRIP = "drop-stray-dwell/1", "strip-nul/1"
GOOD: dict[str, Any] = {
    "content_id": "c", "user_id": "u", "event_type": "view", "occurred_at": "2026-11-21T09:15:02Z"
}  # fmt: skip


def views(letters: Letters, *changes: dict[str, Any]) -> list[DeadLetter]:
    """Dead letters of page views."""
    index(
        *(
            letters.failed(
                json.dumps(GOOD | change).encode(),
                topic="events.page_view.v1",
                dead="events.page_view.v1.dlt",
                group="heimdall.clickhouse-writer",
                error=InvalidMessage("dwell_ms: not with view"),
            )
            for change in changes
        )
    )
    return list(DeadLetter.objects.order_by("pk"))


def proposed(people: People, rows: list[DeadLetter], transform: str = "") -> RedriveBatch:
    ids = [row.pk for row in rows]
    return batch_propose(letter_ids=ids, actor=people.omar, reason=WHY, pace=Pace(), transform=transform)


def approved(people: People, batch: RedriveBatch) -> RedriveBatch:
    return batch_approve(batch_id=batch.pk, actor=people.ada, reason=WHY, set_hash=batch.set_hash)


# --- dry runs ---------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_fits_and_every_path_that_does_not(people: People, letters: Letters) -> None:
    rows = views(letters, {"dwell_ms": 7}, {}, {"content_id": "", "user_id": "u" * 129})
    trial = batch_try(batch_id=proposed(people, rows).pk)
    assert [each.passes for each in trial.tried] == [False, True, False]
    assert [[error.path for error in each.errors] for each in trial.tried] == [
        ["$.dwell_ms"], [], ["$.content_id", "$.user_id"]
    ]  # fmt: skip
    assert not any(each.obstacle for each in trial.tried)
    [place] = trial.places
    assert (place.topic, place.consumer, place.effects) == (
        "events.page_view.v1", "clickhouse-writer", "idempotent"
    )  # fmt: skip
    assert DeadLetter.objects.filter(state="PENDING").count() == 3


def test_a_dry_run_goes_page_by_page(people: People, letters: Letters) -> None:
    batch = proposed(people, views(letters, *({"user_id": str(n)} for n in range(5))))
    seen, after = [], 0
    for _ in range(3):
        trial = batch_try(batch_id=batch.pk, after=after, most=2)
        seen += [each.letter_id for each in trial.tried]
        after = trial.after or 0
    assert after == 0 and seen == list(BatchItem.objects.order_by("pk").values_list("letter", flat=True))


def test_a_dry_run_tells_who_would_not_be_sent_and_why(people: People, letters: Letters) -> None:
    rows = views(letters, {}, {"user_id": "1"}, {"user_id": "2"}, {"user_id": "3"})
    batch = proposed(people, rows)
    DeadLetter.objects.filter(pk=rows[0].pk).update(attempt=2)
    rows[1].payload.delete()
    DeadLetter.objects.filter(pk=rows[2].pk).update(state="DISCARDED")
    obstacles = [each.obstacle for each in batch_try(batch_id=batch.pk).tried]
    assert ["failed again" in obstacles[0], "cleaned up" in obstacles[1], "moved on" in obstacles[2]] == [
        True
    ] * 3
    assert obstacles[3] == ""


def test_letters_are_tried_before_they_are_proposed_also_with_a_transform(
    people: People, letters: Letters
) -> None:
    ids = [row.pk for row in views(letters, {"dwell_ms": 7}, {"content_id": ""})]
    passes = [each.passes for each in letters_try(letter_ids=ids, actor=people.omar).tried]
    assert passes == [False, False]
    passes = [each.passes for each in letters_try(letter_ids=ids, actor=people.omar, transform=DROP).tried]
    assert passes == [True, False]
    with pytest.raises(Unprocessable):
        letters_try(letter_ids=range(1, 502), actor=people.omar)
    with pytest.raises(Forbidden):
        letters_try(letter_ids=ids, actor=people.vera)


# --- transforms -------------------------------------------------------------------------------------------


def test_a_transform_fixes_what_is_sent_and_leaves_out_what_it_does_not_repair(
    people: People, letters: Letters
) -> None:
    rows = views(letters, {"dwell_ms": 7}, {"content_id": ""}, {"dwell_ms": 9, "user_id": "v"})
    batch = proposed(people, rows, DROP)
    assert (batch.size, batch.change) == (2, DROP)
    sent = {each.item.letter_id: json.loads(bytes(each.value)) for each in ItemBytes.objects.all()}
    assert sent == {rows[0].pk: GOOD, rows[2].pk: GOOD | {"user_id": "v"}}
    for row in rows:
        row.refresh_from_db()
    assert json.loads(value_of(rows[0].payload)) == GOOD | {"dwell_ms": 7}


def test_a_transform_that_repairs_nothing_is_refused(people: People, letters: Letters) -> None:
    with pytest.raises(Unprocessable):
        proposed(people, views(letters, {"content_id": ""}), DROP)
    assert not RedriveBatch.objects.exists() and not ItemBytes.objects.exists()


@pytest.mark.parametrize("name", ["drop-stray-dwell", "drop-stray-dwell/2", "nothing/1", "a\0"])
def test_an_unknown_transform_is_refused_and_the_known_ones_named(
    people: People, letters: Letters, name: str
) -> None:
    with pytest.raises(Unprocessable) as refused:
        proposed(people, views(letters, {}), name)
    assert DROP in refused.value.errors["transform"]


def test_a_transform_is_for_its_own_topic(people: People, letters: Letters) -> None:
    index(letters.failed(b"{}"))
    with pytest.raises(Unprocessable):
        proposed(people, list(DeadLetter.objects.all()), DROP)


@pytest.fixture
def breaks() -> Iterator[str]:
    """A transform with a defect."""

    @transforms.transform(Topic.PAGE_VIEWS, name="breaks", version=1)
    def breaks_(event: dict[str, Any]) -> dict[str, Any]:
        """Asks for what is not there."""
        return {"x": event["nothing"]}

    yield "breaks/1"
    transforms.forget("breaks/1")


def test_a_transform_that_breaks_repairs_nothing(people: People, letters: Letters, breaks: str) -> None:
    [tried] = letters_try(letter_ids=[views(letters, {})[0].pk], actor=people.omar, transform=breaks).tried
    assert tried.passes is False and "KeyError" in tried.errors[0].rule


def test_before_and_after_are_shown_and_the_look_is_written_down(people: People, letters: Letters) -> None:
    rows = views(letters, {"dwell_ms": 7, "user_id": "ada@example.com"})
    [seen] = letters_compare(letter_ids=[rows[0].pk], actor=people.omar, transform=DROP).compared
    assert "dwell_ms" in (seen.before.content or "") and "dwell_ms" not in (seen.after.content or "")
    assert "ada@example.com" not in f"{seen.before.content}{seen.after.content}"
    batch = proposed(people, rows, DROP)
    comparison = batch_compare(batch_id=batch.pk, actor=people.ada)
    assert not comparison.is_masked and "ada@example.com" in (comparison.compared[0].after.content or "")
    looks = AuditEvent.objects.acts().filter(action="dlq.payload.read").order_by("id")
    assert [(act.actor, act.state) for act in looks] == [("omar", "ok"), ("ada", "ok")]
    with pytest.raises(Forbidden):
        batch_compare(batch_id=batch.pk, actor=people.vera)


# --- what an approval is for --------------------------------------------------------------------------------


def test_the_hash_covers_what_is_sent(people: People, letters: Letters) -> None:
    rows = views(letters, {"dwell_ms": 7})
    hashes = {
        proposed(people, rows).set_hash,
        proposed(people, rows, DROP).set_hash,
        proposed(people, rows, DROP).set_hash,
        letter_edit(
            letter_id=rows[0].pk, value=json.dumps(GOOD).encode(), actor=people.omar, reason=WHY
        ).set_hash,
    }
    assert len(hashes) == 3  # the same transform of the same set has the same hash


def test_bytes_that_were_changed_after_the_proposal_void_it(people: People, letters: Letters) -> None:
    batch = proposed(people, views(letters, {"dwell_ms": 7}), DROP)
    item = BatchItem.objects.get()
    ItemBytes.objects.all().delete()
    ItemBytes.objects.create(item=item, value=b'{"forged": true}')
    with pytest.raises(Conflict, match="not the set"):
        approved(people, batch)


def test_neither_a_set_nor_its_bytes_can_be_changed_in_place(people: People, letters: Letters) -> None:
    approved(people, proposed(people, views(letters, {"dwell_ms": 7}), DROP))
    changes: list[Any] = [
        lambda: ItemBytes.objects.update(value=b"{}"),
        lambda: BatchItem.objects.update(redrive_id="another"),
        lambda: BatchItem.objects.update(attempt=2),
        lambda: BatchItem.objects.update(digest=b"\0"),
        lambda: RedriveBatch.objects.update(set_hash="another"),
        lambda: ItemBytes.objects.all().delete(),
    ]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    plain = approved(people, proposed(people, views(letters, {})))
    with pytest.raises(DatabaseError, match="before its approval"), transaction.atomic():
        ItemBytes.objects.create(item=BatchItem.objects.get(batch=plain), value=b"{}")


# --- edits --------------------------------------------------------------------------------------------------


def test_an_edit_is_a_batch_of_one_that_another_approves(people: People, letters: Letters) -> None:
    [row] = views(letters, {"dwell_ms": 7})
    new = json.dumps(GOOD | {"event_type": "dwell", "dwell_ms": 7}).encode()
    batch = letter_edit(letter_id=row.pk, value=new, actor=people.omar, reason=WHY)
    assert (batch.state, batch.size, batch.change) == ("PROPOSED", 1, "edit")
    assert bytes(ItemBytes.objects.get().value) == new
    with pytest.raises(Forbidden):
        batch_approve(batch_id=batch.pk, actor=people.omar, reason=WHY, set_hash=batch.set_hash)
    assert approved(people, batch).state == "RUNNING"
    row.refresh_from_db()
    assert json.loads(value_of(row.payload)) == GOOD | {"dwell_ms": 7}
    assert_counted()


def test_an_edit_that_does_not_fit_names_every_path(people: People, letters: Letters) -> None:
    [row] = views(letters, {"dwell_ms": 7})
    with pytest.raises(Unprocessable) as refused:
        letter_edit(
            letter_id=row.pk,
            value=json.dumps(GOOD | {"content_id": "", "dwell_ms": 7}).encode(),
            actor=people.omar,
            reason=WHY,
        )
    assert set(refused.value.errors) == {"value.content_id", "value.dwell_ms"}
    for broken in (b"", b"{", b"\xff", b"[]", b" " * 2_000_000):
        with pytest.raises(Unprocessable):
            letter_edit(letter_id=row.pk, value=broken, actor=people.omar, reason=WHY)
    assert not RedriveBatch.objects.exists()


def test_who_sees_only_a_mask_cannot_send_it(people: People, letters: Letters) -> None:
    [row] = views(letters, {"user_id": "ada@example.com", "dwell_ms": 7})
    new = json.dumps(GOOD).encode()
    with pytest.raises(Forbidden, match="may not see"):
        letter_edit(letter_id=row.pk, value=new, actor=people.omar, reason=WHY)
    assert letter_edit(letter_id=row.pk, value=new, actor=people.ada, reason=WHY).proposed_by == people.ada


def test_what_is_discarded_or_in_a_batch_is_not_edited(people: People, letters: Letters) -> None:
    rows = views(letters, {"dwell_ms": 7}, {})
    approved(people, proposed(people, rows[:1]))
    DeadLetter.objects.filter(pk=rows[1].pk).update(state="DISCARDED")
    for row in rows:
        with pytest.raises(Conflict):
            letter_edit(letter_id=row.pk, value=json.dumps(GOOD).encode(), actor=people.omar, reason=WHY)
