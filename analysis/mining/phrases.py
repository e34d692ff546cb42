"""Values that span several tokens: dates, quantities with units, lists, repeated groups.

Folding makes the length of a line independent of how many values it lists: ``[1, 2, 3]`` and ``[7]`` become
the same tokens. Each kept token carries the index it came from, so a template can be shown with its spacing.
"""

from __future__ import annotations

from collections.abc import Sequence

from .tokens import VAR, is_word, key
from .vocabulary import LITERALS, MONTHS, SWITCHES, TIME_UNITS, UNITS, WEEKDAYS

Indexed = tuple[str, int]
_JOINTS = frozenset(",:/-.|#@+;_*~")
_NO_VALUE = frozenset("*-?")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_LONGEST_GROUP = 6


def fold(tokens: Sequence[str]) -> list[Indexed]:
    """The tokens with multi-token values replaced by one `VAR` each."""
    out: list[Indexed] = []
    for index, token in enumerate(tokens):
        if token in LITERALS or token.lower() in LITERALS:
            after = out[-1][0] if out else ""
            out.append((VAR if after in ("=", ":") else token, index))
        elif token == VAR:
            _value(out, index)
        elif token in UNITS and out and out[-1][0] == VAR:
            _unit(out, token, tokens[index + 1] if index + 1 < len(tokens) else "")
        elif token in _CLOSING.values():
            _close(out, token)
            out.append((token, index))
        else:
            out.append((token, index))
    return _fold_groups(out)


def _value(out: list[Indexed], index: int) -> None:
    """Append a value, or widen the value it continues (list, date, address with port)."""
    if out and out[-1][0] in MONTHS:
        index = out.pop()[1]
        if len(out) > 1 and out[-1][0] == "," and out[-2][0] in WEEKDAYS:
            out.pop()
        if out and out[-1][0] in WEEKDAYS:
            index = out.pop()[1]
    if out and out[-1][0] == VAR:
        return
    if len(out) > 1 and key(out[-1][0]) in _JOINTS and out[-2][0] == VAR:
        out.pop()
        return
    out.append((VAR, index))


def _unit(out: list[Indexed], unit: str, following: str) -> None:
    """Swallow a unit; ``<1 sec`` is a duration as much as ``1 sec`` is."""
    if unit in TIME_UNITS and len(out) > 1 and out[-2][0] == "<" and following != ">":
        out.pop()
        out[-1] = (VAR, out[-1][1])


def _close(out: list[Indexed], closing: str) -> None:
    """A bracket of nothing but switches and values holds one value: ``( on off )``, ``( 3552 **** )``."""
    position = len(out) - 1
    while position >= 0 and _may_be_value(out[position][0]):
        position -= 1
    held = out[position + 1 :]
    if (
        position >= 0
        and any(is_word(token) for token, _ in held)
        and _CLOSING.get(out[position][0]) == closing
    ):
        out[position + 1 :] = [(VAR, held[0][1])]


def _may_be_value(token: str) -> bool:
    return token == VAR or token.lower() in SWITCHES or key(token) in _NO_VALUE


def _fold_groups(tokens: list[Indexed]) -> list[Indexed]:
    """Drop immediate repetitions of a group that holds a value: ``<id> <ok> <id> <ok>`` is one group."""
    texts = [shape if VAR in (shape := key(token)) else token for token, _ in tokens]
    if sum(VAR in text for text in texts) < 2:
        return tokens
    out: list[Indexed] = []
    position = 0
    while position < len(tokens):
        size = _repeated(texts, position)
        if not size:
            out.append(tokens[position])
            position += 1
            continue
        group = texts[position : position + size]
        indexes = [index for _, index in tokens[position : position + size]]
        out.extend((VAR if VAR in text else text, index) for text, index in zip(group, indexes, strict=True))
        while texts[position : position + size] == group:
            position += size
    return out


def _repeated(texts: list[str], start: int) -> int:
    for size in range(1, _LONGEST_GROUP + 1):
        group = texts[start : start + size]
        if texts[start + size : start + 2 * size] == group and any(VAR in text for text in group):
            return size
    return 0
