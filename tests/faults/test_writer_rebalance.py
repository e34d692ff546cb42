"""Partitions of page views that change hands, and a writer that wakes when its partitions are gone."""

import signal

import pytest

from tests.probe_workers.harness import eventually

from .guests import guests
from .wire_cutter import Break, wire_to
from .world import ended
from .writers import DEAD, VIEWS, WRITER, Writers


@pytest.mark.parametrize("visits", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_writers_that_come_and_go_every_second_under_load_lose_nothing_and_leave_in_order(
    writers: Writers, visits: int
) -> None:
    with writers.write() as one, writers.write() as two:
        one.wait_for_line("partitions_assigned")
        two.wait_for_line("partitions_assigned")
        with writers.load() as told, guests(writers, WRITER, topic=VIEWS) as seen:
            eventually(lambda: seen.visits >= visits, f"{visits} visits")
            two.send(signal.SIGTERM)
            ended(two, 0)
            eventually(lambda: seen.visits >= visits + 1, "another visit")
        writers.await_written()
        one.send(signal.SIGTERM)
        ended(one, 0)
    assert writers.dead_letters(DEAD) == []
    writers.assert_kept(told.acked)


def test_a_writer_frozen_with_an_insert_on_the_wire_changes_nothing_when_both_wake(writers: Writers) -> None:
    names = writers.views(80, key=b"one partition")
    with (
        wire_to(writers.clickhouse_url) as (wire, address),
        writers.write(CLICKHOUSE_URL=address) as sleeper,
    ):
        wire.break_next(Break.LATE)
        eventually(lambda: wire.broken, lambda: f"an insert\n{sleeper.output[-3000:]}")
        sleeper.send(signal.SIGSTOP)
        with writers.write() as heir:
            writers.await_written()
            names += writers.views(40, "later", key=b"one partition")
            writers.await_written()
            before = writers.committed(WRITER, VIEWS)
            wire.let_through()
            eventually(lambda: wire.late_answers, "the late insert, stored")
            sleeper.send(signal.SIGCONT)
            sleeper.wait_for_line("partitions_lost")
            names += writers.views(40, "again")
            writers.await_written()
            committed = writers.committed(WRITER, VIEWS)
            assert all(committed[place] >= offset for place, offset in before.items())
            for process in (sleeper, heir):
                process.send(signal.SIGTERM)
                ended(process, 0)
    writers.assert_kept(names)
