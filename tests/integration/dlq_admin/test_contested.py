"""Letters that claim one place for different records: each keeps it, none hides another, a person decides."""

from collections.abc import Sequence
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone
from msgspec.structs import replace as changed

from dlq_admin.letters.again import _of_bytes
from dlq_admin.models import BatchItem, DeadLetter, LetterLine
from dlq_admin.selectors import rivals_of
from dlq_admin.services import (
    Bounds,
    Indexed,
    Pace,
    batch_approve,
    batch_propose,
    letter_approve,
    letter_discard,
    letter_edit,
    letter_reprocess,
    letters_clean_up,
    letters_index,
)
from dlq_admin.services.previewing import batch_preview
from heimdall_project.errors import Conflict, Unprocessable
from heimdall_project.streams import redrive
from heimdall_project.streams.letter_proof import PROOF
from heimdall_project.streams.records import Record
from tests.people import People

from .letters import GROUP, TOPIC, Letters, assert_counted, index, send_again, value_of

pytestmark = pytest.mark.django_db
NEW, CONTESTED, DUPLICATE = Indexed.NEW, Indexed.CONTESTED, Indexed.DUPLICATE
PLACE = (TOPIC, 0, 5, GROUP)


def unproven(letter: Record) -> Record:
    """As whoever may write to the topic can write it."""
    return changed(letter, headers=[each for each in letter.headers or () if each[0] != PROOF])


def rows() -> list[DeadLetter]:
    return list(DeadLetter.objects.order_by("pk"))


def contest(letters: Letters) -> tuple[DeadLetter, DeadLetter]:
    """A forged letter that came first, and the true one."""
    assert index(unproven(letters.failed(b"forged", offset=5))) == [NEW]
    assert index(letters.failed(b"true", offset=5)) == [CONTESTED]
    forged, true = rows()
    return forged, true


def test_a_letter_whose_place_another_claimed_before_keeps_it_and_both_are_marked(letters: Letters) -> None:
    forged, true = contest(letters)
    for row in (forged, true):
        assert (row.topic, row.partition, row.offset, row.group) == PLACE and row.origin_known
        assert row.contested and row.state == "PENDING"
    assert [value_of(row.payload) for row in (forged, true)] == [b"forged", b"true"]
    assert [row.proven for row in (forged, true)] == [False, True]
    assert list(rivals_of(true)) == [forged] and list(rivals_of(forged)) == [true]
    [line] = LetterLine.objects.filter(event="contested")
    assert line.letter_id == forged.pk and line.from_state == line.to_state == "PENDING"


def test_whoever_comes_again_has_a_row_already(letters: Letters) -> None:
    one, other = letters.failed(b"one", offset=5), letters.failed(b"other", offset=5)
    assert index(one, other, one, other) == [NEW, CONTESTED, DUPLICATE, DUPLICATE]
    before = list(DeadLetter.objects.order_by("pk").values())
    assert index(other, one) == [DUPLICATE, DUPLICATE]
    assert list(DeadLetter.objects.order_by("pk").values()) == before
    assert LetterLine.objects.filter(event="contested").count() == 1


def test_the_same_bytes_with_headers_of_another_are_another_record(letters: Letters) -> None:
    forged = unproven(letters.failed(b"x", offset=5, headers=[("event_id", b"forged")]))
    true = letters.failed(b"x", offset=5, headers=[("event_id", b"true")])
    assert index(forged, true) == [NEW, CONTESTED]
    assert {row.event_id for row in rows()} == {"forged", "true"}


def test_a_letter_that_was_written_twice_is_one_though_it_tells_its_failure_anew(letters: Letters) -> None:
    own = [("event_id", b"e"), ("x", b"1"), ("x", None)]
    first = letters.failed(b"x", offset=5, headers=own)
    again = letters.failed(b"x", offset=5, headers=own, error=Unprocessable("otherwise"))
    said = [
        (n, b"2030-01-01T00:00:00+00:00" if n == "first_failed_at" else v) for n, v in again.headers or ()
    ]
    assert index(first, changed(again, headers=said)) == [NEW, DUPLICATE]


def test_a_flood_of_claims_is_rows_that_can_be_counted_and_costs_no_more_the_longer_it_lasts(
    letters: Letters,
) -> None:
    true = letters.failed(b"true", offset=5)
    index(*(unproven(letters.failed(b"%d" % n, offset=5)) for n in range(300)))
    with connection.cursor() as sql:
        sql.execute("SET LOCAL enable_seqscan = off")
        sql.execute("SELECT pg_stat_get_xact_tuples_fetched('letter_once_a_place'::regclass)")
        before = sql.fetchone()[0]
        assert index(true) == [CONTESTED]
        sql.execute("SELECT pg_stat_get_xact_tuples_fetched('letter_once_a_place'::regclass)")
        assert sql.fetchone()[0] - before < 10
    assert DeadLetter.objects.filter(contested=True).count() == 301
    assert index(true) == [DUPLICATE]
    assert LetterLine.objects.filter(event="contested").count() == 1


def test_a_place_whose_first_letter_was_cleaned_up_stays_contested(people: People, letters: Letters) -> None:
    first, second, third = (letters.failed(value, offset=5) for value in (b"1", b"2", b"3"))
    index(first, second)
    _clean_up(rows()[0], people)
    assert index(third, second) == [CONTESTED, DUPLICATE]
    assert {value_of(row.payload) for row in rows()} == {b"2", b"3"} and all(r.contested for r in rows())


def _clean_up(row: DeadLetter, people: People) -> None:
    letter_discard(letter_id=row.pk, actor=people.ada, reason="not needed")
    long_ago = timezone.now() - timedelta(days=400)
    DeadLetter.objects.filter(pk=row.pk).update(moved_at=long_ago)
    old = long_ago + timedelta(days=1)
    letters_clean_up(actor=None, reason="retention", bounds=Bounds(payloads_before=old, rows_before=old))


