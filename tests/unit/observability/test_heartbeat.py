"""The file that probes look at."""

from pathlib import Path

from pytest_django import Settings

from heimdall_project.observability.heartbeat import beat, still


def test_a_beat_touches_the_workers_file_and_stillness_takes_it_away(
    tmp_path: Path, settings: Settings
) -> None:
    settings.HEARTBEAT_DIR = str(tmp_path / "beats")
    beat("writer")
    assert [path.name for path in (tmp_path / "beats").iterdir()] == ["writer"]
    still("writer")
    assert not list((tmp_path / "beats").iterdir())


def test_without_a_directory_nothing_is_written(settings: Settings) -> None:
    settings.HEARTBEAT_DIR = ""
    beat("writer")
    still("writer")
