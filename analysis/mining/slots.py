"""Which word of a line is a value: decided by counting over the batch, not by rules per log.

Rows are token sequences of one *frame*: the same punctuation in the same places. If, with all other words
equal, a position takes many different words, it is a slot. Few different words stay apart, since ``opened``
and ``closed`` are two events; words that tell a state stay apart however many there are.

Rows are compared by sums of 64-bit hashes of (column, token): replacing a word is one addition, so looking at
a row with some words left out costs the same for short and long rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from .evidence import are_values
from .tokens import VAR, is_identifier, is_word

Row = tuple[str, ...]
Choice = tuple[int, tuple[int, ...]]

# A slot that the statistics found, as against one that the shape of its value shows.
_FOUND = VAR * 2
_WORD = "word"
_ROUNDS = 4
_RAREST_ALONE = 16
_RAREST_IN_PAIRS = 6


def merge_slots(rows: Mapping[Row, int]) -> dict[Row, Row]:
    """The generalised row of each row; ``rows`` maps each different row to its number of lines."""
    frames: defaultdict[Row, list[Row]] = defaultdict(list)
    for row in rows:
        frames[tuple(_WORD if is_word(token) else token for token in row)].append(row)
    merged: dict[Row, Row] = {}
    for frame, members in frames.items():
        columns = [index for index, mark in enumerate(frame) if mark == _WORD]
        merged.update(_generalise(columns, {row: rows[row] for row in members}))
    return merged


def _generalise(columns: list[int], rows: dict[Row, int]) -> dict[Row, Row]:
    """Rows of one frame, generalised round by round until nothing changes."""
    current = {row: row for row in rows}
    for _ in range(_ROUNDS if len(rows) > 1 else 0):
        patterns: Counter[Row] = Counter()
        for row, pattern in current.items():
            patterns[pattern] += rows[row]
        step = _Round(columns, patterns).step()
        if not step:
            break
        current = {row: step.get(pattern, pattern) for row, pattern in current.items()}
    return {row: _as_shape(pattern) for row, pattern in current.items()}


class _Round:
    """One look at all patterns of a frame: which of their words may be left out."""

    def __init__(self, columns: list[int], patterns: Mapping[Row, int]) -> None:
        self.columns = columns
        self.patterns = list(patterns)
        self.seen: Counter[tuple[int, str]] = Counter()
        self.total: dict[Row, int] = {}
        for pattern, count in patterns.items():
            for column in columns:
                self.seen[column, pattern[column]] += count
            self.total[pattern] = sum(hash((column, pattern[column])) for column in columns)
        self.by_total = {total: pattern for pattern, total in self.total.items()}

    def step(self) -> dict[Row, Row]:
        """The patterns that change, each with what it becomes."""
        options = {pattern: list(self._options(pattern)) for pattern in self.patterns}
        members: defaultdict[Choice, list[Row]] = defaultdict(list)
        for pattern, choices in options.items():
            for choice in choices:
                members[choice].append(pattern)
        accepted: dict[Choice, int] = {}
        shapes: dict[Row, Row] = {}
        for choice, found in members.items():
            others = self._already_general(found[0], choice)
            if len(found) + len(others) > 1 and self._are_slots(choice[1], found + others):
                accepted[choice] = len(found)
                for other in others:
                    shapes[other] = max(shapes.get(other, other), _with_slots(found[0], choice[1]))
        step = {pattern: row for pattern, row in shapes.items() if pattern != row}
        for pattern, choices in options.items():
            fitting = [choice for choice in choices if choice in accepted]
            if fitting:
                best = max(fitting, key=lambda c: (len(c[1]), accepted[c], c[1]))
                step[pattern] = _with_slots(pattern, best[1])
        return step

    def _options(self, pattern: Row) -> Iterator[Choice]:
        """What the pattern may become: its likeliest values left out, alone, in pairs and together."""
        order = [column for column in self.columns if pattern[column] not in (VAR, _FOUND)]
        order.sort(key=lambda c: (not is_identifier(pattern[c]), self.seen[c, pattern[c]], -c))
        most = min(max(1, len(order) * 2 // 5), len(order), _RAREST_ALONE)
        sets: list[Sequence[int]] = [(column,) for column in order[:_RAREST_ALONE]]
        sets.extend(combinations(order[:_RAREST_IN_PAIRS], 2) if most > 1 else ())
        sets.extend(order[:size] for size in range(3, most + 1))
        total = self.total[pattern]
        for chosen in sets:
            change = sum(hash((column, _FOUND)) - hash((column, pattern[column])) for column in chosen)
            yield total + change, tuple(sorted(chosen))

    def _already_general(self, pattern: Row, choice: Choice) -> list[Row]:
        """Patterns that show a value, or have a slot, wherever the choice would have one."""
        total, columns = choice
        shape = total + sum(hash((column, VAR)) - hash((column, _FOUND)) for column in columns)
        return [self.by_total[key] for key in (total, shape) if key in self.by_total]

    def _are_slots(self, slots: tuple[int, ...], members: list[Row]) -> bool:
        """Whether each left-out position takes so many different words that they must be values."""
        fixed = sum(members[0][c] not in (VAR, _FOUND) for c in self.columns if c not in slots)
        for column in slots:
            values = {member[column] for member in members}
            if _FOUND not in values and not are_values(values, fixed, at_start=column == 0):
                return False
        return True


def _with_slots(pattern: Row, columns: tuple[int, ...]) -> Row:
    changed = list(pattern)
    for column in columns:
        changed[column] = _FOUND
    return tuple(changed)


def _as_shape(row: Row) -> Row:
    return tuple(VAR if token == _FOUND else token for token in row)
