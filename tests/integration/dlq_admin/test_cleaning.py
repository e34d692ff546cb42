"""Old dead letters go by retention, bytes before rows; what is open never goes unless asked for in words."""

from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from dlq_admin.consumers import DlqCleanup
from dlq_admin.models import BatchItem, Cluster, ClusterTrend, DeadLetter, LetterLine, LetterPayload
from dlq_admin.services import (
    OPEN_IN_WORDS,
    Bounds,
    Pace,
    batch_approve,
    batch_propose,
    batch_seen,
    cleaning,
    letter_discard,
    letters_clean_up,
    letters_index,
    progress_of,
    trend_forget,
)
from heimdall_project.accounts.models import AuditEvent
from heimdall_project.errors import Forbidden, Unprocessable
from tests.people import People

from .letters import Letters, assert_counted, index

pytestmark = pytest.mark.django_db
WHY = "room is short"
DAY = timedelta(days=1)


def rows(people: People, letters: Letters, *, discarded: int, waiting: int = 0) -> list[DeadLetter]:
    """Letters, the first of them closed, all of them old."""
    index(*(letters.failed(b"%d" % n) for n in range(discarded + waiting)))
    found = list(DeadLetter.objects.order_by("pk"))
    for row in found[:discarded]:
        letter_discard(letter_id=row.pk, actor=people.omar, reason=WHY)
    age(100)
    return found


def age(days: int) -> None:
    DeadLetter.objects.update(moved_at=timezone.now() - days * DAY, failed_at=timezone.now() - days * DAY)


def bounds(*, payloads: int = 30, rows: int = 365, open_too: bool = False) -> Bounds:
    now = timezone.now()
    return Bounds(payloads_before=now - payloads * DAY, rows_before=now - rows * DAY, open_too=open_too)


def clean(people: People, given: Bounds, **more: Any) -> tuple[int, int]:
    cleaned = letters_clean_up(actor=people.ada, reason=WHY, bounds=given, **more)
    return cleaned.payloads, cleaned.rows


def test_bytes_go_first_and_rows_later(people: People, letters: Letters) -> None:
    closed, open_ = rows(people, letters, discarded=1, waiting=1)
    assert clean(people, bounds()) == (1, 0)
    assert list(LetterPayload.objects.values_list("letter", flat=True)) == [open_.pk]
    assert clean(people, bounds()) == (0, 0)
    assert clean(people, bounds(rows=90)) == (0, 1)
    assert DeadLetter.objects.get() == open_
    assert not LetterLine.objects.filter(letter=closed.pk).exists()
    assert_counted()


def test_what_is_young_stays(people: People, letters: Letters) -> None:
    rows(people, letters, discarded=2)
    age(29)
    assert clean(people, bounds()) == (0, 0) and LetterPayload.objects.count() == 2


def test_a_dry_run_counts_and_deletes_nothing(people: People, letters: Letters) -> None:
    rows(people, letters, discarded=2, waiting=1)
    assert clean(people, bounds(rows=90), dry_run=True) == (0, 2)
    assert DeadLetter.objects.count() == LetterPayload.objects.count() == 3
    assert not AuditEvent.objects.filter(action="dlq.cleanup").exists()


def test_who_cleaned_up_why_and_how_much_is_written_down(people: People, letters: Letters) -> None:
    rows(people, letters, discarded=2)
    clean(people, bounds(rows=90))
    [act] = AuditEvent.objects.acts().filter(action="dlq.cleanup")
    assert (act.actor, act.reason, act.state, act.detail["open_too"]) == ("ada", WHY, "ok", False)
    assert act.outcome.detail["rows"] == 2


@pytest.mark.parametrize("words", ["", "yes", OPEN_IN_WORDS.upper()])
def test_what_is_open_does_not_go_unless_it_is_asked_for_in_words(
    people: People, letters: Letters, words: str
) -> None:
    rows(people, letters, discarded=0, waiting=2)
    for dry_run in (True, False):
        with pytest.raises(Unprocessable, match="nobody has decided"):
            clean(people, bounds(rows=90, open_too=True), in_words=words, dry_run=dry_run)
    assert DeadLetter.objects.count() == 2
    assert clean(people, bounds(rows=90, open_too=True), in_words=OPEN_IN_WORDS) == (0, 2)
    assert_counted()


def test_what_is_approved_in_a_batch_or_under_way_never_goes(people: People, letters: Letters) -> None:
    found = rows(people, letters, discarded=0, waiting=3)
    batch = batch_propose(letter_ids=[found[0].pk], actor=people.omar, reason=WHY, pace=Pace())
    batch_approve(batch_id=batch.pk, actor=people.ada, reason=WHY, set_hash=batch.set_hash)
    DeadLetter.objects.filter(pk=found[1].pk).update(state="PUBLISHED", redrive_id="r-1")
    DeadLetter.objects.filter(pk=found[2].pk).update(state="APPROVED", approved_by=people.ada)
    age(1000)
    assert clean(people, bounds(rows=90, open_too=True), in_words=OPEN_IN_WORDS) == (0, 0)
    assert DeadLetter.objects.count() == LetterPayload.objects.count() == 3


