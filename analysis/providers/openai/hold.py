"""Keeps calls from an endpoint that was away a moment ago: the rest waits while one tries.

After a failure nobody calls for a while, longer with each failure, or for as long as the endpoint asks. Then
one call goes through; its end decides. Calls that began before the failure say nothing new when they fail.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from math import inf
from random import Random
from threading import Lock

from heimdall_project.observability import metrics
from heimdall_project.streams.retry import RetryPolicy

from .faults import Away

BACKOFF = RetryPolicy(attempts=2**31, base=0.5, ceiling=15.0)


class Hold:
    """The state of one endpoint, as one process sees it. Thread-safe.

    `patience`: seconds that a request waits for its endpoint. The wait between two tries is never longer than
    a quarter of it, so that no request ends without a call that was made while it waited.
    """

    def __init__(
        self,
        *,
        patience: float = inf,
        monotonic: Callable[[], float] = time.monotonic,
        draw: Random | None = None,
    ) -> None:
        self._backoff = replace(BACKOFF, ceiling=min(BACKOFF.ceiling, patience / 4))
        self._monotonic = monotonic
        self._draw = draw or Random()  # noqa: S311 - jitter
        self._lock = Lock()
        self._failures = 0
        self._round = 0
        self._until = 0.0
        self._trying = False
        self._reason = ""

    def enter(self) -> int:
        """Ask to call; answers a ticket for `passed`, `failed` or `left`. Raises Away while it is held."""
        with self._lock:
            if self._failures:
                if self._trying or self._monotonic() < self._until:
                    metrics.MODEL_HELD.inc()
                    raise Away(f"{self._reason}, a moment ago")
                self._trying = True
            return self._round

    def passed(self, ticket: int) -> None:
        """The endpoint serves."""
        with self._lock:
            self._failures, self._trying, self._reason = 0, False, ""

    def failed(self, ticket: int, error: Away) -> None:
        """The endpoint is away."""
        with self._lock:
            if ticket != self._round:
                return
            self._round += 1
            self._failures += 1
            self._trying = False
            self._reason = error.args[0].removeprefix("model: ")
            wait = max(error.wait, self._backoff.delay(self._failures, self._draw))
            self._until = self._monotonic() + wait

    def left(self, ticket: int) -> None:
        """The call ended, perhaps without telling whether the endpoint serves."""
        with self._lock:
            if ticket == self._round:
                self._trying = False
