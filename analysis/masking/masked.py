"""What masking gives back, and the numbered stand-ins that keep two equal values equal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The classes of values that never leave the process; stand-ins carry these names."""

    PRIVATE_KEY = "private-key"
    URL_PASSWORD = "url-password"  # noqa: S105 (a name)
    JWT = "jwt"
    CLOUD_KEY = "cloud-key"
    EMAIL = "email"
    COOKIE = "cookie"
    AUTHORIZATION = "authorization"
    SECRET = "secret"  # noqa: S105 (a name)
    IBAN = "iban"
    RESIDENT_NUMBER = "resident-number"
    CARD = "card"
    PHONE = "phone"


STAND_IN = re.compile(rf"<({'|'.join(Kind)})#([0-9]{{1,9}})>")


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without secrets, and how many values of each class were replaced in it."""

    text: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands in a text, and what tells it from others of its class."""

    start: int
    end: int
    identity: str


class Names:
    """Gives out stand-ins: the same value gets the same, whatever the text itself calls so already."""

    def __init__(self, text: str) -> None:
        self._given: dict[tuple[Kind, str], str] = {}
        self._last: dict[str, int] = {}
        for found in STAND_IN.finditer(text):
            self._last[found[1]] = max(self._last.get(found[1], 0), int(found[2]))

    def of(self, kind: Kind, identity: str) -> str:
        """The stand-in of a value."""
        name = self._given.get((kind, identity))
        if name is None:
            number = self._last.get(kind, 0) + 1
            self._last[kind] = number
            name = self._given[kind, identity] = f"<{kind}#{number}>"
        return name


def _is_masked(text: str, span: Span) -> bool:
    """Whether it is a stand-in already, or the name in one."""
    return any(STAND_IN.fullmatch(text, max(0, span.start - beside), span.end + beside) for beside in (0, 1))


def replaced(text: str, kind: Kind, spans: Iterable[Span], names: Names) -> str:
    """The text with a stand-in for each span; spans come in order and do not overlap.

    Line feeds inside of a span stay, so that each line keeps its number.
    """
    parts: list[str] = []
    done = 0
    for span in spans:
        if _is_masked(text, span):
            continue
        parts += text[done : span.start], names.of(kind, span.identity)
        parts.append("\n" * text.count("\n", span.start, span.end))
        done = span.end
    if not parts:
        return text
    return "".join((*parts, text[done:]))
