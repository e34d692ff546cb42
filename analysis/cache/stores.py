"""Where answers are kept: the port, and its adapter in the memory of this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol


class AnalysisCache(Protocol):
    """Keeps bytes under keys for a while. May forget anything at any time. Safe to share among threads."""

    @property
    def name(self) -> str:
        """Its name in metrics."""

    def get(self, key: str) -> bytes | None:
        """What is kept; None if nothing is. Raises TransientError if the store is away."""

    def put(self, key: str, value: bytes) -> None:
        """Keep it for the lifetime of the store. Raises TransientError if the store is away."""


class MemoryCache:
    """The entries used last, up to a number, each until its time is over. Lost with the process."""

    name = "memory"

    def __init__(self, *, most: int, lifetime: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> bytes | None:
        """What is kept."""
        with self._lock:
            until, value = self._kept.get(key, (0.0, None))
            if value is None:
                return None
            if until <= self._clock():
                del self._kept[key]
                return None
            self._kept.move_to_end(key)
            return value

    def put(self, key: str, value: bytes) -> None:
        """Keep it; the one used longest ago makes room."""
        with self._lock:
            self._kept[key] = (self._clock() + self._lifetime, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
