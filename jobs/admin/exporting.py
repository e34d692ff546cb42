"""The list's filter in the words of the API, for links to its export."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time

from ..states import OPEN, Status
from .filters import WINDOWS

SAME = ("failure_class", "priority", "service", "environment", "owner", "from_cache")
"""Filters that are called the same in both."""
KNOWN = frozenset(
    {*SAME, "status", "last", "o", *(f"created_at_{end}_{part}" for end in ("from", "to") for part in "01")}
)


class Export(NamedTuple):
    """Links to the files, or why there are none."""

    links: list[tuple[str, str]]
    problem: str = ""


def export(chosen: Mapping[str, str], now: datetime) -> Export:
    """Links for what the list is filtered by."""
    strange = sorted(chosen.keys() - KNOWN)
    if strange:
        words = " and ".join("the search" if name == "q" else name.replace("_", " ") for name in strange)
        return Export([], f"No export with {words}: take that away first.")
    query = _query(chosen, now)
    address = reverse("jobs-export")
    links = [(kind.upper(), f"{address}?{urlencode([*query, ('format', kind)])}") for kind in ("csv", "json")]
    return Export(links)


def _query(chosen: Mapping[str, str], now: datetime) -> list[tuple[str, str]]:
    query = [(name, chosen[name]) for name in SAME if name in chosen]
    if status := chosen.get("status"):
        states = [each.value for each in Status if each in OPEN] if status == "open" else [status]
        query += [("status", state) for state in states]
    since = [_moment(chosen, "from")]
    if window := WINDOWS.get(chosen.get("last", "")):
        since.append(now - window)
    begins = [at for at in since if at]
    if begins:
        query.append(("since", max(begins).isoformat()))
    if until := _moment(chosen, "to"):
        query.append(("until", until.isoformat()))
    return query


def _moment(chosen: Mapping[str, str], end: str) -> datetime | None:
    """The begin or end of the range that the list's filter holds in two fields, and needs both of."""
    try:
        day = parse_date(chosen.get(f"created_at_{end}_0", ""))
        time = parse_time(chosen.get(f"created_at_{end}_1", ""))
    except ValueError:
        return None
    if day is None or time is None:
        return None
    return timezone.make_aware(datetime.combine(day, time.replace(tzinfo=None)))
