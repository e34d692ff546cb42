"""The server: a thread a request, a script of behaviours, and a memory of what was asked."""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from .answers import SAID

CONTEXT = {"error": {"message": "This model's maximum context length is 4096 tokens", "code": 400}}
FAULTS: dict[str, tuple[int, Any]] = {
    "401": (401, {"error": {"message": "Incorrect API key provided: sk-told", "code": "invalid_api_key"}}),
    "403": (403, {"error": {"message": "forbidden"}}),
    "404": (404, {"error": {"message": "model 'x' not found", "type": "not_found_error"}}),
    "400": (400, {"error": {"message": "bad temperature for <you>", "code": "invalid_value"}}),
    "context": (400, CONTEXT),
    "500": (500, {"error": "internal"}),
    "503": (503, {}),
}


@dataclass
class Asked:
    """One request as it came."""

    path: str
    authorization: str
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def text(self) -> str:
        """All messages together."""
        return "\n".join(message["content"] for message in self.body["messages"])


@dataclass
class ModelEndpoint:
    """`script` says what becomes of the next requests, `otherwise` what of all others.

    Behaviours: the names in `SAID` and `FAULTS`; `429:N` (Retry-After in seconds), `429:date:N` (as a date);
    `length` (ended at the limit of tokens); `no_usage`; `slow:N`; `hang` (until `release`); `trickle` and
    `trickle_head` (a byte now and then); `cut` and `cut_stream`; `garbage` (no HTTP); `not_json`; `huge`;
    `gzip`; `echo` (refuses, and repeats the key); `redirect:URL`; `drop` (closes without a word).
    """

    otherwise: str = "well"
    script: deque[str] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    port: int = 0
    release: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """What MODEL_URL should be."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, at the same port as before if there was one."""
        endpoint = self

        class Handler(_Handler):
            behaves = endpoint

        self.release.clear()
        self._server = _Server(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_address[1]
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on."""
        if self._server:
            self.release.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def forget(self) -> None:
        """Behave well again, as if nothing had been asked; who hangs is let go."""
        self.release.set()
        self.release = Event()
        self.script.clear()
        self.asked.clear()
        self.otherwise, self.most_at_once = "well", 0

    def will(self, *behaviours: str) -> None:
        """What becomes of the next requests."""
        self.script.extend(behaviours)

    def begin(self, asked: Asked) -> str:
        """A request came; answers what to do."""
        with self._lock:
            self.asked.append(asked)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            return self.script.popleft() if self.script else self.otherwise

    def end(self) -> None:
        """It is through."""
        with self._lock:
            self.at_once -= 1


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaves: ModelEndpoint

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked = Asked(self.path, self.headers.get("Authorization", ""), body, dict(self.headers.items()))
        what = self.behaves.begin(self.asked)
        try:
            self._behave(what)
        except OSError:
            self.close_connection = True  # the client has gone
        finally:
            self.behaves.end()

    def _behave(self, what: str) -> None:
        name, _, more = what.partition(":")
        if name == "echo":
            self._send(
                400, json.dumps({"error": {"message": f"you sent {self.asked.authorization}"}}).encode()
            )
        elif name in FAULTS:
            status, said = FAULTS[name]
            self._send(status, json.dumps(said).encode())
        elif name in SAID:
            self._send(200, self._completion(SAID[name](self.asked.text)))
        else:
            getattr(self, f"_{name if not name.isdigit() else f'x{name}'}")(more)

    def _completion(self, content: str, finish: str = "stop", usage: bool = True) -> bytes:
        counted = {"prompt_tokens": len(self.asked.text) // 4, "completion_tokens": len(content) // 4}
        body = {
            "id": "1",
            "object": "chat.completion",
            "model": self.asked.body["model"],
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}
            ],
        }
        return json.dumps(body | ({"usage": counted} if usage else {})).encode()

    def _well(self) -> bytes:
        return self._completion(SAID["well"](self.asked.text))

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # --- behaviours ---------------------------------------------------------------------------------------

    def _x429(self, more: str) -> None:
        kind, _, seconds = more.rpartition(":")
        wait = formatdate(time.time() + float(seconds), usegmt=True) if kind == "date" else seconds
        self._send(429, b"{}", Retry_After=wait)

    def _length(self, more: str) -> None:
        self._send(200, self._completion(SAID["broken_json"](self.asked.text), finish="length"))

    def _no_usage(self, more: str) -> None:
        self._send(200, self._completion(SAID["well"](self.asked.text), usage=False))

    def _slow(self, more: str) -> None:
        self.behaves.release.wait(float(more))
        self._send(200, self._well())

    def _hang(self, more: str) -> None:
        self.behaves.release.wait()
        self._send(200, self._well())

    def _trickle(self, more: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        self._drip(b" ")

    def _trickle_head(self, more: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Patience: ")
        self._drip(b"x")

    def _drip(self, byte: bytes) -> None:
        while not self.behaves.release.wait(0.05):
            self.wfile.write(byte)

    def _cut(self, more: str) -> None:
        body = self._well()
        self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:-50])
        self.close_connection = True

    def _cut_stream(self, more: str) -> None:
        body = self._well()[:-50]
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.wfile.write(head + f"{len(body):x}\r\n".encode() + body + b"\r\n")
        self.close_connection = True

    def _garbage(self, more: str) -> None:
        self.wfile.write(b"\x00\x01 SSH-2.0 what do you want\r\n\r\n")
        self.close_connection = True

    def _drop(self, more: str) -> None:
        self.close_connection = True

    def _not_json(self, more: str) -> None:
        self._send(200, b"<html>a proxy speaks</html>")

    def _huge(self, more: str) -> None:
        self._send(200, b" " * 3_000_000)

    def _gzip(self, more: str) -> None:
        self._send(200, b"\x1f\x8b not asked for", Content_Encoding="gzip")

    def _redirect(self, more: str) -> None:
        self._send(307, b"", Location=more)
