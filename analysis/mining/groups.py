"""Shapes brought together, and what each group is shown by."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from .brackets import merge_brackets
from .slots import frame_of, merge_slots
from .tokens import VAR, key

Row = tuple[str, ...]

# How many ways of having values are tried to place a further shape.
_MOST_SLOTS = 64


@dataclass(frozen=True, slots=True)
class Cell:
    """A shown token, and whether a blank stands before it."""

    text: str
    spaced: bool


class Groups:
    """Shapes brought together: each shape has a row, each row the cells to show it by."""

    def __init__(self, cells: dict[int, tuple[Cell, ...]], counts: Counter[int]) -> None:
        self.row_of: dict[int, Row] = {}
        self.shown: dict[Row, list[Cell]] = {}
        self.weight: Counter[Row] = Counter()
        self._found: dict[Row, list[frozenset[int]]] | None = None
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

    def place(self, cells: tuple[Cell, ...]) -> Row | None:
        """The existing row that a further shape is a case of, if there is one."""
        row = tuple(key(cell.text) for cell in cells)
        for slots in self._slots().get(frame_of(row), ()):
            general = tuple(VAR if index in slots else token for index, token in enumerate(row))
            if general in self.shown:
                self._show(general, list(cells))
                return general
        return None

    def _slots(self) -> dict[Row, list[frozenset[int]]]:
        """For each frame, where its rows have values; the fewest first."""
        if self._found is None:
            found: defaultdict[Row, set[frozenset[int]]] = defaultdict(set)
            for row in self.shown:
                found[frame_of(row)].add(frozenset(i for i, token in enumerate(row) if token == VAR))
            order = {
                frame: sorted(slots, key=lambda each: (len(each), sorted(each)))[:_MOST_SLOTS]
                for frame, slots in found.items()
            }
            self._found = order
        return self._found
