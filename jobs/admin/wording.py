"""How times are said, and which colour means what."""

from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

STATUS_COLOURS = {
    "PENDING": "warning",
    "QUEUED": "info",
    "RUNNING": "primary",
    "SUCCEEDED": "success",
    "FAILED": "danger",
    "CANCELLED": "default",
}
PRIORITY_COLOURS = {"LOW": "default", "NORMAL": "info", "HIGH": "warning", "CRITICAL": "danger"}
SEVERITY_COLOURS = {"LOW": "default", "MEDIUM": "info", "HIGH": "warning", "CRITICAL": "danger"}
LEVEL_COLOURS = {
    "DEBUG": "default",
    "INFO": "info",
    "WARNING": "warning",
    "ERROR": "danger",
    "CRITICAL": "danger",
}
OUTCOME_COLOURS = {
    "succeeded": "success",
    "failed": "danger",
    "cancelled": "default",
    "lapsed": "warning",
    "open": "default",
}

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
