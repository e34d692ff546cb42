"""The messages of a batch: headers are taken off only if the batch as a whole has them.

One line may look as if it began with a time by chance; many lines do not. So the decision is made on an even
sample of the batch and holds for all of its lines. Indented lines do not vote: they are parts of traces.
"""

from __future__ import annotations

from collections.abc import Sequence

from .headers import split_header
from .logline import LogLine
from .timestamps import EPOCH

_SAMPLE = 400
_MOST = 0.9
_LEADING_COLUMNS = 8


def strip_headers(lines: Sequence[str]) -> list[str]:
    """The message of each line; the lines themselves if the batch has no headers."""
    sample = _sample(lines)
    parsed = [split_header(line) for line in sample]
    headed = [one for one, line in zip(parsed, sample, strict=True) if one.message != line]
    if 2 * len(headed) >= len(sample) > 0:
        named = sum(one.component is not None for one in headed) >= _MOST * len(headed)
        return [_message(split_header(line), named) for line in lines]
    columns = _time_columns(sample)
    if columns:
        return [_after_columns(line, columns) for line in lines]
    return list(lines)


def _sample(lines: Sequence[str]) -> list[str]:
    voters = [line for line in lines if line[:1].strip()]
    return voters[:: max(1, len(voters) // _SAMPLE)]


def _message(line: LogLine, named: bool) -> str:
    """Where many lines name no component, what looks like one in others is part of their message."""
    if not named and line.component and line.component not in line.message:
        return f"{line.component}: {line.message}"
    return line.message


def _time_columns(sample: list[str]) -> int:
    """How many leading columns end with the seconds since 1970, and plain numbers, in nearly every line."""
    rows = [line.split(None, _LEADING_COLUMNS + 2)[:-1] for line in sample]
    for column in range(_LEADING_COLUMNS):
        with_time = sum(len(row) > column and EPOCH.fullmatch(row[column]) is not None for row in rows)
        if with_time >= _MOST * len(rows) > 0:
            while sum(len(row) > column + 1 and row[column + 1].isdigit() for row in rows) == len(rows):
                column += 1
            return column + 1
    return 0


def _after_columns(line: str, columns: int) -> str:
    parts = line.split(None, columns)
    return parts[columns] if len(parts) > columns else line
