"""Trends as drawings: numbers become points of an SVG, so that no script is needed to see them. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT, MARGIN = 120, 28, 2


class Spark(NamedTuple):
    """A line of a few numbers, and what it says in words."""

    points: str
    area: str
    words: str
    width: int = WIDTH
    height: int = HEIGHT


class Bar(NamedTuple):
    """One bar of a plot."""

    x: float
    y: float
    width: float
    height: float
    title: str


def spark(counts: Sequence[int], words: str) -> Spark:
    """A line through these counts; the highest touches the top. Nothing is smoothed."""
    most = max(counts, default=0) or 1
    step = WIDTH / max(len(counts) - 1, 1)
    room = HEIGHT - 2 * MARGIN
    places = [(round(n * step, 1), round(HEIGHT - MARGIN - room * c / most, 1)) for n, c in enumerate(counts)]
    line = " ".join(f"{x},{y}" for x, y in places)
    return Spark(line, f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}" if line else "", words)


def bars(counts: Sequence[int], titles: Sequence[str], *, width: int = 720, height: int = 120) -> list[Bar]:
    """Bars side by side; those of nothing have no height, and what is there can be seen."""
    most = max(counts, default=0) or 1
    step = width / max(len(counts), 1)
    drawn = []
    for number, (count, title) in enumerate(zip(counts, titles, strict=True)):
        high = max(2.0, round(height * count / most, 1)) if count else 0.0
        drawn.append(Bar(round(number * step, 2), height - high, round(step * 0.8, 2), high, title))
    return drawn


def told(counts: Sequence[int], each: str = "hour") -> str:
    """A trend in a few words: how many lately, and whether that is more than before."""
    if not any(counts):
        return f"none in the last {len(counts)} {each}s"
    last = counts[-1] + counts[-2] if len(counts) > 1 else counts[-1]
    before = counts[:-2]
    usual = 2 * sum(before) / len(before) if before else 0.0
    if not last:
        way = "none lately"
    elif last > 2 * usual:
        way = "rising"
    elif last < usual / 2:
        way = "falling"
    else:
        way = "steady"
    return f"{sum(counts):,} in the last {len(counts)} {each}s, {way}"
