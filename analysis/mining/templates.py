"""What the miner returns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .scan import readable

WILDCARD = "<*>"
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of message.

    ``id`` is a hash of the fixed text, the same in every batch that shows the same template. ``text`` has
    ``<*>`` for values. ``lines`` are the line numbers, from 1, in order.
    """

    id: str
    text: str
    lines: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many lines it has."""
        return len(self.lines)

    @property
    def first(self) -> int:
        """The number of its first line."""
        return self.lines[0]

    @property
    def last(self) -> int:
        """The number of its last line."""
        return self.lines[-1]

    def matches(self, message: str) -> bool:
        """Whether a message is of this kind. Blanks do not count. Linear in the length of the message."""
        first, *rest = squeezed(self.text).split(WILDCARD)
        text = squeezed(message)
        if not rest:
            return text == first
        *middle, last = rest
        if not text.startswith(first):
            return False
        at = len(first)
        for part in middle:
            found = text.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        return len(text) - at >= len(last) and text.endswith(last)


@dataclass(frozen=True, slots=True)
class Mined:
    """All templates in the order of their first lines, and for each line the index of its template."""

    templates: tuple[Template, ...]
    assignments: tuple[int, ...]


def squeezed(text: str) -> str:
    """Readable text without blanks: what templates and lines are compared by."""
    return _BLANKS.sub("", readable(text))
