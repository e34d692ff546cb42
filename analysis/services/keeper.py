"""Keeps the claims of what this process has in hand, and learns what nobody waits for any more.

What must hold, whoever claims and however many at once:

- `hold` comes after the claim is committed, and before the analysis begins;
- the answer of `hold` goes to the analyzer as its `wanted`;
- `let_go` comes when the record is through (outcome stored or refused, or given up), and `keep` when it is to
  be tried again after a wait: its lease is then kept meanwhile, for `PATIENCE` seconds at most, because a
  record that went to another member of the group comes never back here.

`holding` does the three for one request. Nothing is asked of PostgreSQL while nothing is in hand.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from uuid import UUID

from django.conf import settings
from django.db import connection

from heimdall_project.observability.logging import get_logger
from heimdall_project.streams.books import database
from jobs.services import attempts_wanted, leases_renew

from ..analyzer import GivenUp

log = get_logger(__name__)
LOOK = 1.0
"""Seconds between two looks at what is still wanted."""
RENEW_MOST = 5.0
"""Longest time between two renewals; a quarter of the lease if that is less."""
PATIENCE = 120.0
"""Seconds for which the claim of a request is kept that waits to be tried again; no backoff is longer."""


class Held:
    """One request in hand. Called by the analyzer between its steps (`Wanted`)."""

    __slots__ = ("given_up", "request_id", "until")

    def __init__(self, request_id: UUID) -> None:
        self.request_id = request_id
        self.given_up = False
        self.until: float | None = None
        """Monotonic time up to which its claim is kept while it waits; None while it is at work."""

    def __call__(self) -> None:
        """Raise GivenUp if nobody waits for the answer any more."""
        if self.given_up:
            raise GivenUp("the job was cancelled, has ended, or another attempt replaced this one")


class Keeper:
    """The claims of one worker process. Shared by its threads; one of its own renews."""

    def __init__(self, worker: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._worker = worker
        self._monotonic = monotonic
        self._renew_every = min(settings.JOB_LEASE / 4, RENEW_MOST)
        self._renew_at = 0.0
        self._held: dict[UUID, Held] = {}
        self._lock = Lock()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="lease-keeper", daemon=True)

    # --- what handlers say --------------------------------------------------------------------------------

    def hold(self, request_id: UUID) -> Held:
        """This request was claimed: keep its claim until `let_go`."""
        held = Held(request_id)
        with self._lock:
            self._held[request_id] = held
        return held

    def let_go(self, held: Held) -> None:
        """It is through."""
        with self._lock:
            if self._held.get(held.request_id) is held:
                del self._held[held.request_id]

    def keep(self, held: Held) -> None:
        """It will be tried again: keep its claim while it waits."""
        held.until = self._monotonic() + PATIENCE

    @contextmanager
    def holding(self, request_id: UUID) -> Iterator[Held]:
        """Hold for the block; one that ends with an error other than GivenUp may be tried again."""
        held = self.hold(request_id)
        through = False
        try:
            yield held
            through = True
        except GivenUp:
            through = True
            raise
        finally:
            (self.let_go if through else self.keep)(held)

    # --- what the thread does -----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to renew, in a thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; what is still in hand lapses, unless another member claims it before."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(LOOK)

    def turn(self) -> None:
        """Ask once for everything in hand. Raises TransientError while PostgreSQL is away."""
        now = self._monotonic()
        with self._lock:
            self._held = {
                request_id: held
                for request_id, held in self._held.items()
                if held.until is None or now < held.until
            }
            asked = dict(self._held)
        if not asked:
            connection.close()
            return
        due = now >= self._renew_at
        with database():
            ask = leases_renew if due else attempts_wanted
            wanted = ask(request_ids=asked, worker=self._worker)
        if due:
            self._renew_at = now + self._renew_every
        self._give_up([held for request_id, held in asked.items() if request_id not in wanted])

    def _give_up(self, unwanted: list[Held]) -> None:
        for held in unwanted:
            if held.until is not None:
                self.let_go(held)
            elif not held.given_up:
                held.given_up = True
                log.info("Nobody waits any more", action="analysis_unwanted", request_id=str(held.request_id))

    def _run(self) -> None:
        while not self._stop.wait(min(LOOK, self._renew_every)):
            try:
                self.turn()
            except Exception as error:  # boundary: without this thread every long analysis would lapse
                log.warning("No claim can be renewed", action="leases_not_renewed", error=str(error)[:200])
                connection.close()
        connection.close()
