"""A soak of half a minute, on real processes: it holds, and whoever spoils the stores is found out."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.probe_workers.harness import ROOT

SHORT = ["--minutes", "0.5", "--seed", "12", "--spoil", "row,letter"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_short_soak_holds_and_a_spoilt_store_turns_it_red(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    told = subprocess.run(
        [sys.executable, "-m", "tests.soak", *SHORT, "--report", str(report)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-6000:]
    page = report.read_text()
    assert "**It holds**" in page
    assert "acknowledged events are missing" in page and "have other bytes" in page
