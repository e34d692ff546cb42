"""A client of the stream door that speaks ASGI to it, in one event loop."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from heimdall_project.api.stream.door import StreamDoor


class Connection:
    """One request to the door."""

    def __init__(self, door: StreamDoor, path: str, method: str = "GET", **headers: str) -> None:
        path, _, query = path.partition("?")
        self._scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": path,
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").encode(), value.encode())
                for name, value in {"host": "127.0.0.1", **headers}.items()
            ],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8001),
        }
        self._door = door
        self._gone = asyncio.Event()
        self._news = asyncio.Condition()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.finished = False
        self._asked = False
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._door(self._scope, self._receive, self._send)
        finally:
            async with self._news:
                self.finished = True
                self._news.notify_all()

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        async with self._news:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                self.body += message.get("body", b"")
            self._news.notify_all()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something holds, or the answer is complete."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: condition() or self.finished)
        assert condition(), f"ended before: {self.status} {self.body!r}"

    async def answer(self) -> "Connection":
        """Wait for the whole answer."""
        await self.until(lambda: self.finished)
        await self._task
        return self

    async def leave(self) -> None:
        """Close the connection, and wait until the door noticed."""
        self._gone.set()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(self._task, 10)


def in_loop(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario to its end."""
    asyncio.run(scenario())
