"""The web door has threads for bodies, for work, for those who wait, and some to say no."""

import json
import re
from pathlib import Path

import pytest

from heimdall_project.api.turns import WAITING
from heimdall_project.env import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
STARTED_BY = (
    "docker/Dockerfile",
    "docker/local/up.py",
    "tests/integration/platform/doors.py",
    "tests/architecture/rendered/values.yaml",
    "tests/architecture/rendered/values-prod.yaml",
    "tests/architecture/rendered/values-dev.yaml",
)


@pytest.mark.parametrize("file", STARTED_BY)
def test_every_web_door_has_threads_to_spare_and_speaks_http_1_alone(file: str) -> None:
    text = (ROOT / file).read_text()
    bodies = json.loads(VARIABLES["API_BODIES_AT_ONCE"].default)
    working = json.loads(VARIABLES["API_REQUESTS_AT_ONCE"].default)
    threads = re.findall(r'"--blocking-threads",\s*"(\d+)"', text)
    assert threads and all(int(each) > bodies + (1 + WAITING) * working for each in threads)
    assert re.search(r'"--http",\s*"1"', text)
