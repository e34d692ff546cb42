"""The topic of page views deleted and made anew, while the writer is stopped, dead, or at work."""

import signal
from collections.abc import Sequence

import pytest
from django.core.management import CommandError

from heimdall_project.accounts.models import User
from heimdall_project.streams import broker
from heimdall_project.streams.exit_codes import ExitCode
from tests.probe_workers.harness import eventually

from .world import ended
from .writers import DEAD, KILLED, VIEWS, WRITER, Writers, view


def recreate(writers: Writers) -> None:
    """Delete the topic and make it anew."""
    broker.admin().delete([VIEWS])
    eventually(lambda: not broker.admin().describe([VIEWS]))
    writers.create(VIEWS)


def begin_anew(writers: Writers) -> None:
    """A person who may says that it was meant."""
    User.objects.create(username="ada", is_superuser=True)
    told = ["--user", "ada", "--topic", VIEWS, "--reason", "made anew on purpose"]
    writers.manage("consumer", "anew", WRITER, *told)


def assert_both_lives_are_kept(writers: Writers, names: Sequence[str], *, old: int, new: int) -> None:
    """Every event is there once, and each topic has its own books, which balance."""
    assert sorted(writers.ids()) == sorted(set(names))
    lives = writers.ask(
        "SELECT topic = %s, sum(count)::int FROM streams_ledgerentry GROUP BY 1 ORDER BY 1", VIEWS
    )
    assert lives == [(False, old), (True, new)]
    report = writers.checked()
    assert (report["stored"], report["arrived"]) == (new, new)
    assert writers.dead_letters(DEAD) == []


def test_a_topic_made_anew_behind_a_writer_that_died_stops_it_until_a_person_has_its_books_closed(
    writers: Writers,
) -> None:
    names = [f"old{number}" for number in range(60)]
    writers.send_at(map(view, names), hours_ago=1)
    with writers.write() as process:
        writers.await_written()
        process.send(signal.SIGTERM)
        ended(process, ExitCode.DONE)
    uncounted = [f"uncounted{number}" for number in range(40)]
    writers.send_at(map(view, uncounted), hours_ago=1)
    names += uncounted
    with writers.write(HEIMDALL_CRASH_AT="writer.after_insert", WRITER_BATCH_SECONDS="2") as process:
        ended(process, KILLED)
    recreate(writers)
    again = [(b"k", view(name)) for name in names[:10]]  # the same events at the same offsets
    writers.send(VIEWS, again)
    names += writers.views(110, "new", key=b"k")
    with writers.write() as process:
        ended(process, ExitCode.ON_PURPOSE)
    assert "the topic was recreated" in writers.registry(WRITER)[1]
    assert sorted(writers.ids()) == sorted(names[:100])
    with pytest.raises(CommandError):
        writers.checked()
    begin_anew(writers)
    with writers.write():
        writers.await_written()
    assert_both_lives_are_kept(writers, names, old=60, new=120)


def test_a_topic_made_anew_under_a_writer_at_work_is_read_from_its_beginning_after_the_order(
    writers: Writers,
) -> None:
    names = writers.views(60, "old")
    with writers.write() as process:
        writers.await_written()
        recreate(writers)
        names += writers.views(300, "new")
        ended(process, ExitCode.ON_PURPOSE)
    begin_anew(writers)
    with writers.write():
        writers.await_written()
    assert_both_lives_are_kept(writers, names, old=60, new=300)
