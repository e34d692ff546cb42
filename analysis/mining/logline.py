"""A line taken apart, and JSON lines."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .header_patterns import LEVELS

_MESSAGE = ("message", "msg", "log", "event", "text")
_LEVEL = ("level", "severity", "lvl", "levelname", "log.level")
_TIME = ("timestamp", "time", "ts", "@timestamp", "asctime")
_NAME = ("logger", "component", "name", "logger_name", "service", "module")
_ERROR = ("error", "err", "exception", "exc_info", "stack_trace")
_INSIDE = ("message", "msg", "error", "reason", "stack", "type")
_NUMBERS = {10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARNING", 50: "ERROR", 60: "CRITICAL"}  # bunyan, pino
_MONGO = {"D": "DEBUG", "I": "INFO", "W": "WARNING", "E": "ERROR", "F": "CRITICAL"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line taken apart; what the line does not say is None. Levels are spelled one way (``WARNING``)."""

    timestamp: str | None
    level: str | None
    component: str | None
    pid: str | None
    message: str


def from_json(text: str) -> LogLine | None:
    """A JSON line with a message; None if it is something else."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    message = _first(fields, _MESSAGE)
    if message is None:
        return None
    if {"t", "s", "c", "ctx"} <= fields.keys():
        return _mongo(fields, message)
    error, level = _error(fields), _first(fields, _LEVEL)
    return LogLine(
        _first(fields, _TIME),
        _level(level) if level else None,
        _first(fields, _NAME),
        _first(fields, ("pid", "process")),
        f"{message}: {error}" if error and error not in message else message,
    )


def _level(level: str) -> str | None:
    return _NUMBERS.get(int(level)) if level.isdecimal() and len(level) < 4 else LEVELS.get(level.upper())


def _error(fields: dict[str, object]) -> str | None:
    """The text of an error, also where it is an object of its own."""
    if (error := _first(fields, _ERROR)) is not None:
        return error
    inside = next((value for name in _ERROR if isinstance(value := fields.get(name), dict)), None)
    return _first(inside, _INSIDE) if inside else None


def _mongo(fields: dict[str, object], message: str) -> LogLine:
    """A line of MongoDB's server, which names the error among attributes."""
    time, attributes = fields["t"], fields.get("attr")
    error = _first(attributes, _INSIDE[:3]) if isinstance(attributes, dict) else None
    return LogLine(
        _first(time, ("$date",)) if isinstance(time, dict) else None,
        _MONGO.get(str(fields["s"])),
        "mongod",
        None,
        f"{message}: {error}" if error and error not in message else message,
    )


def _first(fields: dict[str, object], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
    return None
