"""When which fault begins and ends: a pure function of seed and minutes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from .kinds import KINDS, Kind

WARM_UP = 10.0
"""Seconds before the first fault."""
CALM = 20.0
"""Seconds without new faults at the end, of a run that is long enough."""
GAP = (3.0, 8.0)
"""Seconds between the end of a fault and the next one, unless they overlap."""
OVERLAP = 0.4
"""Part of faults that begin while the one before still holds, if they befall different parties."""


@dataclass(frozen=True)
class Fault:
    """One fault, as planned."""

    number: int
    at: float
    """Seconds after the load began."""
    kind: Kind
    hold: float
    """Seconds for which it holds."""
    strength: int
    """How often, where that can be said: inserts that break."""

    @property
    def until(self) -> float:
        """When it ends."""
        return self.at + self.hold


def schedule(seed: int, minutes: float) -> list[Fault]:
    """The faults of a run in order, the same for the same arguments. No kind comes again before all came.

    Near the end a fault that would last too long is passed over."""
    draw, seconds = Random(f"soak {seed} {minutes:g}"), minutes * 60
    end, faults = seconds - min(CALM, seconds / 4), list[Fault]()
    next_at = min(WARM_UP, seconds / 6)
    for kind in _deck(draw):
        hold, strength, gap = draw.uniform(kind.least, kind.most), draw.randint(1, 3), draw.uniform(*GAP)
        begin, early = next_at, draw.random() < OVERLAP and _within(faults, draw.uniform(0.2, 0.8))
        if early and all(each.kind.party is not kind.party for each in faults if each.until >= early):
            begin = early
        if next_at > end:
            return faults
        if begin + hold > end:
            continue
        faults.append(Fault(len(faults) + 1, round(begin, 1), kind, round(hold, 1), strength))
        next_at = max(each.until + each.kind.back for each in faults) + gap
    raise AssertionError("the deck has no end")


def _deck(draw: Random) -> Iterator[Kind]:
    """All kinds in some order, then all again in another, without end."""
    while True:
        yield from draw.sample(KINDS, len(KINDS))


def _within(faults: Sequence[Fault], part: float) -> float:
    """A moment while the latest fault holds; 0 if there is none."""
    return faults[-1].at + part * faults[-1].hold if faults and faults[-1].hold else 0.0


def lines(faults: Sequence[Fault]) -> Iterator[str]:
    """The schedule for people."""
    for each in faults:
        yield f"{clock(each.at)}  {each.kind.name:<26} {each.hold:5.1f} s  {each.kind.meaning}"


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
