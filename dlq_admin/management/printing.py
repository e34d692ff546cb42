"""Answers of the API as people read them in a terminal. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WIDEST = 60


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows below each other, with their names on top; long texts are cut."""
    lines = [list(columns), *([_cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def listing(facts: Mapping[str, Any]) -> str:
    """One fact a line."""
    width = max(map(len, facts), default=0)
    return "\n".join(f"{name.ljust(width)}  {_cell(value, most=1000)}" for name, value in facts.items())


def _cell(value: Any, most: int = WIDEST) -> str:
    """A value on one line; what a terminal would obey is shown and not obeyed."""
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
