"""Stop signals for worker processes: the first asks, the second insists.

Python runs a signal handler in the main thread, between two bytecodes: late while a client holds that
thread, and in the middle of whatever it was doing (an exception or a lock taken there would lose records
or hang). So the handlers here do nothing. The interpreter's C handler writes the signal's number to a pipe
at once, and a thread of its own reads it.
"""

import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, current_thread, main_thread
from time import monotonic
from types import FrameType

from .exit_codes import ExitCode

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LEAVE = b"\0"
"""Ends the listening thread; no signal has the number 0."""


class StopFlag:
    """Whether this process was asked to stop. Loops look at `stop`; waits wait on it."""

    def __init__(self) -> None:
        self.stop = Event()
        self.reason = ""

    @property
    def is_set(self) -> bool:
        """Whether a stop was requested."""
        return self.stop.is_set()

    def request(self, reason: str) -> None:
        """Ask for a stop; the first reason stays."""
        self.reason = self.reason or reason
        self.stop.set()


@contextmanager
def stop_signals(*, lifeline: int | None = None, grace: float | None = None) -> Iterator[StopFlag]:
    """Turn SIGTERM and SIGINT into a flag; a second one ends the process at once with ABANDONED.

    `lifeline` is the reading end of a pipe that a supervisor holds open: its end asks for a stop as well.
    A supervised process ignores further signals: process managers tell every process of a group, and so
    does the supervisor, which kills when it is told twice itself.
    With `grace`, a process that still runs so many seconds after the request ends with ABANDONED.
    Main thread only.
    """
    flag = StopFlag()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    listener = Thread(target=_listen, args=(flag, reader, lifeline, grace), name="stop-signals", daemon=True)
    before = {number: signal.signal(number, _nothing) for number in STOP_SIGNALS}
    previous_fd = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    listener.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)  # a supervisor forks with signals held back
    try:
        yield flag
    finally:
        signal.set_wakeup_fd(previous_fd)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.write(writer, _LEAVE)
        listener.join()
        os.close(reader)
        os.close(writer)


def tell_of_stop(act: Callable[[], None]) -> None:
    """Call `act`, in a thread of its own, when this process is first asked to stop.

    For servers of others, which handle the signals themselves and later than they come: nothing of that is
    changed here. Without effect outside of the main thread, and where somebody listens already.
    """
    if current_thread() is not main_thread():
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    if (before := signal.set_wakeup_fd(writer, warn_on_full_buffer=False)) != -1:
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)
        return
    Thread(target=_tell, args=(act, reader), name="stop-told", daemon=True).start()


def _tell(act: Callable[[], None], reader: int) -> None:
    while told := os.read(reader, 64):
        if any(number in STOP_SIGNALS for number in told):
            act()
            return


def _nothing(_: int, __: FrameType | None) -> None:
    """Stands in for the default action; the pipe has told already."""


def _listen(flag: StopFlag, reader: int, lifeline: int | None, grace: float | None) -> None:
    asked = 0
    ends_at: float | None = None
    supervised = lifeline is not None
    watched = [reader, lifeline] if lifeline is not None else [reader]
    while True:
        wait = None if ends_at is None else max(0.0, ends_at - monotonic())
        ready, _, _ = select.select(watched, [], [], wait)
        if not ready:
            _abandon()
        if lifeline in ready:
            watched.remove(lifeline)
            flag.request("the supervisor is gone")
        if reader in ready:
            told = os.read(reader, 64)
            if _LEAVE in told:
                return
            asked += sum(1 for number in told if number in STOP_SIGNALS)
            if asked:
                flag.request("asked by a signal")
        if asked > 1 and not supervised:
            _abandon()
        if flag.is_set and ends_at is None and grace is not None:
            ends_at = monotonic() + grace


def _abandon() -> None:
    """Leave without a word: whatever could be written or closed here could also block."""
    os._exit(ExitCode.ABANDONED)
