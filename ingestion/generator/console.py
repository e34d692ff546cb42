"""A run on a console: how it goes, and signals that ask it to stop."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper

from .report import progress_line
from .running import Run

TTY_SECONDS, PLAIN_SECONDS = 0.5, 10.0


@contextmanager
def followed(run: Run, stream: OutputWrapper) -> Iterator[None]:
    """Tell how it goes, on one line of a terminal, or now and then in a file."""
    over, planned, terminal = threading.Event(), run.planned, stream.isatty()

    def follow() -> None:
        while not over.wait(TTY_SECONDS if terminal else PLAIN_SECONDS):
            line = progress_line(run.progress, planned, time.monotonic())
            stream.write(f"\r{line}\x1b[K" if terminal else line, ending="" if terminal else "\n")
            stream.flush()

    thread = threading.Thread(target=follow, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if terminal:
            stream.write("\r\x1b[K", ending="")


@contextmanager
def asked_to_stop(stop: threading.Event) -> Iterator[None]:
    """The first SIGINT or SIGTERM sets `stop`; the second ends the process as ever."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: object) -> None:
        stop.set()
        signal.signal(number, kept[signal.Signals(number)] or signal.SIG_DFL)

    for number in kept:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler or signal.SIG_DFL)
