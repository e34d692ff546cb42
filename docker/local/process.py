"""Processes that outlive the command that started them: recorded, found again, signalled, never mixed up.

A record holds the pid *and* the moment the kernel gave for its start, so that a pid which was recycled
for somebody else's process is never signalled.
"""

import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

PROC = Path("/proc")
_ENDED = "ZX"


@dataclass(frozen=True)
class ProcessRecord:
    """One started process. ``started`` is in clock ticks since boot."""

    pid: int
    started: int
    port: int = 0

    @property
    def is_alive(self) -> bool:
        """True while this very process runs (a zombie does not, nor does another one with its pid)."""
        state, started = _state(self.pid)
        if started != self.started:
            return False
        if state in _ENDED:
            _reap(self.pid)
            return False
        return True

    def signal(self, number: int) -> bool:
        """Signal the process if it is still the one that was recorded; False if it is gone."""
        if not self.is_alive:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False

    def signal_tree(self, number: int) -> None:
        """Signal the process first and then its descendants, which may have sessions of their own."""
        if not self.is_alive:
            return
        # A stopped parent forks no more, so the second look finds children born during the first.
        for pid in [self.pid, *descendants(self.pid), *descendants(self.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def wait_gone(self, timeout: float) -> bool:
        """Wait until the process has ended; False if it has not within ``timeout`` seconds."""
        return wait_for(lambda: not self.is_alive, timeout)


def record_of(pid: int, port: int = 0) -> ProcessRecord:
    """The record of a process that runs now."""
    return ProcessRecord(pid=pid, started=_state(pid)[1], port=port)


def load_record(path: Path) -> ProcessRecord | None:
    """The record stored at ``path`` if its process still runs."""
    try:
        record = ProcessRecord(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return record if record.is_alive else None


def save_record(path: Path, record: ProcessRecord) -> None:
    """Store atomically: a reader sees the old record or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(record)))
    draft.replace(path)


def descendants(pid: int) -> list[int]:
    """Children of ``pid`` and their children, parents first."""
    found: list[int] = []
    for task in (PROC / str(pid) / "task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found + [grandchild for child in found for grandchild in descendants(child)]


def wait_for(condition: Callable[[], bool], timeout: float, interval: float = 0.05) -> bool:
    """Poll until ``condition`` holds; False if it does not within ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval)
    return True


def end(record: ProcessRecord, number: int, patience: float) -> bool:
    """Ask with ``number``, wait ``patience`` seconds, then SIGKILL the tree. True if it went by asking."""
    record.signal(signal.SIGCONT)
    record.signal(number)
    if record.wait_gone(patience):
        return True
    record.signal_tree(signal.SIGKILL)
    record.wait_gone(10)
    return False


def _state(pid: int) -> tuple[str, int]:
    """State letter and start time of ``pid``; ("", -1) if there is no such process."""
    try:
        # The command name may hold spaces and brackets: fields are counted after its last bracket.
        after_name = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", -1
    return after_name[0], int(after_name[19])


def _reap(pid: int) -> None:
    """Collect ``pid`` if it is an ended child of ours, so that it does not stay a zombie."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
