"""Open streams end when the server is asked to stop, not when it is done waiting for them.

Servers wait for open connections before they tell the application to shut down, and a stream stays open
for as long as its client likes. So the door listens to the signals itself, beside the server.
"""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def signals_heard(stopping: asyncio.Event) -> Iterator[None]:
    """Inside of the block SIGTERM and SIGINT set `stopping`, and the server's own handlers run as before.

    A handler that the server gave to the event loop is woken by a file descriptor and is not touched by
    this; one that it gave to Python is called from here.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def heard(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stopping.set)
        if callable(server := before[signal.Signals(number)]):
            server(number, frame)

    for number in _SIGNALS:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
