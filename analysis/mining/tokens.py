"""Tokens and how they compare.

A token is a word, a run of one punctuation mark, or a value. `VAR`, the NUL character, stands for a value
and for the digits inside an identifier (``blk_\\0``); the miner removes NUL from its input, so it cannot
clash with text. Rows are compared by `key`: ``eth0`` and ``eth1`` are the same there.
"""

from __future__ import annotations

import re
from functools import lru_cache

VAR = "\0"

_SHORT = re.compile(r"([A-Za-z]+)[0-9]{1,2}")


@lru_cache(maxsize=65_536)
def key(token: str) -> str:
    """What a token is compared by."""
    if not is_word(token):
        return token[0]
    short = _SHORT.fullmatch(token)
    return short[1] + VAR if short else token


def is_word(token: str) -> bool:
    """Whether a token can be a value, as against punctuation."""
    first = token[0]
    return first == VAR or first == "_" or first.isalnum()


def is_identifier(token: str) -> bool:
    """Whether a compared token is a word with a number in it: ``blk_<*>``, ``eth<*>``."""
    return VAR in token and token != VAR


def is_short_identifier(word: str) -> bool:
    """Whether a word is like ``eth0`` or ``ssh2``: shown as it is, yet a value where it varies."""
    return _SHORT.fullmatch(word) is not None
