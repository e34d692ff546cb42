"""ClickHouse goes away, hangs or refuses, while page views keep coming."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from docker.local import ClickHouse
from heimdall_project.streams.models import WorkerProcess
from tests.probe_workers.harness import RunConsumer, eventually

from .writers import DEAD, WRITER, Writers

REFUSALS: dict[str, tuple[dict[str, str | int], str]] = {
    "read-only": ({"readonly": 2}, "164 READONLY"),
    "no memory": ({"max_memory_usage": 1000, "max_untracked_memory": 1}, "241 MEMORY_LIMIT_EXCEEDED"),
    "too many parts": ({"parts_to_throw_insert": 1}, "252 TOO_MANY_PARTS"),
    "no room on the disk": ({"min_free_disk_bytes_to_perform_insert": 10**15}, "243 NOT_ENOUGH_SPACE"),
    "other password": ({"password": "other"}, "516 AUTHENTICATION_FAILED"),
}
"""What the server is told to be like, and what the engine then answers to inserts."""


@contextmanager
def refusing(server: ClickHouse, **settings: str | int) -> Iterator[None]:
    """For the block the engine refuses inserts."""
    server.configure(**settings)  # type: ignore[arg-type]
    yield
    server.configure()


@contextmanager
def without_its_table(writers: Writers) -> Iterator[None]:
    """For the block the table has another name."""
    writers.clickhouse.command("RENAME TABLE page_views TO elsewhere")
    yield
    writers.clickhouse.command("RENAME TABLE elsewhere TO page_views")


def wait_out(writers: Writers, process: RunConsumer, answer: str, again: int = 2) -> None:
    """The writer tries again and again, says why, and goes on polling."""

    def tries() -> int:
        return sum(answer in str(line) for line in process.lines("handler_waits"))

    already = tries()
    eventually(lambda: tries() >= already + again, lambda: f"waiting for {answer}\n{process.output[-3000:]}")
    eventually(lambda: writers.registry(WRITER)[0] == WorkerProcess.State.WAITING, "a worker that waits")


def test_whatever_the_engine_refuses_inserts_for_is_waited_out_with_the_partitions_kept(
    writers_on_clickhouse: Writers, clickhouse: ClickHouse
) -> None:
    writers = writers_on_clickhouse
    names = writers.views(50)
    with writers.write() as process:
        writers.await_written()
        for place, (settings, answer) in enumerate(REFUSALS.values()):
            with refusing(clickhouse, **settings):
                names += writers.views(50, f"during-{place}-")
                wait_out(writers, process, answer)
            writers.await_written()
        with without_its_table(writers):
            names += writers.views(50, "nowhere")
            wait_out(writers, process, "60 UNKNOWN_TABLE")
        writers.await_written()
        assert len(process.lines("partitions_assigned")) == 1
    assert writers.dead_letters(DEAD) == []
    writers.assert_kept(names)


def frozen_longer_than_an_insert_waits(server: ClickHouse, process: RunConsumer) -> None:
    """It takes the rows, answers nobody in time, and stores them when it wakes."""
    server.freeze()
    process.wait_for_line("insert_unknown")
    server.thaw()


def killed_and_started_again(server: ClickHouse, process: RunConsumer) -> None:
    """It is away for some tries of the writer."""
    already = len(process.lines("handler_waits"))
    server.kill()
    eventually(lambda: len(process.lines("handler_waits")) >= already + 3, "three tries")
    server.start()


FAULTS = [frozen_longer_than_an_insert_waits, killed_and_started_again]


def go_through(
    writers: Writers, server: ClickHouse, faults: Sequence[Callable[[ClickHouse, RunConsumer], None]]
) -> None:
    """One fault after the other under load; then all is there and nobody lost a partition."""
    with writers.write() as process:
        with writers.load() as told:
            writers.await_stored(50)
            for fault in faults:
                fault(server, process)
                writers.await_stored(len(told.acked))
        writers.await_written()
        assert len(process.lines("partitions_assigned")) == 1
        assert process.lines("worker_restart") == []
    assert writers.dead_letters(DEAD) == []
    writers.assert_kept(told.acked)


def test_a_clickhouse_frozen_and_killed_under_load_costs_neither_events_nor_partitions(
    writers_on_clickhouse: Writers, clickhouse: ClickHouse
) -> None:
    go_through(writers_on_clickhouse, clickhouse, FAULTS)


@pytest.mark.slow
def test_a_clickhouse_that_goes_away_again_and_again_costs_nothing_either(
    writers_on_clickhouse: Writers, clickhouse: ClickHouse
) -> None:
    go_through(writers_on_clickhouse, clickhouse, [killed_and_started_again] * 4)
