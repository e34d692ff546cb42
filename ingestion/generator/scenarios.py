"""Rate and popularity as functions of time. Pure: the same second of the same seed is always the same."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from random import Random
from typing import NamedTuple

from .options import Scenario

BURST_EVERY, BURST_SECONDS, BURST_FACTOR = 60, 10, 5.0
HOT_CONTENTS, HOT_SHARE, HOT_SECONDS = 10, 0.8, 60
SPIKE_SECONDS, SPIKE_CHANCE, SPIKE_FACTOR, SPIKE_SHARE = 10, 0.15, 8.0, 0.9


class Crowd(NamedTuple):
    """Which part of all events goes to a few contents, by their numbers."""

    share: float
    contents: Sequence[int]


NOBODY = Crowd(0.0, ())


def factor(scenario: Scenario, seed: int, second: int) -> float:
    """By how much the rate of this second differs from the usual one."""
    match scenario:
        case Scenario.BURST:
            return BURST_FACTOR if second % BURST_EVERY < BURST_SECONDS else 1.0
        case Scenario.RANDOM_SPIKE:
            return SPIKE_FACTOR if _spike(seed, second // SPIKE_SECONDS) else 1.0
        case _:
            return 1.0


def crowd(scenario: Scenario, seed: int, contents: int, second: int) -> Crowd:
    """What everybody looks at in this second, if there is such a thing."""
    match scenario:
        case Scenario.POPULAR_BIAS:
            return _hot(seed, contents, second // HOT_SECONDS)
        case Scenario.RANDOM_SPIKE if _spike(seed, window := second // SPIKE_SECONDS):
            return _spiked(seed, contents, window)
        case _:
            return NOBODY


def _draw(seed: int, window: int) -> Random:
    return Random(f"{seed}/{window}")  # noqa: S311 - reproducible on purpose


@lru_cache(maxsize=1024)
def _spike(seed: int, window: int) -> bool:
    # Never the first: whoever tries the scenario for some seconds sees the usual rate before a spike.
    return window > 0 and Random(f"{seed}/spike/{window}").random() < SPIKE_CHANCE  # noqa: S311


@lru_cache(maxsize=1024)
def _spiked(seed: int, contents: int, window: int) -> Crowd:
    return Crowd(SPIKE_SHARE, (_draw(seed, window).randrange(contents),))


@lru_cache(maxsize=1024)
def _hot(seed: int, contents: int, window: int) -> Crowd:
    chosen = _draw(seed, window).sample(range(contents), min(HOT_CONTENTS, contents))
    return Crowd(HOT_SHARE, tuple(chosen))


class Schedule:
    """When each record is due, in seconds after the start, and how many are due by then."""

    def __init__(self, eps: float, rate: Callable[[int], float]) -> None:
        self._eps, self._rate = eps, rate
        self._ends: list[float] = []
        """Records that are due by the end of each second."""

    def moment(self, index: int) -> float:
        """Seconds after which record `index` is due."""
        while not self._ends or self._ends[-1] <= index:
            self._grow()
        second = bisect_right(self._ends, index)
        before = self._ends[second - 1] if second else 0.0
        return second + (index - before) / (self._ends[second] - before)

    def due(self, seconds: float) -> int:
        """Records that are due before this many seconds have passed."""
        whole = int(seconds)
        while len(self._ends) <= whole:
            self._grow()
        before = self._ends[whole - 1] if whole else 0.0
        return int(before + (self._ends[whole] - before) * (seconds - whole) + 1e-6)

    def _grow(self) -> None:
        done = self._ends[-1] if self._ends else 0.0
        self._ends.append(done + self._eps * self._rate(len(self._ends)))


def schedule(scenario: Scenario, seed: int, eps: float) -> Schedule:
    """The schedule of a scenario at this rate."""
    return Schedule(eps, lambda second: factor(scenario, seed, second))
