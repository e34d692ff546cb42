"""A service as a process that outlives who started it. The server here is `sleep`."""

import subprocess
import sys
from pathlib import Path

from docker.local.instance import CHECKOUT, private_instance
from docker.local.service import Service


class Sleeper(Service):
    """Does nothing for a minute."""

    name = "sleeper"
    ports_used = ("redis",)

    def prepare(self) -> None:
        """Nothing is needed."""

    def command(self) -> list[str]:
        """A process that waits to be signalled."""
        return ["sleep", "60"]

    def is_ready(self) -> bool:
        """At once."""
        return True


def test_a_service_runs_on_and_nothing_is_complained_of_when_who_started_it_ends(tmp_path: Path) -> None:
    start = f"""
from pathlib import Path
from docker.local.instance import private_instance
from tests.local.test_service import Sleeper
Sleeper(private_instance(Path({str(tmp_path)!r}))).start()
"""
    starter = [sys.executable, "-W", "error", "-c", start]
    ended = subprocess.run(starter, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    sleeper = Sleeper(private_instance(tmp_path))
    assert sleeper.record() is not None
    sleeper.stop()
    assert sleeper.record() is None


def test_a_service_that_was_killed_leaves_no_zombie(tmp_path: Path) -> None:
    sleeper = Sleeper(private_instance(tmp_path))
    sleeper.start()
    running = sleeper.record()
    assert running is not None
    sleeper.kill()
    assert not Path(f"/proc/{running.pid}").exists()
