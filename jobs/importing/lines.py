"""Bytes to lines: any encoding, bad bytes replaced and counted, no line too long."""

import codecs
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO
from uuid import uuid4

LONGEST_LINE = 64 * 1024
"""Characters after which a line goes on as another; a file need not have line ends at all."""


def open_text(raw: BinaryIO, encoding: str, count_bad: Callable[[int], None]) -> io.TextIOWrapper:
    """`raw` as text. Bytes that the encoding does not allow become U+FFFD and are given to `count_bad`.

    Raises LookupError for an unknown encoding.
    """
    name = f"count-and-replace-{uuid4()}"

    def replace(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        count_bad(error.end - error.start)
        return "\ufffd", error.end

    codecs.register_error(name, replace)
    return io.TextIOWrapper(raw, encoding=encoding, errors=name)


def read_lines(text: io.TextIOBase) -> Iterator[str]:
    """Lines without their ends. NUL stays in: the caller counts what it takes out."""
    first = True
    while line := text.readline(LONGEST_LINE):
        yield (line.removeprefix("\ufeff") if first else line).removesuffix("\n")
        first = False
