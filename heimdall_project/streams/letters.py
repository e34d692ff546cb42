"""Which records of a topic became dead letters lately, by the headers that they carry."""

import time
from datetime import datetime

from . import topics
from .broker import scan

type Place = tuple[int, int]
"""Partition and offset."""
MOST = 10_000
"""Dead letters that are looked through for one question."""
BUDGET = 3.0
"""Seconds."""


def letters_of(topic: str, *, group: str, since: datetime) -> set[Place] | None:
    """Places of a topic's records that were dead-lettered by a group since then.

    None where there are too many to look through. Raises TransientError while the broker is away.
    """
    where = topics.spec(topic).dead_letters
    if where is None:
        return set()
    found: set[Place] = set()
    end = time.monotonic() + BUDGET
    for number, record in enumerate(scan(where, since_ms=int(since.timestamp() * 1000), timeout=BUDGET)):
        if number >= MOST or time.monotonic() > end:
            return None
        if record.header("original_topic") == topic and record.header("original_group") == group:
            place = record.header("original_partition") or "", record.header("original_offset") or ""
            if all(map(str.isdecimal, place)):
                found.add((int(place[0]), int(place[1])))
    return found
