"""Ends the reading of bodies whose time is over: a thread that looks while some body is slow."""

import time
from contextlib import suppress
from threading import Event, Lock, Thread

from ..observability.logging import get_logger
from .arrivals import LOOK_BACK, Arrivals, Unanswered
from .connections import connections

log = get_logger(__name__)
LOOKS = 10
"""Within the time of one body; at least one a second."""


class Cutting:
    """One thread of a process, which begins with its first body."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals, self._unanswered = arrivals, Unanswered()
        self._pause = min(1.0, arrivals.seconds / LOOKS)
        self._lock, self._begun = Lock(), False

    def begin(self) -> None:
        """Without effect the second time."""
        if self._begun:
            return
        with self._lock:
            if not self._begun:
                self._begun = True
                Thread(target=self._run, name="slow-bodies", daemon=True).start()

    def _run(self) -> None:
        never = Event()
        while not never.wait(self._pause):
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Look once, and shut down what is due."""
        slow = self._arrivals.slower_than(self._pause)
        if not slow:
            self._unanswered.forget()
            return
        for port in {each.port for each in slow}:
            self._unanswered.look({inode: each.sent for inode, each in connections(port)}, now=now)
        if late := self._arrivals.slower_than(self._arrivals.seconds):
            self._cut({(each.address, each.port) for each in late}, now)

    def _cut(self, late: set[tuple[str, int]], now: float) -> None:
        silent = self._unanswered.since(now - LOOK_BACK * self._arrivals.seconds)
        for port in {port for _, port in late}:
            addresses, ended = {address for address, at in late if at == port}, 0
            for inode, each in connections(port):
                if inode in silent and each.address in addresses:
                    with suppress(OSError):  # its peer was quicker
                        each.stop_reading()
                        ended += 1
            log.warning(
                "Bodies did not arrive in their time; the connections are not read any further.",
                action="slow_bodies_cut",
                connections=ended,
                addresses=sorted(addresses)[:10],
            )
