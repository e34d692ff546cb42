"""The adapter for Redis: shared by all workers, and never waited for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from heimdall_project.clients.redis import QuickClient
from heimdall_project.errors import TransientError
from heimdall_project.observability.logging import get_logger

from .entries import MOST_BYTES

log = get_logger(__name__)
PAUSE = 10.0
"""After a failure nobody asks for so long: a server that hangs costs a timeout at times, not one a job."""
PREFIX = "heimdall:analysis-cache:"


class Paused(TransientError):
    """The store was away a moment ago, and is not asked now."""


class RedisCache:
    """Entries in Redis; the server forgets them when their time is over, or when it needs the room."""

    name = "redis"

    def __init__(
        self, client: QuickClient, *, lifetime: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._paused_until = 0.0

    def get(self, key: str) -> bytes | None:
        """What is kept, read to one byte beyond the bound at most."""
        return self._asked(lambda: self._client.get(PREFIX + key, most=MOST_BYTES + 1))

    def put(self, key: str, value: bytes) -> None:
        """Keep it."""
        self._asked(lambda: self._client.put(PREFIX + key, value, lifetime=self._lifetime))

    def _asked[T](self, ask: Callable[[], T]) -> T:
        with self._lock:
            if self._clock() < self._paused_until:
                raise Paused("Redis", "it was away a moment ago")
        try:
            return ask()
        except TransientError as error:
            with self._lock:
                first = self._clock() >= self._paused_until
                self._paused_until = self._clock() + PAUSE
            if first:
                log.warning("The cache is away", action="analysis_cache_away", error=str(error))
            raise
