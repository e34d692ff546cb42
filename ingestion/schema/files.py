"""Migrations as they stand in files. Reads the directory; the rest is pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from heimdall_project.errors import HeimdallError

DIRECTORY = Path(__file__).resolve().parent.parent / "ddl"
_NAME = re.compile(r"(\d{3})_[a-z0-9_]+\.sql")
_BACK = re.compile(r"^-- back\s*$", re.MULTILINE)
_END = re.compile(r";[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


class SchemaError(HeimdallError):
    """Files, or files and what is applied, do not fit each other. The message names the file."""


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One file."""

    number: int
    name: str
    checksum: str
    """SHA-256 of the file, 64 hex digits."""
    forward: tuple[str, ...]
    back: tuple[str, ...]


def read(directory: Path = DIRECTORY) -> list[Migration]:
    """The migrations of a directory, in order. Raises SchemaError."""
    found = [parse(path.name, path.read_text("utf-8")) for path in sorted(directory.glob("*.sql"))]
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            raise SchemaError(f"{migration.name}: the next number is {expected:03}, without gaps or doubles.")
    return found


def parse(name: str, text: str) -> Migration:
    """One file's text. Raises SchemaError."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise SchemaError(f"{name}: a migration is named NNN_words_in_lower_case.sql.")
    forward, mark, back = _parts(text)
    if not mark or not back:
        raise SchemaError(f"{name}: after a line '-- back' must stand what undoes it.")
    if not forward:
        raise SchemaError(f"{name}: there is no statement in it.")
    return Migration(
        number=int(match[1]),
        name=name,
        checksum=sha256(text.encode()).hexdigest(),
        forward=forward,
        back=back,
    )


def _parts(text: str) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    halves = _BACK.split(text, maxsplit=1)
    return tuple(_statements(halves[0])), len(halves) > 1, tuple(_statements(halves[-1]))


def _statements(text: str) -> Iterator[str]:
    for piece in _END.split(_COMMENT.sub("", text)):
        if statement := piece.strip():
            yield statement
