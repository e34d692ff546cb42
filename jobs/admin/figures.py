"""The figures above the list of jobs: counts that are links, and plots with the same numbers as a table."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.timezone import localtime

from heimdall_project.accounts.models import User
from heimdall_project.streams.admin.windows import WINDOWS, Window
from heimdall_project.streams.admin.wording import age, duration, visible

from .. import failures, selectors
from ..selectors import JobCounts, Throughput
from ..states import OPEN, Status
from .wording import STATUS_COLOURS

MOST_BARS = 6
"""Failure classes and services that are shown."""


class Tile(NamedTuple):
    """A count that filters the list."""

    key: str
    title: str
    number: int
    href: str
    is_active: bool
    colour: str = "default"
    note: str = ""
    share: int = 0
    """Per cent of the largest beside it."""


def panel(user: User, window: Window, chosen: Mapping[str, str]) -> dict[str, Any]:
    """All that is shown. `chosen` is the filter that the list has now."""
    now = timezone.now()
    counts = selectors.job_counts(user=user, since=now - window.span)
    points = selectors.job_throughput(user=user, since=now - window.span, step=window.step)
    return {
        "window": window,
        "windows": list(WINDOWS.values()),
        "tiles": _states(counts, window, chosen, now),
        "failures": _failures(counts, window, chosen),
        "services": _services(counts, window, chosen),
        "complete": counts.complete,
        "at": localtime(now),
        "series": _series(points, window),
        "rows": _rows(points, window),
        "said": _said(counts, points, window),
    }


def _tile(
    key: str, title: str, number: int, query: Mapping[str, str], chosen: Mapping[str, str], **more: Any
) -> Tile:
    """Choosing what is chosen already takes the filter away again."""
    is_active = dict(query) == dict(chosen)
    return Tile(key, title, number, "?" if is_active else f"?{urlencode(query)}", is_active, **more)


def _states(counts: JobCounts, window: Window, chosen: Mapping[str, str], now: datetime) -> list[Tile]:
    """Open jobs of any age, ended ones of the window."""
    tiles = []
    for status in Status:
        is_open = status in OPEN
        number = counts.open.get(status, 0) if is_open else counts.by_status[status]
        query = {"status": status.value} | ({} if is_open else {"last": window.name})
        note = "now" if is_open else f"last {window.name}"
        if status is Status.QUEUED and counts.oldest_open_at and any(counts.open.values()):
            note = f"oldest open: {age((now - counts.oldest_open_at).total_seconds())}"
        colour = STATUS_COLOURS[status]
        tiles.append(
            _tile(status.value, status.capitalize(), number, query, chosen, colour=colour, note=note)
        )
    return tiles


def _failures(counts: JobCounts, window: Window, chosen: Mapping[str, str]) -> list[Tile]:
    return _bars(counts.by_failure_class, "failure_class", window, chosen, failures.title)


def _services(counts: JobCounts, window: Window, chosen: Mapping[str, str]) -> list[Tile]:
    return _bars(counts.by_service, "service", window, chosen, visible)


def _bars(
    numbers: Mapping[str, int], name: str, window: Window, chosen: Mapping[str, str], title: Any
) -> list[Tile]:
    shown = list(numbers.items())[:MOST_BARS]
    most = max((number for _, number in shown), default=1)
    return [
        _tile(
            f"{name}-{place}",
            title(value),
            number,
            {name: value, "last": window.name},
            chosen,
            share=max(1, round(100 * number / most)),
        )
        for place, (value, number) in enumerate(shown)
    ]


def _series(points: Sequence[Throughput], window: Window) -> dict[str, Any]:
    """What the plots are drawn from."""
    return {
        "labels": [f"{localtime(point.at):{window.clock}}" for point in points],
        "submitted": [point.submitted for point in points],
        "succeeded": [point.succeeded for point in points],
        "failed": [point.failed for point in points],
        "cancelled": [point.cancelled for point in points],
        "p50": [_rounded(point.p50_seconds) for point in points],
        "p95": [_rounded(point.p95_seconds) for point in points],
        "each": window.each,
    }


def _rows(points: Sequence[Throughput], window: Window) -> list[dict[str, Any]]:
    """The table: steps in which something happened, newest first."""
    return [
        {
            "at": f"{localtime(point.at):{window.clock}}",
            "point": point,
            "p50": _said_seconds(point.p50_seconds),
            "p95": _said_seconds(point.p95_seconds),
        }
        for point in reversed(points)
        if point.submitted or point.succeeded or point.failed or point.cancelled
    ]


def _said(counts: JobCounts, points: Sequence[Throughput], window: Window) -> str:
    """The plots in one sentence, for those who do not see them."""
    ended = sum(point.succeeded + point.failed + point.cancelled for point in points)
    failed = sum(point.failed for point in points)
    slowest = max((point.p95_seconds for point in points if point.p95_seconds is not None), default=None)
    latency = f"; the slowest step had a p95 of {duration(slowest)}" if slowest is not None else ""
    return f"{window.title}: {counts.total} accepted, {ended} ended, {failed} of them failed{latency}."


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _said_seconds(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)
