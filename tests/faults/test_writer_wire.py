"""Connections to ClickHouse that break in the middle of an insert, or behind it."""

import pytest

from tests.probe_workers.harness import eventually

from .wire_cutter import Break, wire_to
from .writers import DEAD, Writers

BROKEN = [Break.IN_THE_BODY, Break.BEFORE_THE_ANSWER, Break.SILENCE]


@pytest.mark.parametrize("how", BROKEN, ids=lambda how: how.name.lower())
def test_an_insert_whose_connection_breaks_is_stored_whole_and_once(writers: Writers, how: Break) -> None:
    writers.keep_all_rows()
    with (
        wire_to(writers.clickhouse_url) as (wire, address),
        writers.write(CLICKHOUSE_URL=address, CLICKHOUSE_INSERT_COMPRESSION="none") as process,
    ):
        names = writers.views(50)
        writers.await_written()
        wire.break_next(how, how)
        names += writers.views(300, "broken")
        eventually(lambda: wire.broken == [how, how], lambda: f"two broken inserts\n{process.output[-3000:]}")
        writers.await_written()
        assert len(process.lines("insert_unknown")) == 2
    writers.assert_kept(names)
    assert (writers.raw(), writers.raw("page_view_arrivals")) == (350, 350)
    assert writers.dead_letters(DEAD) == []
