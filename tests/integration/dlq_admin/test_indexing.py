"""Dead letters become rows: each once, whatever it holds, however often it is read."""

from threading import Barrier, Thread

import msgspec
import pytest
from django.db import DatabaseError, connection, transaction

from dlq_admin.models import Cluster, ClusterTrend, DeadLetter, LetterLine, LetterPayload
from dlq_admin.services import Indexed, letters_index
from dlq_admin.states import State
from heimdall_project.errors import ContractViolation, InvalidMessage
from heimdall_project.streams.records import Headers, Record

from .letters import DEAD, GROUP, TOPIC, Letters, assert_counted, index, send_again, value_of

pytestmark = pytest.mark.django_db
NEW, RETURNED, DUPLICATE = Indexed.NEW, Indexed.RETURNED, Indexed.DUPLICATE


def headers_of(row: DeadLetter) -> list[list[object]] | None:
    kept = row.payload.headers
    found: list[list[object]] | None = None if kept is None else msgspec.msgpack.decode(bytes(kept))
    return found


def test_a_letter_becomes_a_row_with_its_bytes_and_a_line_of_history(letters: Letters) -> None:
    letter = letters.failed(b'{"broken', key=b"k1", headers=[("event_id", b"e-1"), ("trace", b"\0")])
    assert index(letter) == [NEW]
    row = DeadLetter.objects.get()
    assert (row.topic, row.partition, row.offset, row.group) == (TOPIC, 0, 0, GROUP)
    assert (row.state, row.attempt, row.event_id, row.writer) == ("PENDING", 1, "e-1", "heimdall")
    assert (row.payload.key and bytes(row.payload.key), value_of(row.payload)) == (b"k1", b'{"broken')
    assert headers_of(row) == [[name, value] for name, value in letter.headers or ()]
    line = LetterLine.objects.get()
    assert (line.event, line.from_state, line.to_state) == ("indexed", "", "PENDING")
    assert (line.topic, line.offset, line.note) == (DEAD, 0, "InvalidMessage: not JSON")


STRANGE: dict[str, tuple[bytes | None, Headers | None]] = {
    "a tombstone": (None, None),
    "zero bytes": (b"", []),
    "a megabyte": (b"\0\xff" * 524_288, None),
    "a NUL in header and value": (b"a\0b", [("x", b"a\0b"), ("y\0", None)]),
    "a name twice": (b"v", [("x", b"1"), ("x", b"2"), ("x", None)]),
    "headers that are no text": (b"v", [("original_topic", b"\xff\xfe"), ("disposition", b"\0")]),
    "a hundred thousand headers": (b"v", [("h", b"")] * 100_000),
    "quotes and backslashes": (b"\\x00'; DROP TABLE dead_letters; --", [("error_class", b"{\\\"',}")]),
}


@pytest.mark.parametrize("name", STRANGE)
def test_whatever_comes_becomes_a_row_with_identical_bytes(letters: Letters, name: str) -> None:
    value, headers = STRANGE[name]
    assert index(letters.raw(value, headers, key=None)) == [NEW]
    row = DeadLetter.objects.get()
    kept = row.payload.value
    assert (None if kept is None else bytes(kept)) == value and row.payload.key is None
    assert headers_of(row) == (None if headers is None else [list(each) for each in headers])
    assert (row.topic, row.group, row.origin_known) == (DEAD, "", False)


def test_all_kinds_together_become_rows_and_change_nothing_the_second_time(letters: Letters) -> None:
    batch = [letters.raw(value, headers) for value, headers in STRANGE.values()]
    batch += [letters.failed(b"%d" % number) for number in range(50)]
    assert set(index(*batch)) == {NEW}
    before = list(DeadLetter.objects.order_by("pk").values())
    assert set(index(*batch)) == {DUPLICATE}
    assert list(DeadLetter.objects.order_by("pk").values()) == before
    assert LetterLine.objects.count() == LetterPayload.objects.count() == len(batch)


