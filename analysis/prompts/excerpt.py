"""Which lines of a log a model is shown, when it cannot be shown all.

A fifth of the room goes to the beginning, three tenths to the end, the rest to lines that look like failures:
the first of each kind before those that repeat it, each with what stands around it. What is left over then
goes to the lines before the end. Every line keeps its number, and gaps are told.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from heimdall_project.errors import HeimdallError

from ..budget.counting import estimate
from .defusing import defused

LINE_CHARS = 1_000
"""A longer line is shown up to here."""
_CUT = " [the line goes on]"
_HEAD, _TAIL = 0.2, 0.3
_AROUND = (0, -1, 1, 2)
_GAP_TOKENS = 12
_SIGNS = re.compile(
    r"err(?:or)?\b|fatal|panic|exception|traceback|caused by|crit(?:ical)?\b|fail|refused|timed? ?out|denied"
    r"|unavailable|exhausted|out of memory|oom|killed|deadlock|abort|segfault|unreachable|warn",
    re.IGNORECASE,
)
_VALUES = re.compile(r"[0-9a-f]*\d[0-9a-f]*", re.IGNORECASE)


class NothingFits(HeimdallError):
    """Not even one line has room."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines as the model sees them, the numbers that it may cite, and how many lines the log has."""

    text: str
    numbers: frozenset[int]
    total: int
    tokens: int

    @property
    def is_cut(self) -> bool:
        """Whether lines were left out."""
        return len(self.numbers) < self.total


def excerpt(lines: Sequence[str], most: int) -> Shown:
    """The lines that fit `most` tokens, numbered from 1. Raises NothingFits.

    Of a log that does not fit, only lines that may be shown are looked at closely.
    """
    room = _Room(lines, most)
    if len(lines) <= most and (total := sum(map(room.cost, range(len(lines))))) <= most:
        told = (room.told(index) for index in range(len(lines)))
        return Shown("\n".join(told), frozenset(range(1, len(lines) + 1)), len(lines), total)
    room.take(range(len(lines)), most * _HEAD)
    room.take(reversed(range(len(lines))), most * _TAIL)
    room.take(_signs(lines))
    room.take(reversed(range(len(lines))))
    if not room.chosen:
        raise NothingFits(f"not one line of the log fits {most} tokens")
    text = "\n".join(_with_gaps(room, len(lines)))
    return Shown(text, frozenset(index + 1 for index in room.chosen), len(lines), estimate(text))


class _Room:
    """What was chosen, and how much still fits. Each line pays for a gap beside it, which it may not need."""

    def __init__(self, lines: Sequence[str], most: int) -> None:
        self._lines = lines
        self._told: dict[int, str] = {}
        self.left = most
        self.chosen: set[int] = set()

    def told(self, index: int) -> str:
        """A line as it is shown."""
        if (text := self._told.get(index)) is None:
            line = self._lines[index]
            shown = line if len(line) <= LINE_CHARS else line[:LINE_CHARS] + _CUT
            text = self._told[index] = f"{index + 1}| {defused(shown)}"
        return text

    def cost(self, index: int) -> int:
        """Its tokens, with the line feed."""
        return estimate(self.told(index)) + 1

    def take(self, indexes: Iterable[int], spend: float = float("inf")) -> None:
        """Take these in turn, for at most so much; stops at the first that does not fit."""
        for index in indexes:
            if index in self.chosen:
                continue
            beside = index - 1 in self.chosen or index + 1 in self.chosen
            cost = self.cost(index) + (0 if beside else _GAP_TOKENS)
            if cost > self.left or cost > spend:
                return
            self.chosen.add(index)
            self.left -= cost
            spend -= cost


def _signs(lines: Sequence[str]) -> Iterator[int]:
    """Lines that look like failures with what is around them; first of their kind first."""
    kinds: set[str] = set()
    repeated = []
    for index, line in enumerate(lines):
        head = line[:LINE_CHARS]
        if not _SIGNS.search(head):
            continue
        kind = _VALUES.sub("", head)[:160]
        if kind in kinds:
            repeated.append(index)
            continue
        kinds.add(kind)
        yield from (index + step for step in _AROUND if 0 <= index + step < len(lines))
    yield from repeated


def _with_gaps(room: _Room, total: int) -> Iterator[str]:
    before = -1
    for index in (*sorted(room.chosen), total):
        if index > before + 1:
            yield f"[lines {before + 2} to {index} are left out]"
        if index < total:
            yield room.told(index)
        before = index
