"""How many tokens a text has, without the model's tokenizer. Pure, and the same for every model.

Tokenizers of today cut English prose at about four letters a token, put two or three digits into one, give
punctuation a token of its own, and spend one to two on a Hangul syllable (in English,
OpenAI's rule of thumb says, 100 tokens are 75 words). The estimate leans to the high side of that:

    letters a-z      a token for every 4 of a word, at least one
    digits           a token for every 2
    blanks           none for a single one between words, else a token for every 8 of a run
    line feeds       one each
    other ASCII      one each, in a run of the same sign a token for every 4
    everything else  a token for every 2 bytes of UTF-8

So it lies between an eighth of the characters (text without blanks; a run of blanks is the cheapest) and the
number of bytes, which no byte-level tokenizer exceeds. `Correction` learns from what the endpoint counts.
"""

import hashlib
import re
from collections import OrderedDict
from threading import Lock

_KEPT = 4_096
_SHORT = 64
"""Shorter texts are quicker counted than looked up."""
_PARTS = re.compile(r"([A-Za-z]+)|(\d+)|([ \t]+)|(\n)|([\x00-\x7f])\5*|([^\x00-\x7f]+)", re.ASCII)
_kept: OrderedDict[bytes, int] = OrderedDict()
_lock = Lock()


def estimate(text: str) -> int:
    """Tokens of a text; those of longer texts are remembered by their hash."""
    if len(text) < _SHORT:
        return _count(text)
    key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    with _lock:
        if (known := _kept.get(key)) is not None:
            _kept.move_to_end(key)
            return known
    counted = _count(text)
    with _lock:
        _kept[key] = counted
        if len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return counted


def _count(text: str) -> int:
    total = 0
    for part in _PARTS.finditer(text):
        length = part.end() - part.start()
        match part.lastindex:
            case 1:
                total += -(-length // 4)
            case 2:
                total += -(-length // 2)
            case 3:
                total += 0 if length == 1 else -(-length // 8)
            case 4:
                total += 1
            case 5:
                total += -(-length // 4)
            case _:
                total += -(-len(part[0].encode("utf-8", "surrogatepass")) // 2)
    return total


class Correction:
    """What the endpoint counted, over what we estimated: a moving average, within bounds. Thread-safe."""

    LEAST, MOST = 0.5, 4.0
    _WEIGHT = 0.2

    def __init__(self) -> None:
        self._lock = Lock()
        self._factor = 1.0

    def __call__(self, estimated: int) -> int:
        """The corrected estimate, rounded up."""
        with self._lock:
            return -int(-(estimated * self._factor) // 1)

    def learn(self, *, estimated: int, counted: int) -> None:
        """The endpoint counted so many; of a short text that says little."""
        if estimated < _SHORT or counted <= 0:
            return
        seen = min(self.MOST, max(self.LEAST, counted / estimated))
        with self._lock:
            self._factor += self._WEIGHT * (seen - self._factor)
