"""Ends the process when one call takes longer than its budget: a thread that hangs cannot be stopped."""

import faulthandler
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread

from ..observability.logging import get_logger
from .exit_codes import ExitCode
from .ports import Clock, SystemClock

log = get_logger(__name__)


def bark() -> None:
    """Show where every thread stands, and end the process."""
    faulthandler.dump_traceback()
    os._exit(ExitCode.WATCHDOG)


class Watchdog:
    """Watches one call at a time. Its thread sleeps until a call is begun or overdue."""

    def __init__(self, what: str, *, clock: Clock | None = None, act: Callable[[], None] = bark) -> None:
        self._what = what
        self._clock = clock or SystemClock()
        self._act = act
        self._changed = Condition()
        self._due: float | None = None
        self._budget = 0.0
        self._over = False
        self._thread = Thread(target=self._run, name="watchdog", daemon=True)

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join()

    @contextmanager
    def watching(self, budget: float) -> Iterator[None]:
        """The block must end within `budget` seconds."""
        self._set(self._clock.monotonic() + budget, budget)
        try:
            yield
        finally:
            self._set(None, 0.0)

    def _set(self, due: float | None, budget: float) -> None:
        with self._changed:
            self._due, self._budget = due, budget
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._over:
                wait = None if self._due is None else self._due - self._clock.monotonic()
                if wait is not None and wait <= 0:
                    self._due = None
                    log.error(
                        "A call took longer than its budget; the process ends.",
                        action="watchdog",
                        worker=self._what,
                        budget=self._budget,
                    )
                    self._act()
                    continue
                self._changed.wait(wait)
