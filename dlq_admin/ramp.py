"""How fast a batch goes: a few letters first, then more, and only while they fare well. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

SHARES = (0.01, 0.1, 1.0)
"""Of the whole set, after the canary: how much may have been sent by the end of each stage."""
BURST = 1.0
"""Seconds of its rate that a batch may send at once."""


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


def allowance(rate: float, free_from: datetime, now: datetime) -> int:
    """How many a rate lets go now, if it has been used up to `free_from`."""
    idle = min((now - free_from).total_seconds(), BURST)
    return 0 if idle < 0 else max(1, int(idle * rate))


def used(rate: float, free_from: datetime, now: datetime, sent: int) -> datetime:
    """Up to when the rate is used after `sent` went now."""
    since = max(free_from, now - timedelta(seconds=BURST))
    return since + timedelta(seconds=sent / rate)
