"""Where the cluster lies when root runs it for another user, and which programs it needs."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker.local import StackError
from docker.local.postgres import binaries, place_data, reachable_by

STRANGER = (os.geteuid() + 12345, os.getegid() + 12345)


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every user can reach, unlike pytest's own."""
    place = Path(tempfile.mkdtemp(dir="/var/tmp"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(autouse=True)
def nobody_is_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: None)


def test_a_directory_closed_above_is_not_reachable(open_place: Path) -> None:
    inner = open_place / "closed/inner"
    inner.mkdir(parents=True)
    assert reachable_by(inner, *STRANGER)
    (open_place / "closed").chmod(0o700)
    assert not reachable_by(inner, *STRANGER)


def test_data_stays_in_a_checkout_that_its_owner_can_reach(open_place: Path) -> None:
    place_data(open_place / "data", STRANGER, "abc")
    assert not (open_place / "data").is_symlink()


def test_data_of_an_unreachable_checkout_lies_outside_of_it(open_place: Path) -> None:
    checkout, outside = open_place / "root", open_place / "var"
    checkout.mkdir(mode=0o700)
    outside.mkdir(mode=0o755)
    place_data(checkout / "data", STRANGER, "abc", outside)
    assert (checkout / "data").resolve() == outside / "heimdall-abc-postgres"


def test_a_directory_outside_that_belongs_to_others_is_refused(
    open_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = open_place / "root"
    checkout.mkdir(mode=0o700)
    (open_place / "heimdall-abc-postgres").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER[0] + 1)
    with pytest.raises(StackError, match="belongs to somebody else"):
        place_data(checkout / "data", STRANGER, "abc", open_place)


def test_data_in_a_checkout_that_became_unreachable_is_reported(open_place: Path) -> None:
    checkout = open_place / "root"
    place_data(checkout / "data", STRANGER, "abc", open_place)
    checkout.chmod(0o700)
    with pytest.raises(StackError, match="cannot be reached"):
        place_data(checkout / "data", STRANGER, "abc", open_place)


def test_a_link_whose_files_are_gone_is_made_again(open_place: Path) -> None:
    (open_place / "data").symlink_to(open_place / "gone")
    place_data(open_place / "data", None, "abc")
    assert (open_place / "data").is_dir() and not (open_place / "data").is_symlink()


def test_the_newest_postgresql_runs_a_new_cluster(tmp_path: Path) -> None:
    for version in ("9.6", "15", "17"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin/postgres").touch()
    assert binaries(installed=tmp_path) == tmp_path / "17/bin"
    assert binaries("15", tmp_path) == tmp_path / "15/bin"


def test_data_of_a_version_that_is_not_installed_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="PostgreSQL 14"):
        binaries("14", tmp_path)
