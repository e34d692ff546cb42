"""Records of processes: the right one is found and signalled, and no other."""

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docker.local.process import (
    ProcessRecord,
    descendants,
    end,
    load_record,
    record_of,
    save_record,
    wait_for,
)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_record_is_found_again_while_its_process_runs(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    record = record_of(sleeper.pid, port=1234)
    save_record(tmp_path / "sleeper.json", record)
    assert load_record(tmp_path / "sleeper.json") == record


def test_a_pid_that_was_recycled_is_not_signalled(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    former = replace(record_of(sleeper.pid), started=1)
    save_record(tmp_path / "former.json", former)
    assert load_record(tmp_path / "former.json") is None
    assert not former.signal(signal.SIGKILL)
    former.signal_tree(signal.SIGKILL)
    assert sleeper.poll() is None


def test_a_process_that_ended_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    record = record_of(sleeper.pid)
    sleeper.kill()
    assert record.wait_gone(5)


def test_a_pid_that_does_not_exist_is_not_alive() -> None:
    assert not ProcessRecord(pid=2**22 + 1, started=-1).is_alive


def test_a_damaged_record_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"pid": 1')
    assert load_record(tmp_path / "bad.json") is None


def test_a_signal_to_the_tree_reaches_children_in_sessions_of_their_own() -> None:
    with subprocess.Popen(["bash", "-c", "setsid sleep 60 & wait"]) as parent:
        assert wait_for(lambda: bool(descendants(parent.pid)), 5)
        child = record_of(descendants(parent.pid)[0])
        record_of(parent.pid).signal_tree(signal.SIGKILL)
    assert child.wait_gone(5)


def test_who_does_not_end_by_asking_is_killed() -> None:
    with subprocess.Popen(["bash", "-c", "trap '' TERM; echo; sleep 60"], stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        assert end(record_of(stubborn.pid), signal.SIGTERM, patience=0.1) is False
        assert not record_of(stubborn.pid).is_alive
