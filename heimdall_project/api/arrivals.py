"""Bodies on their way in: how many at a time, for how long, and what happens to one that takes longer.

A server with threads reads a body in the thread that serves the request, and cannot be asked to stop reading.
So a client that sends slowly, or nothing more, holds a thread. Two bounds stand against that: the number of
threads that may read at the same time (the others serve everybody else), and a time for each body. Beyond
it the connection's reading side is shut down (`connections.py`); the thread comes back with a short body,
and its client is answered 408.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from ..errors import RequestTimeout, Unavailable
from ..observability import metrics

LOOK_BACK = 0.8
"""Part of a body's time for which nothing was sent on a connection before it may be shut down: longer than a
request ever waits for its answer, so that only those wait that did not ask a whole question."""


@dataclass(eq=False, slots=True)
class Arrival:
    """One body that is being read."""

    address: str
    """Of the peer, as the server tells it: without its port."""
    port: int
    """Of ours."""
    since: float


class Arrivals:
    """The bodies of one process. Every method may be called by any thread; `clock` is monotonic."""

    def __init__(self, *, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self.seconds, self._clock = most, seconds, clock
        self._under_way: dict[int, Arrival] = {}
        self._lock = Lock()

    @contextmanager
    def one(self, address: str, port: int) -> Iterator[Arrival]:
        """A block in which a body is read. Raises Unavailable where too many are."""
        arrival = Arrival(address, port, self._clock())
        with self._lock:
            if len(self._under_way) >= self._most:
                metrics.BODIES_REFUSED.labels("too_many").inc()
                raise Unavailable(
                    f"{self._most} other requests are being received; nothing of this one was read.",
                    retry_after=1,
                )
            self._under_way[id(arrival)] = arrival
        metrics.BODIES_ARRIVING.inc()
        try:
            yield arrival
        finally:
            metrics.BODIES_ARRIVING.dec()
            with self._lock:
                del self._under_way[id(arrival)]

    def refuse_if_late(self, arrival: Arrival) -> None:
        """Called for a body that ended too early. Raises RequestTimeout if that was because of its time."""
        if self._clock() - arrival.since >= self.seconds:
            metrics.BODIES_REFUSED.labels("too_slow").inc()
            raise RequestTimeout(f"The body was not there after {self.seconds:g} s; nothing was done.")

    def slower_than(self, seconds: float) -> list[Arrival]:
        """Those that are read for so long already."""
        begun = self._clock() - seconds
        with self._lock:
            return [each for each in self._under_way.values() if each.since <= begun]


class Unanswered:
    """For how long nothing was sent on connections, as far as one has looked. Pure: time is told."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, float]] = {}

    def look(self, sent: Mapping[int, int], *, now: float) -> None:
        """Bytes that were sent on each connection, by a number that no other connection has."""
        before = self._seen
        self._seen = {
            each: known if (known := before.get(each)) and known[0] == number else (number, now)
            for each, number in sent.items()
        }

    def forget(self) -> None:
        """Nothing is slow."""
        self._seen.clear()

    def since(self, moment: float) -> Collection[int]:
        """Connections on which nothing was sent since this moment, or earlier."""
        return [each for each, (_, at) in self._seen.items() if at <= moment]
