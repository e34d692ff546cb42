"""From text to tokens: what in a line is certainly a value, told by its shape alone.

Shapes are general ones (numbers, addresses, paths, identifiers), never those of one system. The patterns are
free of nested repetition, and a chunk (text without blanks) is read to `CHUNK_CHARS`, so the time per
character is bounded on any input.
"""

from __future__ import annotations

import re

from .header_patterns import ANSI
from .tokens import VAR, is_short_identifier

CHUNK_CHARS = 256
_CACHE_CHUNKS = 50_000

_SCAN = re.compile(
    r"""
    (?P<value>
        [A-Za-z][A-Za-z0-9+.\-]{1,15}://[^\s"'<>,;)\]}]*               # URL
      | [A-Za-z]:[\\/][^\s"'<>|,;]*                                    # C:\path
      | \\{1,2}(?:[\w.$-]+\\)+[^\s"'<>|,;]*                            # \\host\share, \root\path
      | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                                   # mail address
      | (?:[0-9A-Fa-f]{1,4}:){3,}+[0-9A-Fa-f]{0,4}(?!\w)               # hardware address, IPv6
      | ::(?:[0-9A-Fa-f]{1,4}:)*+[0-9A-Fa-f.]+(?!\w)                   # ::1, ::ffff:10.0.0.1
      | /[\w.$%+~@*\#=-]+(?:/[\w.$%+~@*\#=-]*)*+(?:\?[^\s"'<>]*)?      # /path?query
      | [-+]?0[xX][0-9A-Fa-f]++
      | [-+]?[0-9]++(?:[.,:/_-][0-9]++)*+                              # 1 -1 1,234.5 12:30:01 2005/06/03
        (?:T[0-9:.,]*[0-9])?(?:%|[A-Za-z]{1,2}|min|sec|KiB|MiB|GiB|[kMG]Hz)?(?![\w$]|[-.+~][A-Za-z])
    )
    | (?P<axis>[A-Za-z][-+](?![\w+-]))                                 # x+ x-
    | (?P<word>\w(?:[\w$.\-/~'+]*[\w$])?)
    | (?P<mark>(?:(?P<one>\W)(?P=one)*))                               # ==== is one mark
    """,
    re.VERBOSE | re.DOTALL,
)
_HEX = re.compile(r"[0-9A-Fa-f-]{6,}")
_HEX_LETTERS = re.compile(r"[a-f]{7,}|[A-F]{7,}")
_DIGITS = re.compile(r"(?<![A-Za-z0-9])[-+]?[0-9]+|[0-9]+")
_EMBEDDED = re.compile(r"[A-Za-z]+[0-9]{1,2}[A-Za-z][A-Za-z_]*")
_DOTTED = re.compile(r"[\w-]+(?:\.[\w-]+)+|localhost")
_QUOTES = frozenset("\"'")


def readable(text: str) -> str:
    """Text without NUL and colours, escaped quotes as quotes."""
    if "\0" in text:
        text = text.replace("\0", "")
    if "\x1b" in text:
        text = ANSI.sub("", text)
    return text.replace("\\042", '"') if "\\042" in text else text


class Scanner:
    """Splits lines; remembers chunks, which repeat heavily in logs. One for each run of the miner."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, ...]] = {}

    def chunk(self, text: str) -> tuple[str, ...]:
        """The tokens of a piece of text without blanks."""
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _CACHE_CHUNKS:
                self._known.clear()
            known = self._known[text] = tuple(_tokens(text))
        return known


def _tokens(text: str) -> list[str]:
    out: list[str] = []
    for match in _SCAN.finditer(text[:CHUNK_CHARS]):
        token = match[match.lastgroup or 0]
        if match.lastgroup == "value":
            token = VAR
        elif match.lastgroup == "word":
            token = _word(token)
        _append(out, token)
    if len(text) > CHUNK_CHARS:
        out.append(VAR)
    return out


def _append(out: list[str], token: str) -> None:
    """Add a token, folding ``host:value`` and quoted values into one value."""
    if token == VAR and len(out) > 1 and out[-1] == ":" and _DOTTED.fullmatch(out[-2]):
        del out[-2:]
    if token in _QUOTES and token in out:
        opening = len(out) - 1 - out[::-1].index(token)
        if any(VAR in inner for inner in out[opening + 1 :]):
            out[opening + 1 :] = [VAR]
    out.append(token)


def _word(word: str) -> str:
    """A word as it is, or masked if it is an identifier."""
    if not any(char.isdigit() for char in word):
        return VAR if word.count("/") > 1 or _HEX_LETTERS.fullmatch(word) else word
    if _HEX.fullmatch(word) or "/" in word or "." in word or "~" in word:
        return VAR
    if is_short_identifier(word) or _EMBEDDED.fullmatch(word):
        return word
    shape = _DIGITS.sub(VAR, word)
    if shape.count(VAR) > 3 or not any(char.isalpha() for char in shape):
        return VAR
    return shape