def test_a_proposal_whose_letter_was_cleaned_up_skips_it(people: People, letters: Letters) -> None:
    found = rows(people, letters, discarded=0, waiting=2)
    ids = [row.pk for row in found]
    batch = batch_propose(letter_ids=ids, actor=people.omar, reason=WHY, pace=Pace())
    DeadLetter.objects.filter(pk=ids[1]).update(failed_at=timezone.now())
    assert clean(people, bounds(rows=90, open_too=True), in_words=OPEN_IN_WORDS) == (0, 1)
    batch = batch_approve(batch_id=batch.pk, actor=people.ada, reason=WHY, set_hash=batch.set_hash)
    assert dict(BatchItem.objects.values_list("letter_id", "state")) == {ids[0]: "SKIPPED", ids[1]: "WAITING"}
    assert progress_of(batch_seen(batch_id=batch.pk)).waiting == 1


def test_it_is_bounded_and_says_that_there_is_more(
    people: People, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "CLEAN_MOST", 4)
    monkeypatch.setattr(cleaning, "AT_ONCE", 2)
    rows(people, letters, discarded=5)
    first = letters_clean_up(actor=people.ada, reason=WHY, bounds=bounds(rows=90))
    second = letters_clean_up(actor=people.ada, reason=WHY, bounds=bounds(rows=90))
    assert (first.rows, first.more, second.rows, second.more) == (4, True, 1, False)


def test_it_takes_a_right_a_reason_and_moments_in_the_past(people: People, letters: Letters) -> None:
    with pytest.raises(Forbidden):
        letters_clean_up(actor=people.omar, reason=WHY, bounds=bounds())
    with pytest.raises(Unprocessable):
        letters_clean_up(actor=people.ada, reason=" ", bounds=bounds())
    with pytest.raises(Unprocessable) as refused:
        letters_clean_up(actor=people.ada, reason=WHY, bounds=bounds(payloads=-1))
    assert set(refused.value.errors) == {"payloads_before"}


def test_a_cause_outlives_its_letters_and_shows_another_sample(people: People, letters: Letters) -> None:
    closed, open_ = rows(people, letters, discarded=1, waiting=1)
    Cluster.objects.update(sample=closed)
    clean(people, bounds(rows=90))
    assert Cluster.objects.get().sample == open_
    clean(people, bounds(rows=90, open_too=True), in_words=OPEN_IN_WORDS)
    cluster = Cluster.objects.get()
    assert (cluster.total, cluster.sample) == (0, None)


def test_a_letter_that_comes_again_after_its_row_went_is_new(people: People, letters: Letters) -> None:
    record = letters.failed(b"x")
    index(record)
    letter_discard(letter_id=DeadLetter.objects.get().pk, actor=people.omar, reason=WHY)
    age(1000)
    clean(people, bounds())
    assert letters_index(records=[record]) == ["new"]
    assert_counted()


def test_the_worker_cleans_by_retention_and_never_what_is_open(
    people: People, letters: Letters, settings: Settings
) -> None:
    settings.DLQ_PAYLOAD_RETENTION = settings.DLQ_ROW_RETENTION = 90 * 86_400.0
    [_, open_] = rows(people, letters, discarded=1, waiting=1)
    age(10_000)
    worker = DlqCleanup()
    assert not worker.step(Event()) and DeadLetter.objects.get() == open_
    [act] = AuditEvent.objects.acts().filter(action="dlq.cleanup")
    assert (act.actor, act.reason, act.state) == ("system", "retention", "ok")
    letter_discard(letter_id=open_.pk, actor=people.omar, reason=WHY)
    age(10_000)
    worker.step(Event())
    assert DeadLetter.objects.exists()  # it looks again when its interval is over


def test_old_buckets_of_the_trend_go(people: People, letters: Letters) -> None:
    index(letters.failed(b"x"))
    at = timezone.now()
    cluster = Cluster.objects.get()
    ClusterTrend.objects.all().delete()
    kept = ClusterTrend.objects.create(cluster=cluster, grain="hour", at=at - 3 * DAY, count=1)
    for grain, days in (("minute", 3), ("hour", 400)):
        ClusterTrend.objects.create(cluster=cluster, grain=grain, at=at - days * DAY, count=1)
    assert trend_forget(bounds=bounds()) == 2 and ClusterTrend.objects.get() == kept
