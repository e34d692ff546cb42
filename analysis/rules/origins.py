"""Who wrote a line, where several logs were put together: what collectors set before each line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_SECTION = re.compile(r"==> (\S.{0,300}?) <==\s*\Z")  # tail -f of several files
_COMPOSE = re.compile(r"([A-Za-z][\w.-]{0,63}?)(?:[-_]\d{1,4})? {0,40}\| ?")  # docker compose logs
_POD = re.compile(r"\[pod/[^/\]\s]{1,253}/([^/\]\s]{1,63})\] ?")  # kubectl logs --prefix
_SHARE = 0.6
_EXTENSION = re.compile(r"(?:[-_.](?:\d[\w.-]*|main|current))*\.(?:log|txt|out|err)(?:\.\d+)?\Z")
_NOBODY = frozenset(
    ("access", "error", "app", "log", "syslog", "messages", "stdout", "stderr", "main", "deploy")
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A line without the mark of its collector, and the name that this mark gives; None for a bare mark."""

    name: str | None
    text: str | None


def origins(lines: Sequence[str]) -> list[Origin]:
    """The origin of each line; a mark counts where it stands before most lines."""
    written = [line for line in lines if line.strip()]
    for mark in (_POD, _COMPOSE):
        if written and sum(mark.match(line) is not None for line in written) >= _SHARE * len(written):
            return [_marked(mark, line) for line in lines]
    return _sections(lines)


def _marked(mark: re.Pattern[str], line: str) -> Origin:
    found = mark.match(line)
    return Origin(found[1], line[found.end() :]) if found else Origin(None, line)


def _sections(lines: Sequence[str]) -> list[Origin]:
    found, current = [], None
    for line in lines:
        if section := _SECTION.match(line[:400]):
            current = _named(section[1])
            found.append(Origin(current, None))
        else:
            found.append(Origin(current, line))
    return found


def _named(path: str) -> str | None:
    """What a file of a log is called after: ``/var/log/orders/orders.log`` is of orders."""
    *folders, last = path.replace("\\", "/").split("/")
    name = _EXTENSION.sub("", last)
    if name.lower() in _NOBODY and folders and folders[-1] not in ("log", "logs", ""):
        name = folders[-1]
    return None if name.lower() in _NOBODY else name
