"""Texts out of bytes of strangers, fit for PostgreSQL: no NUL, no half of a surrogate pair, bounded."""

import re

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
LONGEST_READ = 16_384
"""Bytes of a value that are looked at; whatever a text may be, its beginning says enough."""


def text_of(raw: bytes | None, most: int) -> str:
    """One line of at most `most` characters; bytes that are no UTF-8 are shown escaped."""
    if not raw:
        return ""
    return line(raw[:LONGEST_READ].decode("utf-8", "backslashreplace"), most)


def line(text: str, most: int) -> str:
    """One line of at most `most` characters that can be stored."""
    if text.isprintable():  # as nearly every one is: neither controls nor surrogates
        return text.strip()[:most]
    if _CONTROLS.search(text):
        text = _CONTROLS.sub(" ", text)
    if not text.isascii():
        text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    return text.strip()[:most]
