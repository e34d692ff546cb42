"""The miner: from lines to templates, in passes over the whole batch.

1. Headers are taken off, values are masked by shape (`scan`), multi-token values are folded (`phrases`). What
   is left repeats heavily: a thousand lines become a few dozen different shapes.
2. Positions that take many different words become slots (`slots`), arguments in delimiters too (`brackets`).
3. Each group is shown with what its members have in common.

Statistics come from the batch alone, so the order of lines does not matter. Bounds: a line is read to
`LINE_CHARS` characters and `LINE_TOKENS` tokens; at most `SHAPES` different shapes of together `SHAPE_TOKENS`
tokens are told apart, lines of further ones share the template ``<*>``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from .brackets import merge_brackets
from .phrases import fold
from .scan import Scanner, readable
from .slots import merge_slots
from .strip import strip_headers
from .templates import WILDCARD, Mined, Template
from .tokens import VAR, key

LINE_CHARS = 8_192
LINE_TOKENS = 160
SHAPES = 30_000
SHAPE_TOKENS = 600_000

Row = tuple[str, ...]
Chunks = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A shown token, and whether a blank stands before it."""

    text: str
    spaced: bool


class _Shapes:
    """The different shapes of a batch, numbered in the order of their appearance."""

    def __init__(self) -> None:
        self.scanner = Scanner()
        self.known: dict[Chunks, int] = {}
        self.cells: list[tuple[Cell, ...]] = []
        self.tokens = 0
        self.overflow: int | None = None

    def number(self, message: str) -> int:
        """The number of the shape of a message."""
        chunks = tuple(map(self.scanner.chunk, _bounded(message).split()))
        number = self.known.get(chunks)
        if number is None:
            number = self._overflow() if self._is_full() else self._add(_cells(chunks))
            if number != self.overflow:
                self.known[chunks] = number
        return number

    def _is_full(self) -> bool:
        return len(self.cells) >= SHAPES or self.tokens >= SHAPE_TOKENS

    def _overflow(self) -> int:
        if self.overflow is None:
            self.overflow = self._add((Cell(VAR, False),))
        return self.overflow

    def _add(self, cells: tuple[Cell, ...]) -> int:
        self.cells.append(cells)
        self.tokens += len(cells)
        return len(self.cells) - 1


def mine(lines: Sequence[str]) -> Mined:
    """Group lines by template. Deterministic; grouping does not depend on the order of the lines."""
    shapes = _Shapes()
    numbers = [shapes.number(message) for message in strip_headers(lines)]
    counts = Counter(numbers)
    groups = _Groups({number: shapes.cells[number] for number in counts}, counts)
    groups.merge()
    return _mined(numbers, groups)


class _Groups:
    """Shapes brought together: each shape has a row, each row the cells to show it by."""

    def __init__(self, cells: dict[int, tuple[Cell, ...]], counts: Counter[int]) -> None:
        self.row_of: dict[int, Row] = {}
        self.shown: dict[Row, list[Cell]] = {}
        self.weight: Counter[Row] = Counter()
        # The most frequent shape decides about blanks, the text about ties: never the order of lines.
        for number in sorted(cells, key=lambda n: (-counts[n], [cell.text for cell in cells[n]])):
            row = tuple(key(cell.text) for cell in cells[number])
            self.row_of[number] = row
            self.weight[row] += counts[number]
            self._show(row, list(cells[number]))

    def merge(self) -> None:
        """Find slots, then arguments in delimiters."""
        self._move({row: (new, None) for row, new in merge_slots(self.weight).items() if new != row})
        self._move(dict(merge_brackets(self.weight)))
        self._move(dict(merge_brackets(self.weight)))

    def _move(self, step: dict[Row, tuple[Row, tuple[int, int] | None]]) -> None:
        shown, weight = self.shown, self.weight
        self.shown, self.weight = {}, Counter()
        for row in sorted(shown, key=lambda row: (-weight[row], row)):
            new, span = step.get(row, (row, None))
            cells = shown[row]
            if span:
                cells[span[0] : span[1]] = [Cell(VAR, cells[span[0]].spaced)]
            self.weight[new] += weight[row]
            self._show(new, cells)
        self.row_of = {number: step[row][0] if row in step else row for number, row in self.row_of.items()}

    def _show(self, row: Row, cells: list[Cell]) -> None:
        """Let the row show what its members have in common."""
        common = self.shown.setdefault(row, cells)
        if common is not cells:
            for index, (one, other) in enumerate(zip(common, cells, strict=True)):
                if one.text != other.text:
                    common[index] = Cell(row[index] if VAR in row[index] else VAR, one.spaced)


def _mined(numbers: list[int], groups: _Groups) -> Mined:
    order: dict[Row, int] = {}
    members: list[list[int]] = []
    assignments: list[int] = []
    for line, number in enumerate(numbers, start=1):
        row = groups.row_of[number]
        index = order.setdefault(row, len(order))
        if index == len(members):
            members.append([])
        members[index].append(line)
        assignments.append(index)
    templates = tuple(
        Template(_identity(row), _text(groups.shown[row]), tuple(found))
        for row, found in zip(order, members, strict=True)
    )
    return Mined(templates, tuple(assignments))


def _bounded(message: str) -> str:
    """The text that is read, with a value for the rest if it is cut."""
    text = readable(message)
    return text if len(text) <= LINE_CHARS else f"{text[:LINE_CHARS]} {VAR}"


def _cells(chunks: Chunks) -> tuple[Cell, ...]:
    tokens = [token for chunk in chunks for token in chunk]
    starts = {0, *accumulate(map(len, chunks))}
    cells = [Cell(token, index in starts) for token, index in fold(tokens[:LINE_TOKENS])]
    if len(tokens) > LINE_TOKENS and (not cells or cells[-1].text != VAR):
        cells.append(Cell(VAR, False))
    return tuple(cells)


def _text(cells: Sequence[Cell]) -> str:
    shown = "".join(f" {cell.text}" if cell.spaced else cell.text for cell in cells)
    return shown.strip().replace(VAR, WILDCARD)


def _identity(row: Row) -> str:
    return hashlib.blake2b("\n".join(row).encode("utf-8", "replace"), digest_size=8).hexdigest()
