"""Records to drafts of log entries: useful excerpts, no record split. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

_WORDS = {
    "CRITICAL": "FATAL CRITICAL CRIT SEVERE EMERG ALERT PANIC F",
    "ERROR": "ERROR ERR E",
    "WARNING": "WARNING WARN W",
    "INFO": "INFO NOTICE I",
    "DEBUG": "DEBUG TRACE",
}
_RANKS = tuple(_WORDS)
_RANK_OF = {word: rank for rank, words in enumerate(_WORDS.values()) for word in words.split()}
_NAMES = "|".join(sorted((word for word in _RANK_OF if len(word) > 1), key=len, reverse=True))
_LEVEL = re.compile(
    rf"\b({_NAMES})\b"
    rf"|(?i:(?:\b(?:level|lvl|severity)\"?[=:] ?\"?|\[)({_NAMES})\b)"  # level=error, "level":"error", [error]
    r"|^([FEWI])\d{4} \d\d:"  # klog
)
_HEADER_CHARS = 200
_LOOKED_THROUGH = 64 * 1024  # of a text that is sent whole, so that a request stays cheap
_FULL_TIME = re.compile(
    r"(?<![\w.])(?P<y>\d{4})[-/.](?P<mo>\d\d?)[-/.](?P<d>\d\d?)[-T_ ,]+"
    r"(?P<h>\d\d?)[:.](?P<mi>\d\d)[:.](?P<s>\d\d)"
    r"(?:[.,](?P<f>\d{1,6})\d*)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_SHORT_TIME = re.compile(
    r"(?<![\w.])(?P<y>\d\d)/?(?P<mo>\d\d)/?(?P<d>\d\d) (?P<h>\d\d):?(?P<mi>\d\d):?(?P<s>\d\d)\b"
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one entry; a record that passes them alone is an entry of its own."""

    lines: int = 200
    size: int = 64 * 1024
    """Bytes as UTF-8."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One log entry to be."""

    content: str
    level: str
    logged_at: datetime | None


@dataclass
class Tally:
    """What was met on the way."""

    lines: int = 0
    records: int = 0
    entries: int = 0
    bad_bytes: int = 0
    nuls: int = 0

    def count_bad(self, number: int) -> None:
        """Bytes that the encoding does not allow."""
        self.bad_bytes += number


@dataclass
class _Open:
    """The entry that is being filled."""

    parts: list[str] = field(default_factory=list)
    lines: int = 0
    size: int = 0
    rank: int = len(_RANKS)
    logged_at: datetime | None = None

    def add(self, text: str, header: str, lines: int, size: int) -> None:
        self.parts.append(text)
        self.lines += lines
        self.size += size
        self.rank = min(self.rank, _rank(header))
        self.logged_at = self.logged_at or time_of(header)

    def draft(self) -> Draft:
        level = _RANKS[self.rank] if self.rank < len(_RANKS) else ""
        return Draft(content="\n".join(self.parts), level=level, logged_at=self.logged_at)


def entries(found: Iterable[list[str]], limits: Limits, tally: Tally) -> Iterator[Draft]:
    """Group records into drafts; blank ones are left out."""
    current = _Open()
    for record in found:
        text = _clean("\n".join(record), tally)
        lines, size = len(record), len(text.encode()) + 1
        tally.lines += lines
        if not text.strip():
            continue
        tally.records += 1
        if current.parts and (current.lines + lines > limits.lines or current.size + size > limits.size):
            tally.entries += 1
            yield current.draft()
            current = _Open()
        current.add(text, record[0][:_HEADER_CHARS], lines, size)
    if current.parts:
        tally.entries += 1
        yield current.draft()


def _clean(text: str, tally: Tally) -> str:
    if "\0" in text:
        tally.nuls += text.count("\0")
        text = text.replace("\0", "")
    return text.encode(errors="replace").decode()  # half of a surrogate pair fits no database


def _rank(header: str) -> int:
    match = _LEVEL.search(header)
    return _RANK_OF[(match[1] or match[2] or match[3]).upper()] if match else len(_RANKS)


def worst_level(text: str) -> str:
    """The worst level that a line of the text's beginning names, "" where none does."""
    lines = text[:_LOOKED_THROUGH].splitlines()
    rank = min((_rank(line[:_HEADER_CHARS]) for line in lines), default=len(_RANKS))
    return _RANKS[rank] if rank < len(_RANKS) else ""


def time_of(header: str) -> datetime | None:
    """The time in a header, if it names a year; without a zone it is UTC."""
    if not (match := _FULL_TIME.search(header) or _SHORT_TIME.search(header)):
        return None
    part = match.groupdict()
    year = int(part["y"]) if len(part["y"]) == 4 else 2000 + int(part["y"])
    micro = int((part.get("f") or "0").ljust(6, "0"))
    try:
        moment = datetime(
            year, int(part["mo"]), int(part["d"]), int(part["h"]), int(part["mi"]), int(part["s"]), micro, UTC
        )
        zone = datetime.strptime(part["zone"], "%z").tzinfo if part.get("zone") else UTC
        return moment.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        return None
