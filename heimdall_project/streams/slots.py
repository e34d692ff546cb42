"""What the supervisor knows about each worker it keeps running, and when to start it again. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from .exit_codes import ExitCode


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Waits before a worker is started again; they double while it goes on failing."""

    first: float
    ceiling: float
    settled: float = 60.0
    """Seconds that a process must have run for its failures before to be forgotten."""

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (from 1)."""
        return min(self.ceiling, self.first * 2.0 ** min(failures - 1, 20))


class Phase(StrEnum):
    """What a slot is at."""

    DUE = "due"
    """It waits for its time to be started."""
    RUNNING = "running"
    """Its worker runs."""
    HELD = "held"
    """It stopped on purpose: a small process waits in its place for a person's order."""
    OVER = "over"
    """It ended while everything was being stopped."""


@dataclass(slots=True)
class Slot:
    """One place for a process of a worker. Times are monotonic seconds."""

    worker: str
    replica: int = 0
    phase: Phase = Phase.DUE
    holding: bool = False
    """Whether the process to start next, or running now, is the one that waits for an order."""
    pid: int = 0
    halted_pid: int = 0
    """The process that stopped on purpose."""
    due: float = 0.0
    began: float = 0.0
    failures: int = 0
    starts: int = 0

    @property
    def label(self) -> str:
        """Name in logs."""
        return f"{self.worker}#{self.replica}" if self.replica else self.worker

    def started(self, pid: int, now: float) -> None:
        """Its process was forked."""
        self.pid, self.began = pid, now
        self.phase = Phase.HELD if self.holding else Phase.RUNNING
        self.starts += not self.holding

    def ended(self, code: int, now: float, backoff: Backoff) -> float:
        """Its process ended; the slot is due again after the answered seconds."""
        if code == ExitCode.ORDERED and self.holding:
            self.holding, self.failures = False, 0
            return self._due_in(0.0, now)
        if code == ExitCode.ON_PURPOSE and not self.holding:
            self.holding, self.halted_pid, self.failures = True, self.pid, 0
            return self._due_in(0.0, now)
        if now - self.began >= backoff.settled:
            self.failures = 0
        return self.failed(now, backoff)

    def failed(self, now: float, backoff: Backoff) -> float:
        """It failed once more, or could not even start; it is due again after the answered seconds."""
        self.failures += 1
        return self._due_in(backoff.delay(self.failures), now)

    def is_over(self) -> None:
        """Its process ended and none takes its place."""
        self.phase = Phase.OVER

    def _due_in(self, delay: float, now: float) -> float:
        self.phase, self.due = Phase.DUE, now + delay
        return delay
