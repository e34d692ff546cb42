"""One frame, round by round: which words may be left out because they vary much where all others are equal.

Rows are compared by sums of 64-bit hashes of (column, token): replacing a word is one addition, so looking at
a row with some words left out costs the same for short and long rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from .evidence import are_values
from .tokens import VAR, is_identifier

Row = tuple[str, ...]
Choice = tuple[int, tuple[int, ...]]

# A slot that the statistics found, as against one that the shape of its value shows.
FOUND = VAR * 2
_ROUNDS = 4
_RAREST_ALONE = 16
_RAREST_IN_PAIRS = 6


def generalise(columns: list[int], rows: dict[Row, int]) -> dict[Row, Row]:
    """Rows of one frame, each with its general form, in which `FOUND` stands for a slot."""
    current = {row: row for row in rows}
    for _ in range(_ROUNDS if len(rows) > 1 else 0):
        patterns: Counter[Row] = Counter()
        for row, pattern in current.items():
            patterns[pattern] += rows[row]
        step = _Round(columns, patterns).step()
        if not step:
            break
        current = {row: step.get(pattern, pattern) for row, pattern in current.items()}
    return current


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
            self.total[pattern] = total_of(columns, pattern)
        self.found = {column: hash((column, FOUND)) for column in columns}
        self.shape = {column: hash((column, VAR)) - self.found[column] for column in columns}
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
                    shapes[other] = max(shapes.get(other, other), with_slots(found[0], choice[1]))
        step = {pattern: row for pattern, row in shapes.items() if pattern != row}
        for pattern, choices in options.items():
            fitting = [choice for choice in choices if choice in accepted]
            if fitting:
                best = max(fitting, key=lambda c: (len(c[1]), accepted[c], c[1]))
                step[pattern] = with_slots(pattern, best[1])
        return step

    def _options(self, pattern: Row) -> Iterator[Choice]:
        """What the pattern may become: its likeliest values left out, alone, in pairs and together."""
        order = [column for column in self.columns if pattern[column] not in (VAR, FOUND)]
        order.sort(key=lambda c: (not is_identifier(pattern[c]), self.seen[c, pattern[c]], -c))
        most = min(max(1, len(order) * 2 // 5), len(order), _RAREST_ALONE)
        sets: list[Sequence[int]] = [(column,) for column in order[:_RAREST_ALONE]]
        sets.extend(combinations(order[:_RAREST_IN_PAIRS], 2) if most > 1 else ())
        sets.extend(order[:size] for size in range(3, most + 1))
        total = self.total[pattern]
        for chosen in sets:
            change = sum(self.found[column] - hash((column, pattern[column])) for column in chosen)
            yield total + change, tuple(sorted(chosen))

    def _already_general(self, pattern: Row, choice: Choice) -> list[Row]:
        """Patterns that show a value, or have a slot, wherever the choice would have one."""
        total, columns = choice
        shape = total + sum(self.shape[column] for column in columns)
        return [self.by_total[key] for key in (total, shape) if key in self.by_total]

    def _are_slots(self, slots: tuple[int, ...], members: list[Row]) -> bool:
        """Whether each left-out position takes so many different words that they must be values."""
        fixed = sum(members[0][c] not in (VAR, FOUND) for c in self.columns if c not in slots)
        for column in slots:
            values = {member[column] for member in members}
            if FOUND not in values and not are_values(values, fixed, at_start=column == 0):
                return False
        return True


def with_slots(pattern: Row, columns: Sequence[int]) -> Row:
    """The row with slots at some columns."""
    changed = list(pattern)
    for column in columns:
        changed[column] = FOUND
    return tuple(changed)


def as_shape(row: Row) -> Row:
    """A general row with `VAR` for its slots."""
    return tuple(VAR if token == FOUND else token for token in row)


def total_of(columns: Sequence[int], row: Row) -> int:
    """What rows are compared by."""
    return sum(hash((column, row[column])) for column in columns)
