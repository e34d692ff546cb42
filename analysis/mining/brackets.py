"""Arguments in brackets or quotes: ``CMD (run-parts /etc/cron.hourly)`` and ``CMD (/usr/bin/sync)``.

What stands between delimiters may be any number of words, so rows that differ only there have different
lengths. If the text around is the same and the contents differ much, they are one event with an argument.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from .evidence import are_values
from .tokens import VAR, is_word

Row = tuple[str, ...]
Span = tuple[int, int]

_PAIRS = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}
_SPANS = 6


def merge_brackets(rows: Iterable[Row]) -> dict[Row, tuple[Row, Span]]:
    """The rows whose content of one pair of delimiters is a value: the new row, and what it replaces."""
    candidates: defaultdict[tuple[Row, Row], list[tuple[Row, Span]]] = defaultdict(list)
    for row in rows:
        for span in _spans(row):
            candidates[row[: span[0]], row[span[1] :]].append((row, span))
    merged: dict[Row, tuple[int, Row, Span]] = {}
    for (before, after), found in candidates.items():
        if not _are_arguments(before + after, [row[span[0] : span[1]] for row, span in found]):
            continue
        general = (*before, VAR, *after)
        for row, span in found:
            merged[row] = max(merged.get(row, (0, general, span)), (len(found), general, span))
    return {row: (general, span) for row, (_, general, span) in merged.items()}


def _spans(row: Row) -> Iterator[Span]:
    """The contents of the outermost delimiters."""
    position = count = 0
    while position < len(row) and count < _SPANS:
        closing = _PAIRS.get(row[position])
        end = _end(row, position, closing) if closing else 0
        if end > position + 1:
            yield position + 1, end
            count += 1
        position = max(position, end) + 1


def _end(row: Row, start: int, closing: str) -> int:
    """The index of the delimiter that closes the one at ``start``; 0 if there is none."""
    depth = 0
    for position in range(start + 1, len(row)):
        if row[position] == closing and depth == 0:
            return position
        depth += (row[position] == row[start]) - (row[position] == closing)
    return 0


def _are_arguments(around: Row, contents: list[Row]) -> bool:
    different = set(contents)
    if len(different) < 2 or len({len(content) for content in different}) < 2:
        return False
    # Contents of one word are judged as words; longer ones only have to be many.
    words = {" ".join(content) if len(content) > 1 else content[0] for content in different}
    fixed = sum(is_word(token) and token != VAR for token in around)
    return are_values(words, fixed)
