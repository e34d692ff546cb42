"""E-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .masked import Span

_AT = re.compile(r"@|%40|\\u0040|&#64;|＠")  # noqa: RUF001 (the full-width sign is meant)
_DOMAIN = re.compile(r"[\w-]++(?:\.[\w-]++)++")
_TOP = re.compile(r"[^\W\d_]{2}")
# What stands behind an @ in names of systemd units.
_UNITS = frozenset(
    ["service", "socket", "target", "timer", "mount", "slice", "scope", "device", "path", "automount", "swap"]
)


def emails(text: str) -> Iterator[Span]:
    """Addresses with a dotted domain; ``user@host`` is none."""
    reached = 0
    for at in _AT.finditer(text):
        if at.start() < reached:
            continue
        domain = _DOMAIN.match(text, at.end())
        if domain is None or not _is_top(domain[0].rpartition(".")[2]):
            continue
        start = _local_start(text, at.start(), reached)
        if start < at.start() and text[max(0, start - 3) : start] != "://":
            reached = domain.end()
            yield Span(start, reached, text[start:reached].lower())


def _is_top(label: str) -> bool:
    return _TOP.match(label) is not None and label.lower() not in _UNITS


def _local_start(text: str, at: int, reached: int) -> int:
    start = at
    while start > reached and (text[start - 1].isalnum() or text[start - 1] in "_.+'-"):
        start -= 1
    return start
