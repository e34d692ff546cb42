"""Where a value may begin and end: in plain text, in JSON strings, in URLs, between colours of a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable

UNSEEN = (
    r"(?:(?:\x1b|\\x1b|\\u001b|\\033|\\e)\[[0-9;]{0,12}m"
    r"|[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff])*+"
)
"""Any number of things that nobody sees: colours of a terminal, raw or written out, and marks of no width."""

_ESCAPE = re.compile(
    r"(?:\\[nrtbfv0]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}|&(?:quot|#34|#39);"
    r"|(?:\x1b|\\x1b|\\u001b|\\033|\\e)\[[0-9;]{0,12}m)\Z"
)
_LONGEST = 20


def lowered(text: str) -> str:
    """The text in lower case, each character at its place."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def positions(text: str, literals: Iterable[str]) -> list[tuple[int, str]]:
    """Where each of some words stands, in order. Much quicker than one pattern of them all."""
    found: list[tuple[int, str]] = []
    for literal in literals:
        at = text.find(literal)
        while at >= 0:
            found.append((at, literal))
            at = text.find(literal, at + 1)
    return sorted(found)


def starts(text: str, at: int) -> bool:
    """Whether a value may begin here: not inside of a word, or right behind an escape sequence."""
    if at == 0 or not (text[at - 1].isalnum() or text[at - 1] == "_"):
        return True
    return _ESCAPE.search(text[max(0, at - _LONGEST) : at]) is not None


def ends(text: str, at: int) -> bool:
    """Whether a value may end before this position: the next character belongs to no word."""
    return at == len(text) or not (text[at].isalnum() or text[at] == "_")
