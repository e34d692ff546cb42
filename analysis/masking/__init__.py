"""Masking: secrets and personal data are replaced before a log leaves the process.

Pure and linear in the length of the text. Each value becomes ``<class#n>``: equal values get equal stand-ins,
so that a reader still sees that two are the same. Lines keep their numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from .masked import STAND_IN, Kind, Masked, Names, Span, replaced
from .personal import emails

__all__ = ["Kind", "Masked", "mask"]

_PASSES = 8
_FINDERS: tuple[tuple[Kind, Callable[[str], Iterable[Span]]], ...] = ((Kind.EMAIL, emails),)


def mask(text: str) -> Masked:
    """The text without secrets. Idempotent; the number of lines and their order stay."""
    names, masked = Names(text), text
    for _ in range(_PASSES):  # what stood beside a value may be one only once that is gone
        before = masked
        for kind, find in _FINDERS:
            masked = replaced(masked, kind, find(masked), names)
        if masked == before:
            break
    return Masked(masked, _counted(text, masked) if masked != text else {})


def _counted(text: str, masked: str) -> dict[str, int]:
    """How many stand-ins there are that the text itself did not bring."""
    counts = Counter(found[1] for found in STAND_IN.finditer(masked))
    counts.subtract(found[1] for found in STAND_IN.finditer(text))
    return {kind: count for kind, count in counts.items() if count > 0}
