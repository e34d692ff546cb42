"""How much a process takes on for others at a time, and whether it makes sense to try. Pure: time is told.

Counted are requests that are worked on, and events that the broker has not acknowledged: also those whose
request has given up waiting, for they still take room. A broker that let a request wait in vain is away
until it acknowledges something; meanwhile one request at a time may find out, and the others are refused at
once instead of waiting in vain too.
"""

from threading import Lock

from ..errors import Busy, Unavailable

RETRY_BUSY = 1
RETRY_AWAY = 5
"""Seconds after which a refused caller may come again."""
NOT_STORED = "nothing of this request was stored"


class Admission:
    """The bounds of one process. Every method may be called by any thread."""

    def __init__(self, *, requests: int, events: int) -> None:
        self._most_requests, self._most_events = requests, events
        self._lock = Lock()
        self.requests = 0
        """Under way."""
        self.events = 0
        """Handed to the client and not acknowledged."""
        self.stopping = False
        """No new request is taken."""
        self._silent_since: float | None = None
        self._is_probed = False

    def enter(self) -> None:
        """A request begins. Raises Busy or Unavailable; what does not raise must `leave`."""
        with self._lock:
            if self.stopping:
                raise Unavailable(f"This server is about to stop; {NOT_STORED}.", retry_after=RETRY_BUSY)
            if self.requests >= self._most_requests:
                raise Busy(f"{self.requests} requests are under way; {NOT_STORED}.", retry_after=RETRY_BUSY)
            self.requests += 1

    def leave(self) -> None:
        """A request that entered has ended."""
        with self._lock:
            self.requests -= 1

    def take(self, events: int, *, now: float) -> bool:
        """Room for events that are about to be sent; whether they are to find out if the broker is back.

        Raises Busy where they would go beyond the bound, Unavailable where the broker is away. What does not
        raise must be given back.
        """
        with self._lock:
            if self.events + events > self._most_events:
                raise Busy(f"{self.events} events wait for the broker; {NOT_STORED}.", retry_after=RETRY_BUSY)
            if self._silent_since is not None:
                if self._is_probed:
                    silent = f"The broker has not answered for {now - self._silent_since:.0f} s"
                    raise Unavailable(f"{silent}; {NOT_STORED}.", retry_after=RETRY_AWAY)
                self._is_probed = True
            self.events += events
            return self._is_probed

    def give_back(self, events: int, *, acknowledged: bool) -> None:
        """These events came to an end; an acknowledgement shows that the broker is there."""
        with self._lock:
            self.events -= events
            if acknowledged:
                self._silent_since, self._is_probed = None, False

    def waited_in_vain(self, *, since: float) -> None:
        """A request got no answer from the broker."""
        with self._lock:
            if self._silent_since is None:
                self._silent_since = since

    def probed(self) -> None:
        """The request that was to find out has ended; the next may."""
        with self._lock:
            self._is_probed = False

    def stop(self) -> None:
        """Take no new requests from now on."""
        self.stopping = True
