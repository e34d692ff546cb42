"""The examples of the documentation, run as they stand against the real doors."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group

from heimdall_project.accounts.models import User
from heimdall_project.accounts.roles import sync_roles
from jobs.models import AnalysisAttempt, AnalysisJob
from jobs.services import Hop, result_apply
from tests.factories import make_answer
from tests.integration.platform.doors import STREAM, WEB, door, this_database
from tests.people import PASSWORD
from tests.probe_workers.harness import eventually

EXAMPLES = Path(settings.BASE_DIR) / "docs" / "examples"


@pytest.fixture
def environment(transactional_db: None) -> Iterator[dict[str, str]]:
    """Where the doors are, and an operator's login."""
    sync_roles()
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-a-test", iterations=1000)  # as doors hash
    omar = User.objects.create(username="omar", password=hashed)
    omar.groups.set(Group.objects.filter(name="operator"))
    database = this_database()
    with door(WEB, DATABASE_URL=database) as web, door(STREAM, DATABASE_URL=database) as stream:
        yield os.environ | {
            "HEIMDALL_URL": f"http://127.0.0.1:{web.port}",
            "HEIMDALL_STREAM_URL": f"http://127.0.0.1:{stream.port}",
            "HEIMDALL_USER": "omar",
            "HEIMDALL_PASSWORD": PASSWORD,
        }


def run(environment: dict[str, str], *command: str) -> Any:
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(("failure", "code"), [("", 0), ("no_evidence", 1)])
def test_the_python_client_follows_a_job_to_its_end(
    environment: dict[str, str], tmp_path: Path, failure: str, code: int
) -> None:
    log = tmp_path / "app.log"
    log.write_text("ERROR pool exhausted\n")
    command = (str(EXAMPLES / "submit_and_wait.py"), str(log), "--service", "orders", "--environment", "test")
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, environment, sys.executable, *command)
        eventually(lambda: AnalysisJob.objects.exists(), "it has submitted")
        job = AnalysisJob.objects.get()
        result_apply(event=make_answer(job.request_id, failure=failure), hop=Hop("analysis.result", 0, 1))
        done = running.result()
    assert done.returncode == code, done.stderr
    assert json.loads(done.stdout)["analysis_id"] == job.pk
    assert "submitted: PENDING" in done.stderr and "result_applied" in done.stderr


def test_the_python_client_shows_what_is_wrong(environment: dict[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty.log"
    empty.write_text(" ")
    command = (str(EXAMPLES / "submit_and_wait.py"), str(empty), "--service", "orders", "--environment", "x")
    done = run(environment, sys.executable, *command)
    assert done.returncode == 2
    assert [error["path"] for error in json.loads(done.stderr)["errors"]] == ["log_content"]


def test_the_shell_example_submits_cancels_redrives_and_exports(
    environment: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "jobs.csv"
    done = run(environment | {"OUT": str(out), "FOLLOW": "2"}, str(EXAMPLES / "submit.sh"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "event: submitted" in done.stdout and '"redrivable": 1' in done.stdout.replace('":1', '": 1')
    cancelled = AnalysisJob.objects.get(priority="LOW")
    origins = (
        AnalysisAttempt.objects.filter(job=cancelled).order_by("number").values_list("origin", flat=True)
    )
    assert list(origins) == ["submitted", "redriven"]
    assert len(out.read_text().splitlines()) == 3
