"""When invalid records are an outage and not a set of dead letters. Pure.

Two rules: the first records of an assignment are all invalid (a bad deploy, a wrong topic), or too large
a share of a window is. Until a good record was seen, a few bad ones are held back, so that a flood is
recognised before its first record is dead-lettered; after some quiet they are let go.

While a dependency is away, invalid records come to their end and good ones do not: what waits for it was not
found invalid, and counts against a flood for as long as it waits.
"""

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, kw_only=True)
class FloodRules:
    """Thresholds; see the FLOOD_* settings."""

    first: int = 20
    ratio: float = 0.5
    window: float = 60.0
    least: int = 100
    patience: float = 2.0


@dataclass(slots=True)
class Window:
    """Good and bad records since `started_at` (seconds since the epoch)."""

    started_at: float
    good: int = 0
    bad: int = 0


class Decision(Enum):
    """What to do with records that failed."""

    ADMIT = auto()
    """Dead-letter them."""
    HOLD = auto()
    """Wait for more."""
    FLOOD = auto()
    """Stop the worker."""


class FloodMeter:
    """Counts what one consumer sees."""

    def __init__(self, rules: FloodRules, window: Window) -> None:
        self.rules = rules
        self.window = window
        self._good_seen = False
        self._bad_first = 0
        self._last_bad = 0.0

    def assigned(self) -> None:
        """New partitions came: their first records decide again."""
        self._good_seen = False
        self._bad_first = 0

    def observe(self, *, good: int, bad: int, now: float) -> None:
        """So many records were handled, so many failed."""
        if now - self.window.started_at > self.rules.window:
            self.window = Window(started_at=now)
        self.window.good += good
        self.window.bad += bad
        self._good_seen = self._good_seen or good > 0
        if bad:
            self._last_bad = now
            self._bad_first += 0 if self._good_seen else bad

    def judge(self, now: float, *, overridden: bool, waiting: int = 0) -> Decision:
        """What to do with the failures at hand. `waiting` ones were not found invalid, and have no end."""
        if overridden:
            return Decision.ADMIT
        if self._share_too_large(waiting):
            return Decision.FLOOD
        if self._first_all_bad():
            return Decision.HOLD if waiting else Decision.FLOOD
        if not self._good_seen and now - self._last_bad < self.rules.patience:
            return Decision.HOLD
        return Decision.ADMIT

    def _first_all_bad(self) -> bool:
        return not self._good_seen and self._bad_first >= self.rules.first

    def _share_too_large(self, waiting: int) -> bool:
        total = self.window.good + self.window.bad + waiting
        return total >= self.rules.least and self.window.bad >= self.rules.ratio * total

    def describe(self) -> str:
        """The counts, for people."""
        if self._first_all_bad():
            return f"the first {self._bad_first} records of this assignment are all invalid"
        return (
            f"{self.window.bad} of {self.window.good + self.window.bad} records within "
            f"{self.rules.window:.0f} s are invalid"
        )
