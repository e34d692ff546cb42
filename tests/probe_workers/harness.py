"""Runs `manage.py run_consumer` as a real process and looks at it from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom
from typing import Any

from django.db import connection

from docker.local.ports import OUTSIDE_OF_CLIENTS, is_taken

ROOT = Path(__file__).resolve().parents[2]
LONG = 60.0
"""Seconds after which a condition will not come true any more; no test depends on how long it takes."""


def eventually[T](
    look: Callable[[], T], what: str | Callable[[], str] = "the condition", *, within: float = LONG
) -> T:
    """Look until the answer is true, and answer it. `what` may be told when it is too late."""
    end = time.monotonic() + within
    while not (answer := look()):
        if time.monotonic() > end:
            told = what if isinstance(what, str) else what()
            raise AssertionError(f"{told} did not come true in {within} s")
        time.sleep(0.02)
    return answer


def is_running(pid: int) -> bool:
    """Whether a process lives; one that ended and was not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_range(size: int = 40) -> int:
    """The first of so many ports that nobody listens on now, and that no client is given."""
    firsts = range(OUTSIDE_OF_CLIENTS.start, OUTSIDE_OF_CLIENTS.stop - size, size)
    for first in SystemRandom().sample(firsts, len(firsts)):
        if not any(is_taken(port) for port in range(first, first + size)):
            return first
    raise AssertionError("no free range of ports")


class RunConsumer:
    """One `run_consumer` command and the files of its probes."""

    def __init__(self, process: subprocess.Popen[str], probes: Path, log: Path) -> None:
        self.process, self._probes, self._log = process, probes, log

    def left(self, name: str) -> int:
        """Process id in a file that a probe left; 0 if it is not there."""
        place = self._probes / name
        return int(place.read_text()) if place.exists() else 0

    def wait_for(self, name: str) -> int:
        """Wait for a file of a probe."""
        return eventually(lambda: self.left(name), lambda: f"file {name!r}\n{self._log.read_text()}\n")

    def leave(self, name: str) -> None:
        """Leave a file for the probes."""
        (self._probes / name).touch()

    def lines(self, action: str, **facts: Any) -> list[dict[str, Any]]:
        """Log lines with this action and these facts."""
        parsed = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        return [
            line
            for line in parsed
            if line.get("action") == action and all(line.get(name) == fact for name, fact in facts.items())
        ]

    def wait_for_line(self, action: str, **facts: Any) -> dict[str, Any]:
        """Wait for such a line; answers the first."""
        return eventually(lambda: self.lines(action, **facts), f"log line {action!r} {facts}")[0]

    def send(self, number: signal.Signals) -> None:
        """Send the command a signal."""
        self.process.send_signal(number)

    def exit_code(self) -> int:
        """Wait for its end."""
        return self.process.wait(LONG)

    @property
    def output(self) -> str:
        """Everything it wrote."""
        return self._log.read_text()


@contextmanager
def run_consumer(directory: Path, *arguments: str, **environment: str) -> Iterator[RunConsumer]:
    """Start the command with probe workers on the test database; it is gone at the end of the block."""
    probes, log = directory / "probes", directory / "log"
    probes.mkdir(exist_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run_consumer", *arguments],
            cwd=ROOT,
            env=_environment(probes) | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield RunConsumer(process, probes, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(LONG)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(probes: Path) -> dict[str, str]:
    database = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.worker_settings",
        "DATABASE_URL": url,
        "PROBES": str(probes),
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "INFO",
        "HEIMDALL_METRICS_PORT": "0",
        "WORKER_HEARTBEAT": "0.1",
        "WORKER_RESTART_BACKOFF": "0.01",
        "WORKER_RESTART_CEILING": "0.04",
    }
