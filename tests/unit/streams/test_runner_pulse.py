"""The heartbeat file of a consumer says that its loop turns, not that its process lives."""

from pathlib import Path

import pytest
from pytest_django import Settings

from heimdall_project.streams.runner import Pulse
from heimdall_project.streams.testing import InMemoryBroker

from .workers import Keeper


@pytest.fixture
def beats(settings: Settings, tmp_path: Path) -> Path:
    """Where the files are."""
    settings.HEARTBEAT_DIR = str(tmp_path / "beats")
    return tmp_path / "beats"


def test_it_is_touched_only_when_the_loop_has_turned(beats: Path) -> None:
    member = InMemoryBroker().runner(Keeper())
    pulse = Pulse([member])
    member.turn(1.0)
    pulse()
    (beats / "keeper").unlink()
    pulse()
    assert not (beats / "keeper").exists()
    member.turn(1.0)
    pulse()
    assert (beats / "keeper").exists()


def test_before_the_loop_exists_there_is_none(beats: Path) -> None:
    assert Pulse([])().state == "starting"
    assert not beats.exists()


def test_a_directory_that_cannot_be_written_costs_the_file_and_not_the_report(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings.HEARTBEAT_DIR = str(tmp_path / "file" / "beats")
    member = InMemoryBroker().runner(Keeper())
    member.turn(1.0)
    assert Pulse([member])().state == "running"
