"""All families. The first line of a table stands before each message; then a weight and a template a line."""

from pathlib import Path

from .corpus import Family

_TABLES = Path(__file__).parent / "tables"


def _load(path: Path) -> Family:
    header, *rows = path.read_text("utf-8").splitlines()
    pairs = (row.split(" ", 1) for row in rows)
    return Family(
        path.stem, header, tuple((int(weight), text.replace("\\t", "\t")) for weight, text in pairs)
    )


FAMILIES = tuple(_load(path) for path in sorted(_TABLES.glob("*.txt")))
