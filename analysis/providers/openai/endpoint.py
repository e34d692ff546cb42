"""One POST to the endpoint: bounded in time and size, without redirects, with a key that is never shown.

The client is asynchronous and lives in a thread of its own, because only so a call has one deadline for all
of it: names, connection, handshake, and a server that sends a byte now and then. It also lets a call be
broken off when nobody waits for its answer any more, so that the endpoint stops generating.
"""

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx2
from django.core.exceptions import ImproperlyConfigured

from ...analyzer import Wanted
from .faults import Away, TimedOut, Unusable

MOST_BYTES = 1_048_576
"""Largest body that is read."""
SAID_BYTES = 65_536
"""As much of what comes with a failure."""
CONNECT = 5.0
LOOK = 0.2
"""Seconds between two looks at whether the answer is still wanted."""
_KEY = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A response, whole. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the endpoint is, and how we are let in."""

    url: str
    """Up to the version: `https://host/v1`."""
    key: str = field(default="", repr=False)
    timeout: float = 30.0
    """Seconds for a whole call."""

    def __post_init__(self) -> None:
        if flaw := self.flaw(self.url):
            raise ImproperlyConfigured(f"MODEL_URL {flaw}")
        if not _KEY.fullmatch(self.key):
            raise ImproperlyConfigured("MODEL_API_KEY holds characters that no header can carry.")

    @staticmethod
    def flaw(url: str) -> str:
        """What is wrong with a URL; "" if nothing is. Never says the URL itself: it may hold a password."""
        try:
            parts = urlsplit(url)
            httpx2.URL(url)
        except (ValueError, httpx2.InvalidURL):
            return "is no URL."
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return "must begin with http:// or https:// and name a host."
        if parts.username is not None or parts.query or parts.fragment:
            return "must not hold a user, a query or a fragment: the key belongs into MODEL_API_KEY."
        return ""


class Endpoint:
    """A client of one endpoint, shared by the threads of a worker. A context manager: it owns a thread."""

    def __init__(self, address: Address, *, connections: int) -> None:
        self._timeout = address.timeout
        self._key = address.key.encode()
        self._url = f"{address.url.rstrip('/')}/chat/completions"
        self._headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "accept-encoding": "identity",  # a body cannot grow while it is unpacked
            "user-agent": "heimdall",
        } | ({"authorization": f"Bearer {address.key}"} if address.key else {})
        self._connections = connections
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._client: httpx2.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"Endpoint({urlsplit(self._url).hostname})"

    def __enter__(self) -> Self:
        with self._lock:
            self._loop = asyncio.new_event_loop()
            self._client = self._built()
            self._thread = Thread(target=self._loop.run_forever, name="model-endpoint", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            loop, thread, client = self._loop, self._thread, self._client
            self._loop = self._thread = self._client = None
        if loop is None or thread is None or client is None:
            return
        try:
            asyncio.run_coroutine_threadsafe(_ended(client), loop).result(2 * CONNECT)
        except TimeoutError:
            return  # a connection that cannot be closed ends with the process; so does the daemon thread
        loop.call_soon_threadsafe(loop.stop)
        thread.join(CONNECT)
        if not thread.is_alive():
            loop.close()

    def post(self, body: bytes, wanted: Wanted, headers: Mapping[str, str] | None = None) -> Reply:
        """Send one request and read the whole response. May be called from any thread.

        Raises Away, TimedOut, Unusable (the body was cut off, or is too large), and what `wanted` raises.
        """
        with self._lock:
            if self._loop is None or self._client is None:
                raise RuntimeError("the endpoint is not open")
            call = asyncio.run_coroutine_threadsafe(
                self._post(self._client, body, self._headers | dict(headers or {})), self._loop
            )
        try:
            while True:
                try:
                    return call.result(LOOK)
                except TimeoutError:
                    wanted()
                except CancelledError:
                    raise Away("the client was closed") from None
        finally:
            call.cancel()

    def _built(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            timeout=httpx2.Timeout(None, connect=min(CONNECT, self._timeout / 2)),
            limits=httpx2.Limits(
                max_connections=self._connections, max_keepalive_connections=self._connections
            ),
            follow_redirects=False,
            trust_env=False,  # a proxy of the environment would get to see the log
        )

    async def _said(self, response: httpx2.Response) -> bytes:
        """What comes with a failure, as far as it comes: the status says enough. Some repeat the key."""
        body = bytearray()
        with suppress(httpx2.TransportError):
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > SAID_BYTES:
                    break
        return bytes(body).replace(self._key, b"***") if self._key else bytes(body)

    async def _post(self, client: httpx2.AsyncClient, body: bytes, headers: dict[str, str]) -> Reply:
        reached = False
        try:
            async with (
                asyncio.timeout(self._timeout),
                client.stream("POST", self._url, content=body, headers=headers) as response,
            ):
                reached = True
                body = await (_read(response) if response.status_code == 200 else self._said(response))
                return Reply(status=response.status_code, headers=dict(response.headers), body=body)
        except httpx2.TransportError as error:
            # Only the kind is told: texts of this library can hold the headers of the request.
            kind = type(error).__name__
            if reached:
                raise Unusable("cut_off", "it was cut off on its way") from None
            raise Away(f"no connection ({kind})", setting="MODEL_URL") from None
        except TimeoutError:
            raise TimedOut(f"no whole answer within {self._timeout:g} s") from None


async def _read(response: httpx2.Response) -> bytes:
    """The body of an answer."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Unusable("cut_off", "it is packed in a way that was not asked for")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Unusable("too_long", f"it is longer than {MOST_BYTES} bytes")
    return bytes(body)


async def _ended(client: httpx2.AsyncClient) -> None:
    """Break off what is under way and close the connections."""
    calls = asyncio.all_tasks() - {asyncio.current_task()}
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await client.aclose()
