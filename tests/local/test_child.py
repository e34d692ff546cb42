"""Processes in the foreground of `make up`."""

import os
import sys
from pathlib import Path

import pytest

from docker.local import StackError, private_instance
from docker.local.child import Child, child_record, end_leftovers
from docker.local.process import load_record, record_of, save_record, wait_for
from docker.local.up import only_one, up_record


def child(home: Path, script: str) -> Child:
    instance = private_instance(home)
    instance.logs.mkdir(parents=True)
    return Child("web", [sys.executable, "-u", "-c", script], instance, dict(os.environ))


def test_a_child_that_dies_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    web = child(tmp_path, "print('no such table'); raise SystemExit(3)")
    web.start()
    assert wait_for(lambda: not web.is_running, 10)
    with pytest.raises(StackError, match=r"(?s)web ended with code 3.*no such table"):
        web.check()
    web.wait(1)


def test_lines_of_a_child_are_shown_with_its_name_and_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    web = child(tmp_path, "print('listening')")
    web.start()
    web.wait(10)
    assert "web     │ listening" in capfd.readouterr().out
    assert (tmp_path / "logs/web.log").read_text() == "listening\n"


def test_a_child_that_ignores_sigterm_is_killed_at_the_end_of_its_budget(tmp_path: Path) -> None:
    web = child(tmp_path, "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(60)")
    web.start()
    assert wait_for((tmp_path / "logs/web.log").exists, 10)
    web.ask_to_stop()
    web.wait(0.2)
    assert not web.is_running


def test_children_of_a_run_that_was_killed_are_ended_by_their_records(tmp_path: Path) -> None:
    web = child(tmp_path, "import time; time.sleep(60)")
    web.start()
    assert end_leftovers(private_instance(tmp_path), patience=5) == ["web"]
    assert load_record(child_record(private_instance(tmp_path), "web")) is None
    web.wait(1)


def test_a_second_run_of_one_instance_is_refused(tmp_path: Path) -> None:
    instance = private_instance(tmp_path)
    with only_one(instance), pytest.raises(StackError, match="make down"), only_one(instance):
        pass
    assert not up_record(instance).exists()


def test_a_run_that_was_killed_does_not_block_the_next(tmp_path: Path) -> None:
    instance = private_instance(tmp_path)
    save_record(up_record(instance), record_of(os.getpid()))
    with only_one(instance):
        assert load_record(up_record(instance)) == record_of(os.getpid())
