"""The ASGI application that serves event streams, and nothing else."""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest

from ...observability import metrics
from ...observability.exposition import exposition
from ...observability.logging import bound, get_logger
from ...observability.tracing import Entered
from ..problems import CONTENT_TYPE, Problem, encode, problem_for_status, problem_of
from ..request_id import HEADER, TRACE_HEADER, accepted, remote_address, request_trace
from .entry import admit, cors_headers
from .feed import in_thread
from .pump import Pump, Slots
from .routes import PREFIX, offered
from .stopping import signals_heard

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
log = get_logger(__name__)
CLIENT_CLOSED = 499
"""What the access log says of a client that went before it was answered."""
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Authorization, Last-Event-ID, X-Request-Id",
    "Access-Control-Max-Age": "600",
}


class StreamDoor:
    """Routes, admits, and hands over to a `Pump`."""

    def __init__(self) -> None:
        self.slots = Slots()
        self.stopping = asyncio.Event()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            # A task of its own, so that what it binds to the log context stays its own.
            await asyncio.create_task(self._http(scope, receive, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1003})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        with signals_heard(self.stopping):
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
        self.stopping.set()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        request = ASGIRequest(scope, io.BytesIO())
        identity, begun = accepted(request.headers.get(HEADER)), time.perf_counter()
        forwarded = request.headers.get("X-Forwarded-For", "")
        address = remote_address(forwarded, request.META.get("REMOTE_ADDR", ""))
        trace = request_trace(request, identity)
        with bound(request_id=identity, remote_address=address, trace_id=trace.trace_id), Entered(trace):
            answer = Answer(send, request.path, {HEADER: identity, TRACE_HEADER: trace.trace_id})
            try:
                await self._serve(request, receive, answer)
            except ClientGone:
                answer.status = answer.status or CLIENT_CLOSED
            except Exception as error:  # boundary: nothing but a problem may leave an API path
                await self._failed(error, answer)
            duration = round((time.perf_counter() - begun) * 1000, 1)
            trace.note(**{"http.response.status_code": answer.status})
            self._account(request, answer, duration)

    def _account(self, request: ASGIRequest, answer: "Answer", duration: float) -> None:
        sentence = f"{request.method} {request.path} answered {answer.status}"
        write = log.info if request.path.startswith(PREFIX) else log.debug
        write(sentence, action="http_request", path=request.path, status=answer.status, duration_ms=duration)

    async def _serve(self, request: ASGIRequest, receive: Receive, answer: "Answer") -> None:
        answer.headers |= cors_headers(request)
        if request.method == "OPTIONS":
            await answer.whole(204, b"", headers=_PREFLIGHT)
        elif request.method not in {"GET", "HEAD"}:
            await answer.problem(problem_for_status(405, headers={"Allow": "GET"}))
        elif request.path == PREFIX:
            await answer.whole(200, msgspec.json.encode({"streams": offered()}), "application/json")
        elif request.path == "/livez":
            await answer.whole(200, b'{"status": "ok"}', "application/json")
        elif request.path == "/metrics":
            await answer.whole(200, *await in_thread(exposition))
        elif not request.path.startswith(PREFIX):
            await answer.problem(problem_for_status(421, "Only event streams, below /stream/."))
        elif not self.slots.free:
            metrics.STREAM_REFUSED.inc()
            wait = {"Retry-After": str(round(settings.STREAM_RETRY) or 1)}
            await answer.problem(problem_for_status(503, "Too many event streams are open.", headers=wait))
        else:
            with self.slots.taken():
                await self._stream(request, receive, answer)

    async def _stream(self, request: ASGIRequest, receive: Receive, answer: "Answer") -> None:
        name, user, source = await in_thread(admit, request)
        last_id = request.headers.get("Last-Event-ID") or request.GET.get("last_event_id") or None
        log.info(
            "A stream was opened", action="stream_opened", stream=name, user=user.username, last_id=last_id
        )
        await Pump(name, answer, receive, self.stopping).run(source.after(last_id))

    async def _failed(self, error: Exception, answer: "Answer") -> None:
        problem = problem_of(error)
        if problem is None or problem.status >= 500:
            log.error("A stream failed", action="stream_failed", exc_info=error)
        if not answer.status:
            detail = f"{type(error).__name__}: {error}" if settings.DEBUG else ""
            await answer.problem(problem or problem_for_status(500, detail))
        elif not answer.complete:
            await answer.end()


class ClientGone(Exception):
    """The connection broke while we wrote, or the client reads nothing for too long."""


class Answer:
    """What is sent back over one connection. Every method raises ClientGone."""

    def __init__(self, send: Send, path: str, headers: dict[str, str]) -> None:
        self._send, self._path, self.headers = send, path, headers
        self.status = 0
        self.complete = False

    async def start(self, status: int, headers: dict[str, str]) -> None:
        """Status and headers."""
        self.status = status
        pairs = [
            (k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in (self.headers | headers).items()
        ]
        await self._write({"type": "http.response.start", "status": status, "headers": pairs})

    async def chunk(self, body: bytes) -> None:
        """A piece of the body."""
        await self._write({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self) -> None:
        """The end of the body."""
        self.complete = True
        await self._write({"type": "http.response.body", "body": b"", "more_body": False})

    async def whole(
        self, status: int, body: bytes, kind: str = "", *, headers: dict[str, str] | None = None
    ) -> None:
        """A complete answer."""
        described = {"Content-Type": kind} if kind else {}
        await self.start(status, described | {"Content-Length": str(len(body))} | (headers or {}))
        self.complete = True
        await self._write({"type": "http.response.body", "body": body, "more_body": False})

    async def _write(self, message: Message) -> None:
        try:
            async with asyncio.timeout(settings.STREAM_SEND_TIMEOUT):
                await self._send(message)
        except (OSError, TimeoutError) as error:
            raise ClientGone from error

    async def problem(self, problem: Problem) -> None:
        """A complete answer that tells a problem."""
        metrics.PROBLEMS.labels(problem.slug).inc()
        body = encode(problem, instance=self._path, request_id=self.headers[HEADER])
        await self.whole(problem.status, body, CONTENT_TYPE, headers=dict(problem.headers))