def test_a_letter_that_was_written_twice_has_one_row(letters: Letters) -> None:
    first, again = letters.failed(b"x", offset=5), letters.failed(b"x", offset=5)
    assert index(first, again) == [NEW, DUPLICATE]
    assert index(letters.failed(b"x", offset=5)) == [DUPLICATE]
    assert DeadLetter.objects.get().letter_offset == first.offset


def test_two_groups_that_fail_on_one_record_have_a_row_each(letters: Letters) -> None:
    assert index(letters.failed(offset=5), letters.failed(offset=5, group="heimdall.other")) == [NEW, NEW]
    assert Cluster.objects.count() == 2


def test_a_dead_letter_topic_that_was_made_anew_hides_nothing(letters: Letters) -> None:
    before, after = Record(DEAD, 0, 0, 1, None, b"before"), Record(DEAD, 0, 0, 2, None, b"after")
    assert [index(before), index(after), index(before, after)] == [[NEW], [NEW], [DUPLICATE, DUPLICATE]]
    assert {value_of(p) for p in LetterPayload.objects.all()} == {b"before", b"after"}


# --- clusters ---------------------------------------------------------------------------------------------


def test_letters_of_one_cause_stand_together(letters: Letters) -> None:
    index(*(letters.failed(error=ContractViolation(f"n: {n} is too large")) for n in range(5)))
    index(letters.failed(error=ContractViolation("n: 99 is too large")), letters.failed())
    big, small = Cluster.objects.order_by("-total")
    assert (big.total, big.pending, big.message) == (6, 6, "n: <n> is too large")
    assert (small.total, small.error_class, small.disposition) == (1, "InvalidMessage", "poison")
    assert big.sample_id == DeadLetter.objects.order_by("pk")[0].pk
    first, *_, last = DeadLetter.objects.filter(cluster=big).order_by("failed_at")
    assert (big.first_seen, big.last_seen) == (first.failed_at, last.failed_at)


def test_a_trend_is_kept_by_the_minute_and_by_the_hour(letters: Letters) -> None:
    batch = [letters.failed() for _ in range(130)]  # a second apart
    index(*batch[:70]), index(*batch[70:]), index(*batch)
    counts = ClusterTrend.objects.order_by("at").values_list("grain", "count")
    assert [count for grain, count in counts if grain == "minute"] == [60, 60, 10]
    assert [count for grain, count in counts if grain == "hour"] == [130]


