"""Thins the log of a library that says the same again and again, such as that a server is away."""

from collections.abc import Callable
from logging import Filter, LogRecord
from time import monotonic

BEGINNING = 40
"""Lines are of one kind if they begin alike for so many characters."""
KINDS = 100


class Seldom(Filter):
    """Lets one line of a kind through in `seconds`; it says how many were left out before it."""

    def __init__(self, seconds: float = 10.0, *, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._kinds: dict[str, tuple[float, int]] = {}
        """When a line of the kind was let through, and how many were left out since."""

    def filter(self, record: LogRecord) -> bool:
        """Whether to log this line."""
        now, kind = self._clock(), record.getMessage()[:BEGINNING]
        told_at, left_out = self._kinds.get(kind, (float("-inf"), 0))
        if now - told_at < self._seconds:
            self._kinds[kind] = (told_at, left_out + 1)
            return False
        if len(self._kinds) >= KINDS:
            self._kinds.clear()
        self._kinds[kind] = (now, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} times before)", None
        return True
