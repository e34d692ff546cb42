"""How fast a batch goes: a few letters first, then more, and only while they fare well. Pure."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

SHARES = (0.01, 0.1, 1.0)
"""Of the whole set, after the canary: how much may have been sent by the end of each stage."""
BURST = 1.0
"""Seconds of its rate that a batch makes up for, if it could not send."""
SLICE = 0.1
"""Seconds of its rate that are due before the next round sends."""
SECOND = 1.0


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a batch was proposed with."""

    canary: int
    """Letters that go first, alone."""
    rate: float
    """Letters a second, at most."""
    most_failures: float
    """Share of failures among those that ended at which it stops itself, 0 to 1."""


class Progress(NamedTuple):
    """Items of a batch by where they stand."""

    waiting: int
    under_way: int
    """Sent, or being sent, without an end."""
    resolved: int
    failed: int
    forgiven: int = 0
    """Failures that a person knew of when the batch was let go on."""

    @property
    def sent(self) -> int:
        """Those that were sent, whatever came of it."""
        return self.under_way + self.resolved + self.failed

    @property
    def size(self) -> int:
        """Those that count: all but the skipped ones."""
        return self.waiting + self.sent


class Send(NamedTuple):
    """Send so many now."""

    most: int


class Wait(NamedTuple):
    """Nothing to send now."""

    why: str


class Stop(NamedTuple):
    """Too much failed."""

    why: str


class Finish(NamedTuple):
    """Every letter has its end."""


def plan(rules: Rules, progress: Progress, *, allowed: int) -> Send | Wait | Stop | Finish:
    """What a batch does next; `allowed` is what its rate lets it send now."""
    if not progress.waiting and not progress.under_way:
        return Finish()
    if why := _too_much_failed(rules, progress):
        return Stop(why) if progress.waiting else Wait(why)
    if not progress.waiting:
        return Wait("all are sent; their outcomes are awaited")
    stage = next(end for end in stages(rules, progress.size) if end > progress.sent - progress.under_way)
    if stage <= progress.sent:
        return Wait(f"the first {stage} are sent; they must have ended before more are")
    return Send(min(allowed, stage - progress.sent)) if allowed else Wait("it goes at its rate")


def stages(rules: Rules, size: int) -> list[int]:
    """How many may have been sent by the end of each stage; the last is all."""
    first = min(max(1, rules.canary), size)
    return sorted({first, *(max(first, int(size * share)) for share in SHARES), size})


def _too_much_failed(rules: Rules, progress: Progress) -> str:
    failed = progress.failed - progress.forgiven
    ended = progress.resolved + failed
    if failed <= 0 or failed <= rules.most_failures * ended:
        return ""
    return f"{failed} of {ended} failed again"


class Recent:
    """What a batch sent in the last second: of each round how many, and when the last of them had gone."""

    def __init__(self) -> None:
        self._rounds: deque[tuple[float, int]] = deque()

    def add(self, sent: int, until: float) -> None:
        """So many went, the last of them at this moment, in seconds of any one clock."""
        self._rounds.append((until, sent))

    def count(self, now: float) -> int:
        """How many may have gone within the last second."""
        while self._rounds and self._rounds[0][0] <= now - SECOND:
            self._rounds.popleft()
        return sum(sent for _, sent in self._rounds)


def allowance(rate: float, free_from: datetime, now: datetime, *, recent: int = 0) -> int:
    """How many a rate lets go now, if it is used up to `free_from` and `recent` went in the last second.

    Never so many that more than the rate go within any one second (of a rate below one: one letter).
    """
    idle = min((now - free_from).total_seconds(), BURST)
    if idle < 0:
        return 0
    due, left = max(1, int(idle * rate)), max(1, int(rate)) - recent
    if recent and due < rate * SLICE:
        return 0  # a round costs more than the few letters that it would send
    return max(0, min(due, left))


def used(rate: float, free_from: datetime, now: datetime, sent: int) -> datetime:
    """Up to when the rate is used after `sent` went now."""
    since = max(free_from, now - timedelta(seconds=BURST))
    return since + timedelta(seconds=sent / rate)
