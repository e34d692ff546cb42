"""The books in PostgreSQL: what several processes write at once, and what counts as an outage."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event

import pytest
from django.db import DatabaseError, close_old_connections, connection, connections

from heimdall_project.errors import StopOnPurpose, TransientError
from heimdall_project.streams.books import DjangoBooks, RedriveEnd, Tally, database
from heimdall_project.streams.flood import Window
from heimdall_project.streams.models import ConsumerCursor, LedgerEntry, SkipRequest
from heimdall_project.streams.offsets import Run, Span
from heimdall_project.streams.outcomes import DEAD_LETTERED, DUPLICATE, STORED, Rule, dropped
from heimdall_project.streams.records import Partition, Record
from heimdall_project.streams.testing import InMemoryBooks

pytestmark = pytest.mark.django_db(transaction=True)
GROUP = "heimdall.books"
PLACES = [Partition("analysis.request", number) for number in range(3)]
RECORD = Record("analysis.request", 0, 7, 0, None, b"v")
VERDICTS = [STORED, DUPLICATE, DEAD_LETTERED, dropped(Rule.FOREIGN)]
CALM = Window(started_at=0.0)


def span(start, end, *, place=PLACES[0], verdict=STORED):
    return Span(place, start, end, (Run(start, end - 1, 28_000_000, "http", verdict),))


def settle(books, *spans, topic_id=""):
    ids = {"analysis.request": topic_id}
    books.settle(GROUP, spans, topic_ids=ids, window=CALM)


def at_once(work, *arguments):
    """Run `work` with each argument in a thread of its own, all together."""

    def alone(argument):
        try:
            return work(argument)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(alone, arguments))


def ledger():
    counts: Counter[tuple[str, str]] = Counter()
    for entry in LedgerEntry.objects.filter(group=GROUP):
        counts[(entry.outcome, entry.rule)] += entry.count
    return counts


def test_a_zombie_and_the_new_owner_count_each_offset_once():
    """Both settle stretches of the same partitions, in any order, cut in any way, at the same time."""

    def member(seed):
        chance, books = Random(seed), DjangoBooks()
        places = chance.sample(PLACES, 3)
        at = dict.fromkeys(places, 0)
        while any(offset < 60 for offset in at.values()):
            ends = {p: min(60, at[p] + chance.randint(1, 20)) for p in places if at[p] < 60}
            settle(books, *(span(at[p], end, place=p) for p, end in ends.items()))
            at |= ends

    at_once(member, *range(4))
    assert ledger() == {("stored", ""): 3 * 60}
    cursors = ConsumerCursor.objects.filter(group=GROUP).values_list("start_offset", "next_offset")
    assert sorted(cursors) == [(0, 60)] * 3


def test_a_zombie_that_is_frozen_in_the_books_does_not_keep_the_new_owner_out(settings):
    settings.KAFKA_SESSION_TIMEOUT = 1.0
    frozen, woken = Event(), Event()

    class Zombie(DjangoBooks):
        def _check_topic(self, *_):
            frozen.set()
            woken.wait(30)

    def member(books):
        if isinstance(books, Zombie):
            with pytest.raises(TransientError):
                settle(books, span(0, 20))
            return
        frozen.wait(30)
        try:
            settle(books, span(0, 10))
        finally:
            woken.set()

    at_once(member, Zombie(), DjangoBooks())
    assert ledger() == {("stored", ""): 10}


@pytest.mark.parametrize("seed", range(5))
def test_the_books_in_memory_and_those_in_the_database_agree(seed):
    chance, real, model = Random(seed), DjangoBooks(), InMemoryBooks()
    for _ in range(30):
        start = chance.randint(0, 50)
        verdict, place = chance.choice(VERDICTS), chance.choice(PLACES)
        stretch = span(start, start + chance.randint(1, 9), place=place, verdict=verdict)
        settle(real, stretch)
        settle(model, stretch)
    counted: Counter[tuple[str, str]] = Counter()
    for (_, _, tally), count in model.ledger.items():
        counted[(tally.outcome, tally.rule)] += count
    assert ledger() == +counted
    assert {p: c.next_offset for p, c in real.cursors(GROUP, PLACES).items()} == {
        p: c.next_offset for p, c in model.cursors(GROUP, PLACES).items()
    }


def test_counts_and_cursor_go_together_or_not_at_all():
    good = span(0, 5)
    bad = Span(PLACES[1], 0, 5, (Run(0, 4, 0, "s" * 99, STORED),))
    with pytest.raises(DatabaseError):
        settle(DjangoBooks(), good, bad)
    assert (ledger(), ConsumerCursor.objects.count()) == ({}, 0)


def test_offsets_without_a_record_are_counted_as_absent():
    books = DjangoBooks()
    settle(books, span(0, 5))
    settle(books, span(8, 10))
    assert ledger() == {("stored", ""): 7, ("dropped", Rule.ABSENT): 3}


def test_a_topic_that_was_recreated_stops_the_worker_and_counts_nothing():
    books = DjangoBooks()
    settle(books, span(0, 5), topic_id="one")
    settle(books, span(5, 6), topic_id="")
    with pytest.raises(StopOnPurpose, match="recreated"):
        settle(books, span(6, 9), topic_id="other")
    assert ledger() == {("stored", ""): 6}


def test_the_flood_window_outlives_the_process():
    books = DjangoBooks()
    assert books.flood_window(GROUP, 9.0) == Window(started_at=9.0)
    for window in (Window(3.0, good=1, bad=2), Window(4.0, good=5, bad=6)):
        books.settle(GROUP, [span(0, 1)], topic_ids={}, window=window)
    assert DjangoBooks().flood_window(GROUP, 9.0) == Window(4.0, good=5, bad=6)


def test_of_many_that_begin_a_redrive_at_once_one_may():
    answers = at_once(lambda _: DjangoBooks().redrive_begun(GROUP, "r1", RECORD), *range(6))
    assert sorted(answers) == [False] * 5 + [True]


def test_a_redrive_that_failed_may_begin_again_and_one_that_is_ok_stays_ok():
    books = DjangoBooks()
    for status in ("failed", "ok", "failed", "started"):
        books.redrives_ended(GROUP, [RedriveEnd("r1", RECORD, status, "ValueError")])
        if status == "failed":
            books.redrive_begun(GROUP, "r1", RECORD)
    assert books.redrive_status(["r1", "r2"]) == {"r1": "ok"}
    assert not books.redrive_begun(GROUP, "r1", RECORD)


def test_many_redrives_end_at_once_in_any_order_beside_others():
    ends = [RedriveEnd(f"r{n}", RECORD, "ok" if n % 2 else "failed") for n in range(300)]
    ends += [RedriveEnd("r0", RECORD, "ok"), RedriveEnd("r1", RECORD, "failed")]
    at_once(lambda step: DjangoBooks().redrives_ended(GROUP, ends[::step]), 1, -1, 1, -1)
    status = DjangoBooks().redrive_status(f"r{n}" for n in range(300))
    assert status == {f"r{n}": "ok" if n % 2 or n == 0 else "failed" for n in range(300)}


def test_an_order_to_skip_is_marked_as_carried_out_once():
    books = DjangoBooks()
    SkipRequest.objects.create(worker="w", topic=RECORD.topic, partition=0, offset=7, reason="stuck")
    books.skipped("w", [RECORD])
    first = SkipRequest.objects.get().applied_at
    books.skipped("w", [RECORD])
    assert first is not None and SkipRequest.objects.get().applied_at == first


def end_session():
    """End the session of this thread from another one, as a restart of the server does."""
    with connection.cursor() as sql:
        sql.execute("SELECT pg_backend_pid()")
        [pid] = sql.fetchone()

    def kill(pid):
        with connection.cursor() as sql:
            sql.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    at_once(kill, pid)


@pytest.mark.parametrize(
    "use",
    [
        lambda books: settle(books, span(0, 5)),
        lambda books: books.cursors(GROUP, PLACES),
        lambda books: books.redrive_status(["r1"]),
        lambda books: books.redrive_begun(GROUP, "r1", RECORD),
        lambda books: books.flood_window(GROUP, 0.0),
        lambda books: books.skipped("w", [RECORD]),
    ],
    ids=["settle", "cursors", "redrive_status", "redrive_begun", "flood_window", "skipped"],
)
def test_a_session_that_ended_is_an_outage_and_the_next_try_has_a_new_one(use):
    books = DjangoBooks()
    end_session()
    with pytest.raises(TransientError, match="postgresql"):
        use(books)
    close_old_connections()
    use(books)


def test_a_server_that_does_not_answer_is_an_outage():
    def unreachable(_):
        connection.settings_dict = connection.settings_dict | {"PORT": "1"}
        with pytest.raises(TransientError, match="postgresql"):
            DjangoBooks().cursors(GROUP, PLACES)

    at_once(unreachable, 0)


def fail_with(code):
    with database(), connection.cursor() as sql:
        sql.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$")


@pytest.mark.parametrize("code", ["53300", "57014", "57P01", "40P01", "40001", "55P03", "08006"])
def test_what_may_pass_by_itself_is_an_outage(code):
    with pytest.raises(TransientError):
        fail_with(code)


@pytest.mark.parametrize("code", ["54000", "54001", "23505", "22001", "42P01"])
def test_what_will_fail_every_time_is_not_an_outage(code):
    with pytest.raises(DatabaseError):
        fail_with(code)


def test_a_statement_that_is_too_complex_is_its_own_fault():
    with pytest.raises(DatabaseError), database(), connection.cursor() as sql:
        sql.execute("SELECT " + "(" * 50_000 + "1" + ")" * 50_000)


def test_tallies_of_one_minute_and_source_are_added_up():
    books = DjangoBooks()
    settle(books, span(0, 5))
    settle(books, span(5, 9))
    [entry] = LedgerEntry.objects.filter(group=GROUP)
    assert (entry.count, entry.source, int(entry.minute.timestamp())) == (9, "http", 28_000_000 * 60)
    assert Tally(28_000_000, "http", entry.outcome, entry.rule) == Tally(28_000_000, "http", *STORED)
