"""How times and foreign texts are said on the pages of the admin."""

from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

_UNSEEN = {code: chr(0x2400 + code) for code in range(32) if chr(code) != "\t"} | {0x7F: "\u2421"}
_TURNING = {
    code: f"\u27e8U+{code:04X}\u27e9"
    for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)
}
_VISIBLE = _UNSEEN | _TURNING
"""Control characters as pictures, and marks that turn the direction of text by name: a log must not look
like something that it does not say."""
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
_GAP = "\u00a0"
"""Between a number and its unit no line may break."""


def moment(at: datetime | None, *, millis: bool = False) -> str:
    """`2026-11-21 09:14:57`, in the admin's time zone, on one line."""
    if at is None:
        return ""
    here = localtime(at)
    return f"{here:%Y-%m-%d}{_GAP}{here:%H:%M:%S}" + (f".{here.microsecond // 1000:03}" if millis else "")


def duration(seconds: float) -> str:
    """Two units at most: `41 ms`, `3.2 s`, `2 min 5 s`, `3 d 4 h`."""
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f}{_GAP}ms"
    if seconds < 10:
        return f"{seconds:.1f}{_GAP}s"
    parts: list[tuple[int, str]] = []
    rest = round(seconds)
    for unit, size in _UNITS:
        if parts or rest >= size:
            parts.append((rest // size, unit))
            rest %= size
    return _GAP.join(f"{number}{_GAP}{unit}" for number, unit in parts[:2] if number)


def age(seconds: float) -> str:
    """One unit: `just now`, `40 s`, `5 min`, `3 h`, `12 d`."""
    for unit, size in _UNITS:
        if seconds >= max(size, 5):
            return f"{int(seconds // size)}{_GAP}{unit}"
    return "just now"


def cell(text: str, shown: int) -> SafeString:
    """Text of a wide column: cut, and never squeezed to a word a line."""
    cut = f"{text[:shown].rstrip()}…" if len(text) > shown else text
    return format_html('<span class="hd-cell">{}</span>', cut)


def visible(text: str) -> str:
    """`text` with what cannot be seen made visible."""
    return text.translate(_VISIBLE)


def visible_prose(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(visible(line) for line in text.splitlines())
