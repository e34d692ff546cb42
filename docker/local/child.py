"""A process in the foreground of ``make up``: its lines are shown with a prefix, its record is kept."""

import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from .errors import StackError
from .instance import CHECKOUT, Instance
from .process import end, load_record, record_of, save_record
from .terminal import prefix, say

NAMES = ("web", "stream", "workers")


class Child:
    """Web, stream door or workers. Runs in a session of its own: Ctrl-C reaches it only through us."""

    def __init__(self, name: str, command: list[str], instance: Instance, environment: Mapping[str, str]):
        self.name = name
        self.command = command
        self._environment = environment
        self._record_path = child_record(instance, name)
        self._log = instance.logs / f"{name}.log"
        self._tail: deque[str] = deque(maxlen=15)
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread(target=self._show, name=f"lines of {name}", daemon=True)

    def start(self) -> None:
        """Start the process and show what it prints from now on."""
        self._process = subprocess.Popen(
            self.command,
            cwd=CHECKOUT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            start_new_session=True,
        )
        save_record(self._record_path, record_of(self._process.pid))
        self._reader.start()

    @property
    def is_running(self) -> bool:
        """True while the process runs."""
        return self._process is not None and self._process.poll() is None

    def check(self) -> None:
        """StackError with the last lines if the process has ended by itself."""
        if self._process is not None and (code := self._process.poll()) is not None:
            self._reader.join(timeout=2)
            last = "\n    ".join(self._tail)
            raise StackError(f"{self.name} ended with code {code}. Its last lines ({self._log}):\n    {last}")

    def ask_to_stop(self) -> None:
        """SIGTERM: finish what runs, then end."""
        if self.is_running and self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, budget: float) -> None:
        """Wait for the end, at most ``budget`` seconds; then SIGKILL with all it started."""
        if self._process is None:
            return
        try:
            self._process.wait(budget)
        except subprocess.TimeoutExpired:
            record_of(self._process.pid).signal_tree(signal.SIGKILL)
            self._process.wait(10)
        self._reader.join(timeout=2)
        self._record_path.unlink(missing_ok=True)

    def _show(self) -> None:
        assert self._process is not None and self._process.stdout is not None  # noqa: S101 - set by start
        mark = prefix(self.name)
        with self._process.stdout as lines, self._log.open("a") as log:
            for line in lines:
                if not line.strip():
                    continue
                self._tail.append(line.rstrip())
                log.write(line)
                log.flush()
                say(mark + line.rstrip())


def child_record(instance: Instance, name: str) -> Path:
    """Where the record of a foreground process lies."""
    return instance.run / f"{name}.json"


def end_leftovers(instance: Instance, patience: float = 30) -> list[str]:
    """End children of a ``make up`` that was itself killed; returns their names."""
    ended = []
    for name in NAMES:
        path = child_record(instance, name)
        if record := load_record(path):
            end(record, signal.SIGTERM, patience)
            ended.append(name)
        path.unlink(missing_ok=True)
    return ended