@pytest.mark.parametrize("what", ["value", "key", "a header of its own", "the error", "a redrive id"])
def test_a_proof_is_of_the_whole_letter(letters: Letters, what: str) -> None:
    true = letters.failed(b"x", headers=[("event_id", b"e-1")])
    said = true.headers or []
    forged = {
        "value": changed(true, value=b"y"),
        "key": changed(true, key=None),
        "a header of its own": changed(true, headers=[("event_id", b"e-2"), *said[1:]]),
        "the error": changed(true, headers=[(n, b"another" if n == "error_message" else v) for n, v in said]),
        "a redrive id": changed(true, headers=[(n, b"r-9" if n == "redrive_id" else v) for n, v in said]),
    }[what]
    index(forged)
    assert not rows()[0].proven and PROOF in rows()[0].flaws
    index(letters.failed(b"z"))
    assert rows()[1].proven and not rows()[1].flaws


def test_a_letter_from_before_its_headers_counted_is_known_again(letters: Letters) -> None:
    letter = letters.failed(b"x", offset=5, headers=[("event_id", b"e")])
    with connection.cursor() as sql:
        sql.execute("ALTER TABLE dead_letters DISABLE TRIGGER dead_letter_stays")
    index(letter)
    DeadLetter.objects.update(digest=_of_bytes(b"k", b"x").digest())
    assert index(letter) == [DUPLICATE]
    assert index(letters.failed(b"y", offset=5)) == [CONTESTED]


class KnowsAll:
    """A redrive target that says of each letter that it came of the same redrive."""

    def came_of(self, asked: Sequence[redrive.Letter]) -> list[str]:
        """That."""
        return ["r-1" for _ in asked]


def test_a_letter_that_nobody_here_wrote_tells_nothing_of_a_redrive(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(letters.failed(b"x"))
    send_again(rows()[0], "r-1")
    monkeypatch.setattr(redrive, "target", lambda topic: KnowsAll())
    assert index(unproven(letters.failed(b"x", offset=900))) == [NEW]
    assert rows()[0].state == "PUBLISHED"
    assert index(letters.failed(b"x", offset=901)) == [Indexed.RETURNED]


# --- sending ----------------------------------------------------------------------------------------------


def propose(people: People, chosen: Sequence[DeadLetter]) -> list[int]:
    """Propose these; answers which of them the batch holds."""
    ids = [row.pk for row in chosen]
    seen = batch_preview(letter_ids=ids)
    batch = batch_propose(
        letter_ids=ids, actor=people.omar, reason="why", pace=Pace(), seen_hash=seen.seen_hash
    )
    assert batch.size == seen.size
    return list(BatchItem.objects.filter(batch=batch).values_list("letter_id", flat=True))


def test_among_many_only_what_a_worker_here_wrote_is_sent(people: People, letters: Letters) -> None:
    forged, true = contest(letters)
    seen = batch_preview(letter_ids=[forged.pk, true.pk])
    assert seen.left_out == {"another letter claims its place: approve it by itself": 1}
    assert propose(people, [forged, true]) == [true.pk]


def test_of_letters_that_nobody_here_wrote_each_is_decided_alone(people: People, letters: Letters) -> None:
    index(*(unproven(letters.failed(value, offset=5)) for value in (b"{}", b"[]")))
    one, other = rows()
    with pytest.raises(Unprocessable):
        propose(people, [one, other])
    with pytest.raises(Conflict, match="claims its place"):
        letter_edit(letter_id=one.pk, value=b"{}", actor=people.ada, reason="why")
    letter_approve(letter_id=other.pk, actor=people.ada, reason="it is what its topic holds")
    assert propose(people, [one, other]) == [other.pk]


def test_either_can_be_sent_by_two_people_who_name_it(people: People, letters: Letters) -> None:
    index(*(unproven(letters.failed(value, offset=5)) for value in (b"{}", b"[]")))
    for row in rows():
        letter_approve(letter_id=row.pk, actor=people.ada, reason="why")
        assert letter_reprocess(letter_id=row.pk, actor=people.omar, reason="why").size == 1


def test_a_letter_that_is_contested_between_proposal_and_approval_is_not_sent(
    people: People, letters: Letters
) -> None:
    index(unproven(letters.failed(b"first", offset=5)), letters.failed(b"beside"))
    beside, first = rows()
    batch = batch_propose(letter_ids=[first.pk, beside.pk], actor=people.omar, reason="why", pace=Pace())
    index(letters.failed(b"second", offset=5))
    batch_approve(batch_id=batch.pk, actor=people.ada, reason="why", set_hash=batch.set_hash)
    states = dict(BatchItem.objects.filter(batch=batch).values_list("letter_id", "state"))
    assert states == {first.pk: "SKIPPED", beside.pk: "WAITING"}
    assert_counted()


@pytest.mark.django_db(transaction=True)
def test_two_that_index_different_claims_to_one_place_at_once_mark_both(letters: Letters) -> None:
    places = range(40)
    parts = [[letters.failed(b"%d" % part, offset=place) for place in places] for part in range(2)]
    together = Barrier(2)

    def work(part: list[Record]) -> None:
        together.wait()
        try:
            for start in range(0, len(part), 4):
                letters_index(records=part[start : start + 4])
        finally:
            connection.close()

    threads = [Thread(target=work, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert DeadLetter.objects.filter(contested=True).count() == 80 == DeadLetter.objects.count()
    assert LetterLine.objects.filter(event="contested").count() == 40
    assert_counted()
