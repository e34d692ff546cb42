"""Equal questions at the same time: one is asked, the others wait for its answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..analyzer import Wanted
from .entries import Entry

STEP = 0.5
"""How often one that waits looks whether it is still wanted."""


class Flight:
    """A question under way. ``landed`` is its answer; None for whom it is to ask."""

    def __init__(self) -> None:
        self.landed: Entry | None = None
        self._done = threading.Event()

    def end(self) -> None:
        """Wake those who wait."""
        self._done.set()

    def await_end(self, wanted: Wanted) -> None:
        """Wait until it has ended, well or not. Raises GivenUp out of `wanted`."""
        while not self._done.wait(STEP):
            wanted()


class Flights:
    """All questions under way in this process, by key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, Flight] = {}

    @contextmanager
    def of(self, key: str, wanted: Wanted) -> Iterator[Flight]:
        """The first to come gets an empty flight and sets ``landed``; the others get it when it has ended.

        Where the first one failed they ask for themselves, each: a failure is nobody else's.
        """
        with self._lock:
            flight = self._under_way.get(key)
            leads = flight is None
            if flight is None:
                flight = self._under_way[key] = Flight()
        if not leads:
            flight.await_end(wanted)
            yield flight
            return
        try:
            yield flight
        finally:
            with self._lock:
                del self._under_way[key]
            flight.end()
