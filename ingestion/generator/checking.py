"""The truth beside what was seen. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from .poison import POISON
from .truth import Tally, Truth

MOST = 20
"""Differences that are told of one kind of figure."""


class Observed(msgspec.Struct, kw_only=True):
    """What stores say about one run; None where nobody looked."""

    records: int | None = None
    """Records that were stored, copies included."""
    rows: int | None = None
    """Rows that a reader sees."""
    events: int | None = None
    """Distinct events."""
    conflicts: int | None = None
    id_sum: int | None = None
    by_type: dict[str, int] | None = None
    by_content: dict[str, int] | None = None
    by_minute: dict[int, int] | None = None
    dead_letters: dict[str, dict[str, int]] | None = None
    """Dead letters by class of poison (or fault), then by disposition."""


class Difference(NamedTuple):
    """A figure that is not what it must be."""

    name: str
    least: int
    most: int
    seen: int

    def __str__(self) -> str:
        wanted = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{self.name}: {self.seen} seen, {wanted} expected ({self.off:+d})"

    @property
    def off(self) -> int:
        """By how much."""
        return self.seen - (self.least if self.seen < self.least else self.most)


def differences(truth: Truth, seen: Observed) -> list[Difference]:
    """Everything in which the truth and what was seen differ; empty if they agree."""
    return [each for each in _compared(truth, seen) if not each.least <= each.seen <= each.most]


def _compared(truth: Truth, seen: Observed) -> Iterator[Difference]:
    known, unknown = truth.known, truth.unknown
    yield from _figure("records", seen.records, known.records, unknown.records + truth.extra_copies)
    yield from _figure("distinct events", seen.events, known.events, unknown.events)
    if seen.events is not None:
        # Whoever reads must see each event once, however many of the unknown ones there are.
        yield from _figure("rows for readers", seen.rows, seen.events, 0)
    yield from _figure("ids in conflict", seen.conflicts, known.conflicts, unknown.conflicts)
    if not unknown.events:
        yield from _figure("sum of ids", seen.id_sum, known.id_sum, 0)
    for name, title in (("by_type", "type"), ("by_content", "content"), ("by_minute", "minute")):
        yield from _figures(title, getattr(seen, name), getattr(known, name), getattr(unknown, name))
    if seen.dead_letters is not None:
        yield from _dead_letters(known, unknown, truth.extra_copies, seen.dead_letters)


def _figure(name: str, seen: int | None, least: int, more: int) -> Iterator[Difference]:
    if seen is not None:
        yield Difference(name, least, least + more, seen)


def _figures(
    title: str, seen: Mapping[Any, int] | None, known: Mapping[Any, int], unknown: Mapping[Any, int]
) -> Iterator[Difference]:
    if seen is None:
        return
    names = sorted({*seen, *known, *unknown})
    all_of_them = (
        Difference(
            f"{title} {name}", low := known.get(name, 0), low + unknown.get(name, 0), seen.get(name, 0)
        )
        for name in names
    )
    wrong = [each for each in all_of_them if not each.least <= each.seen <= each.most]
    yield from sorted(wrong, key=lambda each: -abs(each.off))[:MOST]


def _dead_letters(
    known: Tally, unknown: Tally, extra: int, seen: Mapping[str, Mapping[str, int]]
) -> Iterator[Difference]:
    for name in sorted({*seen, *known.poison, *unknown.poison}):
        right = POISON[name].disposition if name in POISON else None
        for disposition, number in seen.get(name, {}).items():
            if disposition != right:
                yield Difference(f"dead letters of {name} called {disposition}", 0, 0, number)
        least = known.poison.get(name, 0)
        most = least + unknown.poison.get(name, 0) + extra
        yield Difference(f"dead letters of {name}", least, most, sum(seen.get(name, {}).values()))
