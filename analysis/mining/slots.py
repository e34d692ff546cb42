"""Which word of a line is a value: decided by counting over the batch, not by rules per log.

Rows are token sequences of one *frame*: the same punctuation in the same places. If, with all other words
equal, a position takes many different words, it is a slot. Few different words stay apart, since ``opened``
and ``closed`` are two events; words that tell a state stay apart however many there are.

A frame of very many rows is learnt from samples, so that time stays linear: what a sample shows to be a slot
holds for the rows that fit, and further samples are taken from those that fit nothing yet.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from .rounds import FOUND, Row, as_shape, generalise, total_of
from .tokens import is_word

_WORD = "word"
_AT_ONCE = 4_000
_SAMPLES = 5


def frame_of(row: Row) -> Row:
    """The punctuation of a row, with a mark for each word or value."""
    return tuple(_WORD if is_word(token) else token for token in row)


def merge_slots(rows: Mapping[Row, int]) -> dict[Row, Row]:
    """The generalised row of each row; ``rows`` maps each different row to its number of lines."""
    frames: defaultdict[Row, list[Row]] = defaultdict(list)
    for row in rows:
        frames[frame_of(row)].append(row)
    merged: dict[Row, Row] = {}
    for frame, members in frames.items():
        columns = [index for index, mark in enumerate(frame) if mark == _WORD]
        for row, general in _merge_frame(columns, {row: rows[row] for row in members}).items():
            merged[row] = as_shape(general)
    return merged


def _merge_frame(columns: list[int], rows: dict[Row, int]) -> dict[Row, Row]:
    if len(rows) <= _AT_ONCE:
        return generalise(columns, rows)
    merged: dict[Row, Row] = {}
    known = _Known(columns)
    left = sorted(rows, key=lambda row: (zlib.crc32("\n".join(row).encode("utf-8", "replace")), row))
    for _ in range(_SAMPLES):
        learnt = generalise(columns, {row: rows[row] for row in left[:_AT_ONCE]})
        known.learn(learnt.values())
        merged.update(learnt)
        left = [row for row in left[_AT_ONCE:] if known.fit(row) is None]
        if not left:
            break
    return {row: known.fit(row) or merged.get(row, row) for row in rows}


class _Known:
    """The general rows that samples have shown."""

    def __init__(self, columns: list[int]) -> None:
        self.columns = columns
        self.by_slots: dict[tuple[int, ...], dict[int, Row]] = {}

    def learn(self, general: Iterable[Row]) -> None:
        """Remember the rows that have slots."""
        for row in general:
            slots = tuple(column for column in self.columns if row[column] == FOUND)
            if slots:
                self.by_slots.setdefault(slots, {})[total_of(self.columns, row)] = row

    def fit(self, row: Row) -> Row | None:
        """The general row, of those with the most slots, that a row is a case of."""
        total = total_of(self.columns, row)
        for slots in sorted(self.by_slots, key=lambda slots: (-len(slots), slots)):
            change = sum(hash((column, FOUND)) - hash((column, row[column])) for column in slots)
            if found := self.by_slots[slots].get(total + change):
                return found
        return None
