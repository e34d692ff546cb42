"""From text to events: a headed line together with the stack trace below it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..analyzer import numbered_lines
from ..mining.headers import split_header
from ..mining.logline import LogLine
from .origins import origins

MOST_LINES = 20_000
MOST_BODY_LINES = 80
_CONTINUES = re.compile(
    r"\s+\S|Caused by\b|Suppressed:|at \S|\.\.\. \d+ (?:more|common)|Traceback \(|During handling of"
    r"|The above exception|goroutine \d+|--- End of"
)
_EXCEPTION = re.compile(r"(?:[a-z_$][\w$]*\.)*[A-Z][\w$]*(?:Exception|Error|Failure|Interrupt)\b")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the input with its number from 1."""

    number: int
    text: str


@dataclass(slots=True)
class Event:
    """What a log says at one time: the header's fields, the message, and the lines that belong to it."""

    line: int
    text: str
    head: LogLine
    body: list[Line] = field(default_factory=list)
    origin: str | None = None
    """Who wrote it, where the log is put together of several."""

    @property
    def is_error(self) -> bool:
        """Whether the log itself calls it an error."""
        return self.head.level in ("ERROR", "CRITICAL")

    @property
    def is_quiet(self) -> bool:
        """Whether the log itself calls it unremarkable."""
        return self.head.level in ("TRACE", "DEBUG", "INFO", "NOTICE")


@dataclass(frozen=True, slots=True)
class Reading:
    """All events, how many lines the input has, and whether it was read to its end."""

    events: tuple[Event, ...]
    lines: int
    complete: bool


def read(log_content: str) -> Reading:
    """Group the lines of a log into events; at most `MOST_LINES` lines are read."""
    texts = numbered_lines(log_content)
    events: list[Event] = []
    latest: dict[str | None, Event] = {}
    headed = 0
    for number, origin in enumerate(origins(texts[:MOST_LINES]), start=1):
        text = origin.text
        if text is None or not text.strip():
            continue
        head = split_header(text)
        has_header = head.timestamp is not None or head.level is not None or head.message is not text
        headed += has_header
        continues = _CONTINUES.match(text) or _EXCEPTION.match(text) or 2 * headed > len(events)
        before = latest.get(origin.name)
        if before and not has_header and continues:
            if len(before.body) < MOST_BODY_LINES:
                before.body.append(Line(number, text))
        else:
            latest[origin.name] = Event(number, text, head, origin=origin.name)
            events.append(latest[origin.name])
    lines = len(texts) - (texts[-1] == "")
    return Reading(tuple(events), lines, lines <= MOST_LINES)
