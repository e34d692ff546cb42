"""What stands before the message of a log line: time, level, process, component.

Nothing is configured: the fields are recognised one after another, in any order, as the common formats write
them (syslog, log4j and logback, Python, Android, Apache, klog, logfmt, JSON lines, event logs of clusters). A
line without a recognised time has no header, unless it is JSON.
"""

from __future__ import annotations

import re

from . import header_patterns as patterns
from .header_patterns import LETTERS, LEVELS
from .logline import LogLine, from_json
from .timestamps import DATED, TIMESTAMP

HEADER_CHARS = 400
_MOST_FIELDS = 8


def split_header(line: str) -> LogLine:
    """Take the header off one line. Time per line is bounded: only `HEADER_CHARS` are searched."""
    text = patterns.ANSI.sub("", line) if "\x1b" in line else line
    if text.startswith("{") and (parsed := from_json(text)):
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
        self.label: str | None = None

    def read(self) -> LogLine:
        """The line taken apart."""
        timestamp = self._time()
        if timestamp is None:
            return self._without_time()
        while (more := self._another_time()) is not None:
            timestamp = more
        if timestamp[0] in LETTERS and timestamp[1:5].isdigit():
            self.level = LETTERS[timestamp[0]]
        if not (self._rfc5424() or (timestamp[:3].isalpha() and self._process())):
            self._fields()
        self._skip()
        self._hints()
        return LogLine(timestamp, self.level, self.component, self.pid, self.text[self.at :].strip())

    def _without_time(self) -> LogLine:
        """A line without a time is all message; it may still say its level (``ERROR:root:no such user``)."""
        if found := patterns.LEVEL_WITHOUT_TIME.match(self.head):
            return LogLine(None, LEVELS[found[1].upper()], found[2], None, self.text)
        return LogLine(None, None, None, None, self.text)

    def _time(self) -> str | None:
        """The first timestamp, with at most two labels before it (a file name, an alert class)."""
        at = _end(patterns.LEAD, self.head, 0)
        pattern = TIMESTAMP
        for _ in range(3):
            if found := pattern.match(self.head, at):
                self.at = _end(patterns.AFTER_TIME, self.head, found.end())
                return found[0]
            label = patterns.LABEL.match(self.head, at)
            if not label:
                return None
            # After a label only an unmistakable time counts, or the dash with which event logs begin.
            pattern = TIMESTAMP if label[0].strip() == "-" else DATED
            self.label = label[0].rstrip(" |") if "|" in label[0] else self.label
            at = _end(patterns.LEAD, self.head, label.end())
        return None

    def _another_time(self) -> str | None:
        """A further timestamp, also behind one word (the node)."""
        at = _end(patterns.GAP, self.head, self.at)
        found = TIMESTAMP.match(self.head, at)
        if not found and (label := patterns.LABEL.match(self.head, at)) and not self._is_level(at):
            found = DATED.match(self.head, label.end())
        if found:
            self.at = found.end()
        return found[0] if found else None

    def _is_level(self, at: int) -> bool:
        return patterns.LEVEL.match(self.head, at) is not None

    def _rfc5424(self) -> bool:
        """The fields of RFC 5424 behind ``<34>1 time``."""
        if not self.head.startswith("<"):
            return False
        found = patterns.RFC5424.match(self.head, _end(patterns.GAP, self.head, self.at))
        if found:
            self.component, self.pid, self.at = found[1], found[2], found.end()
        return found is not None

    def _process(self) -> bool:
        found = patterns.PROCESS.match(self.head, _end(patterns.GAP, self.head, self.at))
        if found:
            self.component, self.pid, self.at = found["name"].strip(" -"), found["pid"], found.end()
        return found is not None

    def _fields(self) -> None:
        """Level, numbers, thread and component in whatever order they come."""
        readers = (self._number_field, self._level_field, self._bracket_field, self._name_field)
        for _ in range(_MOST_FIELDS):
            self._skip()
            if not any(read() for read in readers):
                return

    def _skip(self) -> None:
        self.at = _end(patterns.GAP, self.head, self.at)

    def _number_field(self) -> bool:
        found = patterns.NUMBER.match(self.head, self.at)
        if not found or (self.component and self.head[found.end() : found.end() + 1] != "|"):
            return False
        self.pid, self.at = self.pid or found[1] or found[2] or found[3], found.end()
        return True

    def _level_field(self) -> bool:
        if self.level:
            return False
        if named := patterns.LEVEL_AND_NAME.match(self.head, self.at):
            self.level, self.component, self.at = LEVELS[named[1]], named[2], named.end()
            return True
        found = patterns.LEVEL.match(self.head, self.at)
        if not found and not self.component and (ahead := patterns.LEVEL_AHEAD.match(self.head, self.at)):
            found = patterns.LEVEL.match(self.head, ahead.end())
            self.component = ahead[1].strip("[]") if found else None
        if found:
            self.level, self.at = LEVELS[found[found.lastindex or 0].upper()], found.end()
        elif not self.component and (found := patterns.LEVEL_LETTER.match(self.head, self.at)):
            self.level, self.at = LETTERS[found[1]], found.end()
        return found is not None

    def _bracket_field(self) -> bool:
        """A thread, a logger or a request id; any other bracket belongs to the message."""
        if self.component:
            found = patterns.REQUEST.match(self.head, self.at)
        elif found := patterns.BRACKET.match(self.head, self.at):
            is_name = patterns.DOTTED.fullmatch(found[1]) is not None
            if found[2] or (" " not in found[1] and (is_name or not self._goes_on(found.end()))):
                self.component = patterns.AT_LINE.sub("", found[1].rpartition(":")[2])
            elif not self._goes_on(found.end()):
                return False
        if found:
            self.at = found.end()
        return found is not None

    def _goes_on(self, at: int) -> bool:
        """Whether more header follows, so that a bracket before it is a thread."""
        following = (patterns.NAMED, patterns.LOGGER, patterns.LEVEL, patterns.THREAD_AHEAD)
        return any(pattern.match(self.head, at) for pattern in following)

    def _name_field(self) -> bool:
        if self.component:
            return False
        for pattern in patterns.NAMES:
            if found := pattern.match(self.head, self.at):
                self.component, self.at = found[1], found.end()
                if process := patterns.WITH_PID.fullmatch(found[1]):
                    self.component, self.pid = process[1], self.pid or process[2]
                return True
        return False

    def _hints(self) -> None:
        """Level and name that the message itself tells; they stay in the message."""
        if not self.level and (hint := patterns.LEVEL_IN_MESSAGE.match(self.head, self.at)):
            self.level = LEVELS[(hint[1] or hint[2]).upper()]
        if not self.component and (name := patterns.NAME_IN_MESSAGE.match(self.head, self.at)):
            self.component = name[1] or name[2]
        if not self.component:
            end = patterns.NAME_AT_END.search(self.text[-patterns.NAME_AT_END_CHARS :])
            self.component = end[1] if end else self.label


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where a match at ``start`` ends; ``start`` itself if there is none."""
    found = pattern.match(text, start)
    return found.end() if found else start
