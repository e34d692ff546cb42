"""No room: on ClickHouse's disk, and in the writer's memory while ClickHouse is away."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from docker.local import ClickHouse
from heimdall_project.streams.models import WorkerProcess
from tests.probe_workers.harness import RunConsumer, eventually

from .conftest import database
from .small_disk import SmallDisk, clickhouse_on_a_small_disk
from .writers import DEAD, VIEWS, WRITER, Writers, view, writers_of

BOUND = {
    "WRITER_BATCH_ROWS": "1000",
    "WRITER_MAX_BUFFER": "2000",
    "WRITER_MAX_BUFFER_MEGABYTES": "8",
    "WRITER_BATCH_MEGABYTES": "4",
}


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """The disk of a server of its own."""
    with clickhouse_on_a_small_disk() as made:
        yield made


@pytest.fixture
def writers_on_disk(
    transactional_db: None, disk: SmallDisk, prefixed: Settings, tmp_path: Path
) -> Iterator[Writers]:
    """A world of the writer whose ClickHouse has that disk; there must be room at the end."""
    url = disk.server.instance.environment()["CLICKHOUSE_URL"]
    with writers_of(tmp_path, database=database(), clickhouse=url) as made:
        yield made


def waits(process: RunConsumer, more_than: int = 0) -> int:
    """Wait until it tried again so often; answers how often."""
    return eventually(lambda: (n := len(process.lines("handler_waits"))) > more_than and n, "another try")


def test_a_disk_that_is_really_full_is_waited_out_and_costs_nothing(
    writers_on_disk: Writers, disk: SmallDisk
) -> None:
    writers = writers_on_disk
    names = writers.views(200)
    with writers.write() as process:
        writers.await_written()
        for time in range(2):
            disk.fill()
            names += writers.views(300, f"full-{time}-")
            waits(process, waits(process) + 2)
            assert not writers.is_through(WRITER, VIEWS)
            disk.free()
            writers.await_written()
        assert len(process.lines("partitions_assigned")) == 1
    assert writers.dead_letters(DEAD) == []
    writers.assert_kept(names)


def test_an_engine_killed_on_a_full_disk_has_all_when_there_is_room_again(
    writers_on_disk: Writers, disk: SmallDisk
) -> None:
    writers = writers_on_disk
    names = writers.views(200)
    with writers.write() as process:
        writers.await_written()
        disk.fill()
        names += writers.views(300, "full")
        waits(process, 1)
        disk.server.kill()
        disk.free()
        disk.server.start()
        writers.await_written()
    assert writers.dead_letters(DEAD) == []
    writers.assert_kept(names)


def resident(process: RunConsumer) -> float:
    """Megabytes that a process and its children have in memory."""
    return _resident(process.process.pid)


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    [own] = re.findall(r"VmRSS:\s+(\d+) kB", status)
    return int(own) / 1024 + sum(_resident(int(child)) for child in children)


def backlog(writers: Writers, megabytes: int, prefix: str) -> list[str]:
    """Publish so much."""
    filler = {f"p{n}": "x" * 500 for n in range(6)}
    names = [f"{prefix}{n}" for n in range(megabytes * 300)]
    writers.send(VIEWS, ((name.encode(), view(name, props=filler)) for name in names))
    return names


def test_while_clickhouse_is_away_a_growing_backlog_takes_no_more_memory(
    writers_on_clickhouse: Writers, clickhouse: ClickHouse
) -> None:
    writers = writers_on_clickhouse
    names = writers.views(50)
    with writers.write(**BOUND) as process:
        writers.await_written()
        clickhouse.kill()
        names += backlog(writers, 60, "first")  # more than buffer and client may hold
        waits(process, waits(process) + 3)
        eventually(lambda: writers.registry(WRITER)[0] == WorkerProcess.State.WAITING, "a worker that waits")
        before = resident(process)
        names += backlog(writers, 60, "then")
        waits(process, waits(process) + 3)
        after = resident(process)
        [[in_hand]] = writers.ask("SELECT max(in_hand) FROM streams_workerprocess WHERE worker = %s", WRITER)
        clickhouse.start()
        writers.await_written()
    assert 0 < in_hand <= int(BOUND["WRITER_MAX_BUFFER"])
    assert after < before + 35, f"{before:.0f} MB, then {after:.0f} MB"
    writers.assert_kept(names)
