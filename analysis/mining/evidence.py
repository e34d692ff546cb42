"""How many different words make a value. The numbers of the miner that are judgement, in one place.

They were set on logs of very different systems at once, none of them for one log, and small changes of any of
them change little.
"""

from __future__ import annotations

from collections.abc import Collection

from .tokens import VAR, is_identifier
from .vocabulary import tells_state

# Different words that make a slot, by how many words stay fixed beside it: little text proves little.
_NEEDED = {0: float("inf"), 1: 8.0, 2: 6.0}
_NEEDED_ELSE = 5.0
# The first word of a message is rarely a value; a long common text makes up for it.
_MORE_AT_START = 3.0
_LONG_TEXT = 8
# What a kind of value counts for, in plain words: a number where others have a word says "value" loudly.
_SHAPED = 4.0
_IDENTIFIER = 3.0
_DOTTED = 1.2


def are_values(words: Collection[str], fixed: int, *, at_start: bool = False) -> bool:
    """Whether different words in one place are values of a slot rather than different events.

    ``fixed`` is the number of words that are equal beside them; ``words`` may hold `VAR`, for a value that
    its shape shows.
    """
    plain = [word for word in words if word != VAR and not is_identifier(word)]
    states = sum(tells_state(word) for word in plain)
    shown = len(words) > len(plain)
    if states > (0 if shown else 1) and 2 * states >= len(plain):
        return False
    weight = sum(_DOTTED if "." in word else 1.0 for word in plain)
    weight += _SHAPED * (VAR in words) + _IDENTIFIER * (len(words) - len(plain) - (VAR in words))
    more = _MORE_AT_START if at_start and not shown and fixed < _LONG_TEXT else 0.0
    return weight >= _NEEDED.get(fixed, _NEEDED_ELSE) + more
