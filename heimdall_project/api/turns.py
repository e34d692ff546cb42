"""So many requests at a time; others wait for their turn, so many and for so long. Any thread may call."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Semaphore

from ..errors import Unavailable
from ..observability import metrics

WAITING = 4
"""How many may wait for each that is worked on."""


class Turns:
    """The bound of one process."""

    def __init__(self, *, most: int, seconds: float) -> None:
        self._free, self._lock = Semaphore(most), Lock()
        self._most_waiting, self._seconds = WAITING * most, seconds
        self.waiting = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """A block in which a request is worked on. Raises Unavailable."""
        if self.waiting or not self._free.acquire(blocking=False):  # those who wait come first
            self._wait()
        try:
            yield
        finally:
            self._free.release()

    def _wait(self) -> None:
        with self._lock:
            if self.waiting >= self._most_waiting:
                raise _refused("no_room", f"{self.waiting} requests wait already")
            self.waiting += 1
        try:
            if not self._free.acquire(timeout=self._seconds):
                raise _refused("no_turn", f"It was not the turn of this request within {self._seconds:g} s")
        finally:
            with self._lock:
                self.waiting -= 1


def _refused(reason: str, why: str) -> Unavailable:
    metrics.TURNS_REFUSED.labels(reason).inc()
    return Unavailable(f"{why}; nothing was done.", retry_after=1)
