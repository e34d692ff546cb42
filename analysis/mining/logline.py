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
    error, level = _first(fields, _ERROR), _first(fields, _LEVEL)
    return LogLine(
        _first(fields, _TIME),
        LEVELS.get(level.upper()) if level else None,
        _first(fields, _NAME),
        _first(fields, ("pid", "process")),
        f"{message}: {error}" if error and error not in message else message,
    )


def _first(fields: dict[str, object], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return str(value)
    return None
