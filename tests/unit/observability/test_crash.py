"""Crash points end the process as SIGKILL would, at the asked time and no other."""

import os
import signal
import subprocess
import sys

SCRIPT = """
from heimdall_project.observability.crash import crash_point
for n in range(3):
    crash_point("other"); crash_point("here"); print(n, flush=True)
"""


def crash(at: str) -> tuple[int, str]:
    """Exit code and output of a process that passes `here` three times."""
    environment = {**os.environ, "HEIMDALL_CRASH_AT": at}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return run.returncode, run.stdout


def test_without_the_setting_nothing_happens() -> None:
    assert crash("") == (0, "0\n1\n2\n")


def test_the_process_ends_the_first_time_the_point_is_passed() -> None:
    assert crash("here") == (137, "")


def test_a_frozen_process_stands_there_until_somebody_wakes_it() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "HEIMDALL_CRASH_AT": "here:3:freeze"},
        stdout=subprocess.PIPE,
        text=True,
    )
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    assert process.communicate(timeout=60)[0] == "0\n1\n2\n" and process.returncode == 0


def test_a_number_names_the_time_at_which_it_ends() -> None:
    assert crash("here:3") == (137, "0\n1\n")
