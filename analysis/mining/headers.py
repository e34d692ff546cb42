"""What stands before the message of a log line: time, level, process, component.

Nothing is configured: the fields are recognised one after another, in any order, as the common formats write
them (syslog, log4j and logback, Python, Android, Apache, klog, logfmt, JSON lines, event logs of clusters). A
line without a recognised time has no header, unless it is JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .timestamps import DATED, TIMESTAMP

HEADER_CHARS = 400
_LEVELS = {
    "TRACE": "TRACE", "VERBOSE": "TRACE", "FINEST": "TRACE", "FINER": "TRACE",
    "DEBUG": "DEBUG", "FINE": "DEBUG",
    "INFO": "INFO", "INFORMATION": "INFO", "LOG": "INFO", "STATEMENT": "INFO", "DETAIL": "INFO", "HINT": "INFO",
    "NOTICE": "NOTICE", "CONFIG": "NOTICE",
    "WARN": "WARNING", "WARNING": "WARNING",
    "ERR": "ERROR", "ERROR": "ERROR", "FAILURE": "ERROR",
    "SEVERE": "CRITICAL", "CRIT": "CRITICAL", "CRITICAL": "CRITICAL", "FATAL": "CRITICAL",
    "ALERT": "CRITICAL", "EMERG": "CRITICAL", "PANIC": "CRITICAL",
}  # fmt: skip
_LETTERS = {"V": "TRACE", "D": "DEBUG", "I": "INFO", "W": "WARNING", "E": "ERROR", "F": "CRITICAL"}
_NEEDS_COLON = ("LOG", "DETAIL", "HINT", "STATEMENT")
_ALL = sorted(_LEVELS, key=len, reverse=True)
_PLAIN = "|".join(word for word in _ALL if word not in _NEEDS_COLON)
_ANY_CASE = "|".join(_ALL)

_ANSI = re.compile(r"\x1b\[[0-9;]{0,16}m")
_LEAD = re.compile(r"\ufeff?(?:<[0-9]{1,3}>(?:[0-9] )?)?(?:(?:time|timestamp|ts|t)=\"?)?\[?")
_LABEL = re.compile(r"\S{1,100}\s{1,8}(?:\|\s)?")
_AFTER_TIME = re.compile(r"[\]\",:]*")
_GAP = re.compile(r"\s*(?:[-|:,]\s+|\|)?")
# A level is upper case, or marked as one: [error] <warn> info: level=debug, or followed by a wide gap.
_LEVEL = re.compile(
    rf"(?:[\[(<]\s?({_ANY_CASE})\s?[\])>]|(?:level|lvl|severity)=\"?({_ANY_CASE})\b\"?"
    rf"|({_ANY_CASE})(?:[:,|]|\s{{2,}}|\t)|(?-i:({_PLAIN})(?=\s|$)))[:,|]?",
    re.IGNORECASE,
)
_LEVEL_AHEAD = re.compile(rf"(?:\S{{0,80}}[^\s:]\s+){{0,3}}?([A-Za-z]\S{{0,80}})(?<!:)\s+(?=(?:{_PLAIN})\s)")
_LEVEL_HINT = re.compile(rf"(?:\S{{1,40}}: )?({_ANY_CASE})\s?:", re.IGNORECASE)
_LETTER = re.compile(r"([VDIWEF])[ /](?=[^:]{1,80}: ?)")
_NUMBERS = re.compile(r"(?:([0-9]{1,9})|\[([0-9]{1,9})\]):?(?=\s|\|)")
_PROCESS = re.compile(
    r"(?P<host>[^\s\[]\S*) (?P<name>[^\s:\[]+(?: -- \S+?| [0-9.]+)?|[^\[\]:]{1,60})"
    r"(?:\[(?P<pid>[0-9]+)\])?(?: \([^)]{1,80}\))?: ?(?=\S|$)"
)
_BRACKET = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\s*(-\s+)?")
_AT_LINE = re.compile(r"@[0-9]+$")
_REQUEST = re.compile(r"\[(?:req-[^\]]*|-|[0-9a-fA-F-]{8,}[^\]]*)\]\s*")
_NAMED = re.compile(r"([A-Za-z_][\w.$/@#*()<>\-]{0,120}(?:\[[^\]\s]{1,40}\])?)(?::(?:\s|$)| - |\s+-\s)")
_LOGGER = re.compile(r"([A-Za-z_][\w$]*(?:\.[\w$]+)+)\s+(?=\[)")
_PADDED = re.compile(r"([A-Za-z][\w.\-]{0,40})(?:\s{2,}|\t)")
_SOURCE = re.compile(r"([\w./-]+\.\w{1,4}):[0-9]+\]\s")
_PROGRAM = re.compile(r"([\w.-]+(?: \*[0-9]+)?) - ")
_PIPED = re.compile(r"([A-Za-z_][\w.\-]*)\|")

_JSON_MESSAGE = ("message", "msg", "log", "event", "text")
_JSON_LEVEL = ("level", "severity", "lvl", "levelname", "log.level")
_JSON_TIME = ("timestamp", "time", "ts", "@timestamp", "asctime")
_JSON_NAME = ("logger", "component", "name", "logger_name", "service", "module")
_JSON_ERROR = ("error", "err", "exception", "exc_info", "stack_trace")


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line taken apart; what the line does not say is None. Levels are spelled one way (``WARNING``)."""

    timestamp: str | None
    level: str | None
    component: str | None
    pid: str | None
    message: str


