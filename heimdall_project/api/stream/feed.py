"""Where events come from."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple, Protocol

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from ...errors import TransientError
from ...observability.logging import get_logger
from .events import Event

log = get_logger(__name__)
AWAY = (OperationalError, InterfaceError, TransientError)
_LONGEST_WAIT = 10.0
_AWAY_TEXT = "A dependency is down; news follow when it is back."


class Source(Protocol):
    """Something that tells events in order."""

    def after(self, last_id: str | None) -> AsyncGenerator[Event, None]:
        """Events behind `last_id` (all that are kept, without one). Ends when nothing more will ever come."""
        ...


class Fetched(NamedTuple):
    """What one look brought."""

    events: Sequence[Event]
    over: bool = False
    """Nothing more will ever come."""
    more: bool = False
    """There is more already: look again at once."""


class Feed:
    """A source that looks for news every `STREAM_POLL` seconds, in a thread.

    While it waits it holds neither a thread nor a database connection.
    """

    def fetch(self, last_id: str | None) -> Fetched:
        """News behind `last_id`, in order and bounded. Synchronous; may use the ORM."""
        raise NotImplementedError

    async def after(self, last_id: str | None) -> AsyncGenerator[Event, None]:
        """Look, tell, wait. A database that is away is told as `trouble`, its return as `recovered`."""
        failures = 0
        while True:
            try:
                events, over, more = await in_thread(self.fetch, last_id)
            except AWAY as error:
                failures += 1
                wait = min(_LONGEST_WAIT, settings.STREAM_POLL * 2**failures)
                if failures == 1:
                    kind = type(error).__name__
                    log.warning("A feed cannot be read", action="feed_unavailable", error=kind)
                    yield Event(None, "trouble", {"detail": _AWAY_TEXT})
                await asyncio.sleep(wait)
                continue
            if failures:
                failures = 0
                yield Event(None, "recovered", {})
            for event in events:
                yield event
                last_id = event.id or last_id
            if over:
                return
            await asyncio.sleep(0 if more else settings.STREAM_POLL)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=settings.STREAM_THREADS, thread_name_prefix="stream")


async def in_thread[**P, T](work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run synchronous code in one of a few threads, each of which keeps at most one database connection."""

    def run() -> T:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(run, thread_sensitive=False, executor=_pool())()
