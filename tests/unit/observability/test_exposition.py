"""Metrics of one process, and of several that share a directory."""

import os
import subprocess
import sys
from pathlib import Path

from heimdall_project.observability.exposition import exposition
from heimdall_project.observability.hooks import scrape

COUNT = "from heimdall_project.observability.metrics import AUDITED; AUDITED.labels('a', 'ok').inc(2)"
SHOW = "from heimdall_project.observability.exposition import exposition; print(exposition()[0].decode())"


def run(script: str, directory: Path) -> str:
    """Run a script as a web process of its own."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(directory)}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def test_gauges_are_measured_before_they_are_given_out() -> None:
    asked: list[int] = []
    hook = scrape.add(lambda: asked.append(1))
    body, kind = exposition()
    scrape.remove(hook)
    assert asked and kind.startswith("text/plain") and b"# HELP heimdall_in_hand" in body


def test_several_processes_with_a_shared_directory_are_added_up(tmp_path: Path) -> None:
    run(COUNT, tmp_path)
    run(COUNT, tmp_path)
    assert 'heimdall_audited_total{action="a",result="ok"} 4.0' in run(SHOW, tmp_path)