def split_header(line: str) -> LogLine:
    """Take the header off one line. Time per line is bounded: only `HEADER_CHARS` are searched."""
    text = _ANSI.sub("", line) if "\x1b" in line else line
    if text.startswith("{") and (parsed := _from_json(text)):
        return parsed
    return _Header(text).read()


class _Header:
    """Reads the fields of one line from left to right; `at` is how far the header reaches."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.head = text[:HEADER_CHARS]
        self.at = 0
        self.level: str | None = None
        self.component: str | None = None
        self.pid: str | None = None

    def read(self) -> LogLine:
        """The line taken apart."""
        timestamp = self._time()
        if timestamp is None:
            return LogLine(None, None, None, None, self.text)
        dated = timestamp[:3].isalpha()
        while (more := self._another_time()) is not None:
            timestamp, dated = more, more[:3].isalpha()
        if timestamp[0] in _LETTERS and timestamp[1:5].isdigit():
            self.level = _LETTERS[timestamp[0]]
        if not (dated and self._process()):
            self._fields()
        self._skip()
        if not self.level and (hint := _LEVEL_HINT.match(self.head, self.at)):
            self.level = _LEVELS[hint[1].upper()]
        return LogLine(timestamp, self.level, self.component, self.pid, self.text[self.at :].strip())

    def _time(self) -> str | None:
        """The first timestamp, with at most two labels before it (a file name, an alert class)."""
        at = _matched(_LEAD, self.head, 0)
        pattern = TIMESTAMP
        for _ in range(3):
            if found := pattern.match(self.head, at):
                self.at = _matched(_AFTER_TIME, self.head, found.end())
                return found[0]
            label = _LABEL.match(self.head, at)
            if not label:
                return None
            # After a label only an unmistakable time counts, or the dash with which event logs begin.
            pattern = TIMESTAMP if label[0].strip() == "-" else DATED
            at = _matched(_LEAD, self.head, label.end())
        return None

    def _another_time(self) -> str | None:
        """A further timestamp, also behind one word (the node)."""
        at = _matched(_GAP, self.head, self.at)
        found = TIMESTAMP.match(self.head, at)
        if not found and (label := _LABEL.match(self.head, at)) and not _LEVEL.match(self.head, at):
            found = DATED.match(self.head, label.end())
        if found:
            self.at = found.end()
        return found[0] if found else None

    def _process(self) -> bool:
        """``host name[pid]:`` as syslog writes it."""
        found = _PROCESS.match(self.head, _matched(_GAP, self.head, self.at))
        if not found:
            return False
        self.component, self.pid, self.at = found["name"].strip(" -"), found["pid"], found.end()
        return True

    def _fields(self) -> None:
        """Level, numbers, thread and component in whatever order they come."""
        for _ in range(8):
            self._skip()
            if not (self._number_field() or self._level_field() or self._bracket_field() or self._name_field()):
                return

    def _skip(self) -> None:
        self.at = _matched(_GAP, self.head, self.at)

    def _level_field(self) -> bool:
        if self.level:
            return False
        found = _LEVEL.match(self.head, self.at)
        if not found and not self.component and (ahead := _LEVEL_AHEAD.match(self.head, self.at)):
            found = _LEVEL.match(self.head, ahead.end())
            self.component = ahead[1].strip("[]") if found else None
        if found:
            self.level, self.at = _LEVELS[found[found.lastindex or 0].upper()], found.end()
        elif not self.component and (found := _LETTER.match(self.head, self.at)):
            self.level, self.at = _LETTERS[found[1]], found.end()
        return found is not None

    def _number_field(self) -> bool:
        found = _NUMBERS.match(self.head, self.at)
        if not found or (self.component and self.head[found.end() : found.end() + 1] != "|"):
            return False
        self.pid, self.at = self.pid or found[1] or found[2], found.end()
        return True

    def _bracket_field(self) -> bool:
        """A thread, a logger or a request id; any other bracket belongs to the message."""
        if self.component:
            found = _REQUEST.match(self.head, self.at)
        elif found := _BRACKET.match(self.head, self.at):
            named = _NAMED.match(self.head, found.end()) or _LOGGER.match(self.head, found.end())
            if found[2] or (not named and " " not in found[1]):
                self.component = _AT_LINE.sub("", found[1].rpartition(":")[2])
            elif not named:
                return False
        if found:
            self.at = found.end()
        return found is not None

    def _name_field(self) -> bool:
        if self.component:
            return False
        for pattern in (_NAMED, _SOURCE, _LOGGER, _PIPED, _PROGRAM, _PADDED):
            if found := pattern.match(self.head, self.at):
                self.component, self.at = found[1], found.end()
                return True
        return False


def _matched(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _from_json(text: str) -> LogLine | None:
    """A JSON line with a message; None if it is something else."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    message = _first(fields, _JSON_MESSAGE)
    if message is None:
        return None
    error = _first(fields, _JSON_ERROR)
    level = _first(fields, _JSON_LEVEL)
    return LogLine(
        _first(fields, _JSON_TIME),
        _LEVELS.get(level.upper(), level.upper()) if level else None,
        _first(fields, _JSON_NAME),
        _first(fields, ("pid", "process")),
        f"{message}: {error}" if error and error not in message else message,
    )


def _first(fields: dict[str, object], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
    return None
