"""A log with line numbers and marked citations, as much of it as a page can show. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from heimdall_project.streams.admin.wording import visible

AROUND = 4
"""Lines shown before and after a citation."""
MOST_LINES = 400
MOST_CHARS = 2000
"""Characters of one line."""


class Row(NamedTuple):
    """A shown line, or, with `skipped`, a gap of so many lines."""

    number: int = 0
    text: str = ""
    claims: tuple[str, ...] = ()
    skipped: int = 0


def citations(result: Mapping[str, Any] | None) -> dict[int, tuple[str, ...]]:
    """Claims by line number. Outside workers wrote some of these results: what does not fit is left out."""
    found: dict[int, tuple[str, ...]] = {}
    evidence = (result or {}).get("evidence")
    for each in evidence if isinstance(evidence, list) else ():
        if isinstance(each, dict) and isinstance(line := each.get("line"), int):
            found[line] = (*found.get(line, ()), visible(str(each.get("claim", ""))))
    return found


def excerpt(content: str, cited: Mapping[int, Sequence[str]]) -> list[Row]:
    """The lines around citations; without any, the beginning. At most `MOST_LINES`, then a gap."""
    lines = content.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    wanted = _around((number for number in cited if 1 <= number <= len(lines)), len(lines))
    return _rows(lines, wanted[:MOST_LINES], cited)


def _around(numbers: Iterable[int], last: int) -> list[int]:
    near: set[int] = set()
    for number in numbers:
        near.update(range(max(1, number - AROUND), min(last, number + AROUND) + 1))
    return sorted(near) if near else list(range(1, last + 1))


def _rows(lines: Sequence[str], wanted: Sequence[int], cited: Mapping[int, Sequence[str]]) -> list[Row]:
    rows: list[Row] = []
    before = 0
    for number in wanted:
        if number > before + 1:
            rows.append(Row(skipped=number - before - 1))
        rows.append(Row(number, _shown(lines[number - 1]), tuple(cited.get(number, ()))))
        before = number
    if before < len(lines):
        rows.append(Row(skipped=len(lines) - before))
    return rows


def _shown(line: str) -> str:
    line = line.rstrip("\r")
    more = f" … {len(line) - MOST_CHARS} more characters" if len(line) > MOST_CHARS else ""
    return visible(line[:MOST_CHARS]) + more
