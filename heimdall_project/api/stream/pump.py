"""From a source to one client: events as they come, heartbeats in between, an end when either side ends."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Protocol

from django.conf import settings

from ...observability import metrics
from .events import HEARTBEAT, Event, frame, retry

FIRST_WAIT = 1.0
"""Seconds the answer's head waits for the first event, so that a source that is over can answer 204."""
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
_END = Event(None, "end", {})


class Slots:
    """How many streams are open in this process."""

    def __init__(self) -> None:
        self.open = 0

    @property
    def free(self) -> bool:
        """Whether one more may open."""
        return self.open < settings.STREAM_MAX_CLIENTS

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a slot."""
        self.open += 1
        metrics.STREAM_CLIENTS.set(self.open)
        try:
            yield
        finally:
            self.open -= 1
            metrics.STREAM_CLIENTS.set(self.open)


class Outlet(Protocol):
    """Where the bytes go."""

    async def start(self, status: int, headers: dict[str, str]) -> None:
        """Status and headers."""

    async def chunk(self, body: bytes) -> None:
        """A piece of the body."""

    async def end(self) -> None:
        """The end of the body."""

    async def whole(self, status: int, body: bytes) -> None:
        """A complete answer."""


class Pump:
    """One open stream."""

    def __init__(
        self,
        name: str,
        outlet: Outlet,
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        stopping: asyncio.Event,
    ) -> None:
        self._outlet, self._receive, self._stopping = outlet, receive, stopping
        self._events = metrics.STREAM_EVENTS.labels(name)
        self._until = time.monotonic() + settings.STREAM_MAX_AGE
        self._started = False

    async def run(self, source: AsyncGenerator[Event, None]) -> None:
        """Pump until the source ends, the client goes, the door closes, or the stream is too old."""
        over = [asyncio.ensure_future(self._gone()), asyncio.ensure_future(self._stopping.wait())]
        upcoming = asyncio.ensure_future(anext(source))
        try:
            while not any(end.done() for end in over) and time.monotonic() < self._until:
                wait = settings.STREAM_HEARTBEAT if self._started else FIRST_WAIT
                await asyncio.wait([upcoming, *over], timeout=wait, return_when=asyncio.FIRST_COMPLETED)
                if not upcoming.done():
                    await self._beat()
                    continue
                try:
                    event = upcoming.result()
                except StopAsyncIteration:
                    await self._close_for_good()
                    return
                await self._write(frame(event))
                self._events.inc()
                upcoming = asyncio.ensure_future(anext(source))
            if self._started and not over[0].done():
                await self._outlet.end()
        finally:
            await _cancelled(upcoming, *over)
            await source.aclose()

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _beat(self) -> None:
        await (self._write(HEARTBEAT) if self._started else self._start())

    async def _start(self) -> None:
        self._started = True
        await self._outlet.start(200, _HEADERS)
        await self._outlet.chunk(retry(settings.STREAM_RETRY))

    async def _write(self, body: bytes) -> None:
        if not self._started:
            await self._start()
        await self._outlet.chunk(body)

    async def _close_for_good(self) -> None:
        """`end` tells a client to close; one that comes back all the same gets 204: come no more."""
        if not self._started:
            await self._outlet.whole(204, b"")
            return
        await self._outlet.chunk(frame(_END))
        await self._outlet.end()


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
