"""What `.env` may say."""

import os
from pathlib import Path

import pytest

from docker.local import __main__ as line


def test_dotenv_fills_in_what_the_environment_does_not_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text('# ports\nKAFKA_PORT=9999\nNAME="a b"\nREDIS_PORT=1\nno assignment\n')
    monkeypatch.setattr(line, "CHECKOUT", tmp_path)
    monkeypatch.setattr(os, "environ", {"REDIS_PORT": "2"})
    line.read_dotenv()
    assert os.environ == {"KAFKA_PORT": "9999", "NAME": "a b", "REDIS_PORT": "2"}
