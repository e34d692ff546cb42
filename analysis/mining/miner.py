"""The miner: from lines to templates, in passes over the whole batch.

1. Headers are taken off, values are masked by shape (`scan`), multi-token values are folded (`phrases`). What
   is left repeats heavily: a thousand lines become a few dozen different shapes.
2. Positions that take many different words become slots (`slots`), arguments in delimiters too (`brackets`).
3. Each group is shown with what its members have in common.

Statistics come from the batch alone, so the order of lines does not matter. Bounds: a line is read to
`LINE_CHARS` characters and `LINE_TOKENS` tokens; at most `SHAPES` different shapes of together `SHAPE_TOKENS`
tokens are learnt from; lines of further ones go where they fit, or share the template ``<*>``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from .groups import Cell, Groups, Row
from .phrases import fold
from .scan import Scanner, readable
from .strip import strip_headers
from .templates import WILDCARD, Mined, Template
from .tokens import VAR

LINE_CHARS = 8_192
LINE_TOKENS = 160
SHAPES = 30_000
SHAPE_TOKENS = 600_000

Chunks = tuple[tuple[str, ...], ...]


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
        chunks = self._chunks(message)
        number = self.known.get(chunks)
        if number is None:
            number = self._overflow() if self._is_full() else self._add(_cells(chunks))
            if number != self.overflow:
                self.known[chunks] = number
        return number

    def cells_of(self, message: str) -> tuple[Cell, ...]:
        """The cells of a message whose shape was not kept."""
        return _cells(self._chunks(message))

    def _chunks(self, message: str) -> Chunks:
        return tuple(map(self.scanner.chunk, _bounded(message).split()))

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
    messages = strip_headers(lines)
    numbers = [shapes.number(message) for message in messages]
    groups = Groups(dict(enumerate(shapes.cells)), Counter(numbers))
    groups.merge()
    rows = [groups.row_of[number] for number in numbers]
    if shapes.overflow is not None:
        for index, number in enumerate(numbers):
            if number == shapes.overflow:
                rows[index] = groups.place(shapes.cells_of(messages[index])) or rows[index]
    return _mined(rows, groups)


def _mined(rows: Sequence[Row], groups: Groups) -> Mined:
    order: dict[Row, int] = {}
    members: list[list[int]] = []
    assignments: list[int] = []
    for line, row in enumerate(rows, start=1):
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