@pytest.mark.django_db(transaction=True)
def test_two_that_index_the_same_letters_at_once_write_each_once(letters: Letters) -> None:
    batch = [letters.failed(b"%d" % n, error=InvalidMessage("abcdef"[n % 6])) for n in range(300)]
    together, answers = Barrier(4), []

    def work(part: list[Record]) -> None:
        together.wait()
        try:
            for start in range(0, len(part), 50):
                answers.extend(letters_index(records=part[start : start + 50]))
        finally:
            connection.close()

    threads = [
        Thread(target=work, args=(part,)) for part in (batch, batch[::-1], batch, batch[150:] + batch[:150])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers.count(NEW) == 300 == DeadLetter.objects.count() and len(answers) == 1200
    assert_counted()
    assert sum(ClusterTrend.objects.filter(grain="hour").values_list("count", flat=True)) == 300


# --- letters that come back -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.REPROCESSING, State.PUBLISHED])
def test_a_redriven_record_that_fails_again_returns_to_its_row(letters: Letters, state: State) -> None:
    index(letters.failed(b"x", error=InvalidMessage("first")))
    row = send_again(DeadLetter.objects.get(), "r-1", state)
    back = letters.failed_again(row, error=ContractViolation("second"))
    assert index(back) == [RETURNED]
    row = DeadLetter.objects.get()
    assert (row.state, row.attempt, row.error_message) == ("FAILED_AGAIN", 2, "second")
    assert (row.topic, row.offset, row.letter_offset) == (TOPIC, 0, back.offset)
    assert (row.cluster.message, row.cluster.failed_again) == ("second", 1)
    assert Cluster.objects.get(message="first").total == 0
    line = row.history.last()
    assert line and (line.event, line.from_state, line.attempt) == ("failed_again", state, 2)
    assert line.redrive_id == "r-1" and line.offset == back.offset


def test_it_returns_once_however_often_its_letter_is_written_and_read(letters: Letters) -> None:
    index(letters.failed(b"x"))
    row = send_again(DeadLetter.objects.get())
    back, twin = letters.failed_again(row), letters.failed_again(row)
    assert index(back, twin) == [RETURNED, DUPLICATE]
    assert index(back) == index(twin) == [DUPLICATE]
    assert DeadLetter.objects.get().attempt == 2 and LetterLine.objects.count() == 2


def test_a_failure_that_is_known_by_its_outcome_is_not_counted_again(letters: Letters) -> None:
    index(letters.failed(b"x"))
    row = send_again(DeadLetter.objects.get(), "r-1", State.FAILED_AGAIN)
    DeadLetter.objects.update(attempt=2)
    assert index(letters.failed_again(row, error=InvalidMessage("why"))) == [RETURNED]
    row = DeadLetter.objects.get()
    assert (row.attempt, row.error_message) == (2, "why")


def test_many_that_fail_again_together_return_each_to_its_row(letters: Letters) -> None:
    index(*(letters.failed(b"%d" % n) for n in range(20)))
    rows = [send_again(row, f"r-{row.pk}") for row in DeadLetter.objects.order_by("pk")]
    back = [letters.failed_again(row, offset=1000 + row.pk) for row in rows]
    assert index(*back, letters.failed(b"other")) == [RETURNED] * 20 + [NEW]
    assert list(DeadLetter.objects.values_list("attempt", flat=True)).count(2) == 20


@pytest.mark.parametrize("how", ["no proof", "another proof", "of another group", "with other bytes"])
def test_somebody_elses_redrive_id_moves_nothing(letters: Letters, how: str) -> None:
    index(letters.failed(b"x"))
    row = send_again(DeadLetter.objects.get())
    true = letters.failed_again(row)
    said = dict(true.headers or ())
    if how == "no proof":
        del said["redrive_proof"]
    elif how == "another proof":
        said["redrive_proof"] = b"0" * 64
    elif how == "of another group":
        said["original_group"] = b"heimdall.other"
    value = b"forged" if how == "with other bytes" else true.value
    forged = letters.raw(value, list(said.items()), key=true.key)
    assert index(forged) == [NEW]
    row.refresh_from_db()
    assert (row.state, row.attempt) == ("PUBLISHED", 1) and DeadLetter.objects.count() == 2


def test_a_redrive_that_is_resolved_is_not_brought_back(letters: Letters) -> None:
    index(letters.failed(b"x"))
    row = send_again(DeadLetter.objects.get(), "r-1", State.RESOLVED)
    assert index(letters.failed_again(row)) == [DUPLICATE]
    assert DeadLetter.objects.get().state == "RESOLVED"


def test_a_redrive_that_nobody_knows_any_more_is_an_ordinary_letter(letters: Letters) -> None:
    index(letters.failed(b"x"))
    row = send_again(DeadLetter.objects.get(), "r-1")
    back = letters.failed_again(row)
    send_again(row, "r-2")
    assert index(back) == [NEW] and DeadLetter.objects.count() == 2


# --- what the database holds ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dead_letter_history SET note = ''",
        "DELETE FROM dead_letter_history",
        "UPDATE dead_letter_clusters SET pending = pending + 1",
        "UPDATE dead_letter_clusters SET pending = -1, total = -1",
        "UPDATE dead_letters SET state = 'PUBLISHED'",
        "UPDATE dead_letters SET attempt = 0",
        "UPDATE dead_letters SET topic = 'x', partition = 0, \"offset\" = 0, \"group\" = ''",
    ],
)
def test_the_database_refuses_what_must_not_be(letters: Letters, statement: str) -> None:
    index(letters.failed(), letters.failed())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as sql:
        sql.execute(statement)
