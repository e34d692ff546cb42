"""The writer killed before its insert, behind it, and between ledger and commit."""

import pytest

from .world import ended
from .writers import KILLED, VIEWS, WRITER, Writers

POINTS = ["writer.before_insert:2", "writer.after_insert:2", "runner.after_ledger"]
ALIKE = {"WRITER_BATCH_SECONDS": "60"}
"""Batches are full before they are old, so that the next process cuts them alike."""


@pytest.mark.parametrize("point", POINTS)
def test_a_writer_killed_around_its_insert_loses_nothing_and_stores_nothing_twice(
    writers: Writers, point: str
) -> None:
    writers.keep_all_rows()
    names = writers.views(400, key=b"one partition")
    with writers.write(HEIMDALL_CRASH_AT=point, **ALIKE) as first:
        ended(first, KILLED)
    assert not writers.is_through(WRITER, VIEWS)
    with writers.write(**ALIKE):
        writers.await_written()
    writers.assert_kept(names)
    assert (writers.raw(), writers.raw("page_view_arrivals")) == (400, 400)


@pytest.mark.slow
def test_a_writer_killed_again_and_again_under_load_loses_nothing(writers: Writers) -> None:
    with writers.load() as told:
        for point in ("writer.after_insert:3", "writer.before_insert:4", "runner.after_ledger:3"):
            with writers.write(HEIMDALL_CRASH_AT=point) as process:
                ended(process, KILLED)
        with writers.write():
            writers.await_stored(len(told.acked))
    with writers.write():
        writers.await_written()
    writers.assert_kept(told.acked)
