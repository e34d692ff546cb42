"""The HTTP side: one thread a connection, requests one after the other."""

import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from typing import BinaryIO

from . import answers, bodies, statement
from .engine import Counts, Engine, Session, is_streamed
from .failures import TOO_MANY_SIMULTANEOUS_QUERIES, ServerError, refusal
from .profile import Profile, ProfileFile
from .request import Request, form, read

MAX_TARGET = 1024 * 1024
"""Bytes of a request line, as `http_max_uri_size`."""

MAX_STATEMENTS = 100
_SILENCE = 30
_LINGER, _LINGER_SILENCE = 30, 5  # seconds, as nginx's defaults
_LINGER_PIECE = 256 * 1024


class Server(ThreadingHTTPServer):
    """Listens on one port; knows the engine and how much it does at the moment."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], engine: Engine, profile: ProfileFile) -> None:
        self.engine = engine
        self.profile = profile
        self._slots = threading.BoundedSemaphore(MAX_STATEMENTS)
        super().__init__(address, Handler)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Room for one statement, or the refusal that a server gives."""
        if not self._slots.acquire(blocking=False):
            raise refusal(
                TOO_MANY_SIMULTANEOUS_QUERIES, f"Too many simultaneous queries. Maximum: {MAX_STATEMENTS}."
            )
        try:
            yield
        finally:
            self._slots.release()

    def wait_idle(self, seconds: float) -> None:
        """Take every slot: no statement runs any more, and none will."""
        until = time.monotonic() + seconds
        for _ in range(MAX_STATEMENTS):
            self._slots.acquire(timeout=max(0.0, until - time.monotonic()))

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error of ours."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError, bodies.BrokenBody)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    """What one connection asks."""

    protocol_version = "HTTP/1.1"
    timeout = _SILENCE
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: Server

    def do_GET(self) -> None:
        """Read-only, as for a server."""
        self._answer(read_only=True)

    def do_HEAD(self) -> None:
        """As GET, without the body."""
        self._answer(read_only=True)

    def do_POST(self) -> None:
        """A statement, or the data of the INSERT in the query string."""
        self._answer(read_only=False)

    def _answer(self, *, read_only: bool) -> None:
        self._query_id = str(uuid.uuid4())
        self._unread = self.command == "POST"
        try:
            request = read(self.path, self.headers)
            self._query_id = request.query_id or self._query_id
            if request.path != "/":
                self._answer_path(request.path)
                return
            profile = self.server.profile.current()
            profile.admit(request.user, request.password)
            with self.server.slot(), bodies.in_memory_file() as file:
                request = self._receive(request, file)
                self._unread = False
                if read_only and not request.query:
                    self._send(200, b"Ok.\n")
                    return
                with self.server.engine.session() as session:
                    self._prepare(session, request, profile, read_only=read_only)
                    self._execute(session, request, file)
        except ServerError as error:
            self._refuse(error)

    def _answer_path(self, path: str) -> None:
        if path in ("/ping", "/replicas_status"):
            self._send(200, b"Ok.\n")
        else:
            self._send(404, f"There is no handle {path}\n\nUse / or /ping for health checks.\n".encode())

    def _receive(self, request: Request, file: BinaryIO) -> Request:
        """Write the body to `file`, decoded; a form becomes part of the request instead."""
        for piece in bodies.decoded(
            self._raw_body(), self.headers.get("Content-Encoding", "").strip().lower()
        ):
            bodies.write_all(file, piece)
        if self.headers.get_content_type() != "multipart/form-data":
            return request
        file.seek(0)
        fields = form(self.headers["Content-Type"], file.read())
        file.seek(0)
        file.truncate()
        return request.with_form(fields)

    def _raw_body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").strip().lower() == "chunked":
            return bodies.pieces_of_chunks(self.rfile)
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            raise bodies.BrokenBody("Content-Length is not a number")
        return bodies.pieces_of_length(self.rfile, int(length))

    def _prepare(self, session: Session, request: Request, profile: Profile, *, read_only: bool) -> None:
        if request.database or profile.database:
            session.use(request.database or profile.database)
        session.set(profile.settings)
        session.set(request.settings)
        if (
            read_only
            and not int(profile.settings.get("readonly", "0"))
            and "readonly" not in request.settings
        ):
            session.set({"readonly": "2"})

    def _execute(self, session: Session, request: Request, file: BinaryIO) -> None:
        size = file.tell()
        text = request.query + b"\n" if request.query else b""
        file.seek(0)
        begin = text + file.read(max(0, statement.MAX_HEAD - len(text)))
        found = statement.read(begin)
        if isinstance(found, statement.Insert):
            data = bodies.leave_data(file, text, found.data_at)
            _, counts = session.insert(found.before, found.after, data, request.parameters)
            self._send_result(b"", counts, None, request)
            return
        file.seek(0)
        sql = text + file.read(size)
        answer_format = found.format or request.answer_format
        if is_streamed(answer_format) and not request.waits_for_end and _is_query(sql):
            self._stream(session, sql, answer_format, request)
        else:
            answer, counts = session.run(sql, answer_format, request.parameters)
            self._send_result(answer, counts, answer_format if answer or _is_query(sql) else None, request)

    def _stream(self, session: Session, sql: bytes, answer_format: str, request: Request) -> None:
        pieces = session.stream(sql, answer_format, request.parameters)
        first = next(pieces, b"")
        tag = token_hex(8)
        encoding = answers.chosen_encoding(self.headers.get("Accept-Encoding", ""), request.settings)
        headers = {"X-ClickHouse-Format": answer_format, "X-ClickHouse-Exception-Tag": tag}
        self._head(200, {**headers, **_named("Content-Encoding", encoding), "Transfer-Encoding": "chunked"})
        if self.command != "HEAD":
            answers.write_chunks(self.wfile, answers.encoded(self._until_error(first, pieces, tag), encoding))

    def _until_error(self, first: bytes, pieces: Iterator[bytes], tag: str) -> Iterator[bytes]:
        try:
            yield first
            yield from pieces
        except ServerError as error:
            self.close_connection = True
            yield answers.late_exception(error, tag)

    def _send_result(
        self, answer: bytes, counts: Counts, answer_format: str | None, request: Request
    ) -> None:
        encoding = answers.chosen_encoding(self.headers.get("Accept-Encoding", ""), request.settings)
        body = b"".join(answers.encoded([answer], encoding)) if answer else b""
        headers = {"X-ClickHouse-Summary": answers.summary(counts)}
        headers |= _named("X-ClickHouse-Format", answer_format or "") | _named(
            "Content-Encoding", encoding if body else ""
        )
        self._send(200, body, headers)

    def _refuse(self, error: ServerError) -> None:
        if self._unread:  # what the client still sends would be taken for its next request
            self.close_connection = True
        version = f" (version {self.server.engine.version})"
        text = error.text if error.text.endswith(version) else error.text + version
        self._send(error.status, text.encode() + b"\n", {"X-ClickHouse-Exception-Code": str(error.code)})
        if self._unread:
            self._drain()

    def _drain(self) -> None:
        """Let a client that is still sending read our answer: closing at once would reset its connection."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_LINGER_SILENCE)
        until, left = time.monotonic() + _LINGER, bodies.MAX_BODY
        while left > 0 and time.monotonic() < until and (piece := self.rfile.read1(_LINGER_PIECE)):
            left -= len(piece)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._head(status, {**(headers or {}), "Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        always = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-ClickHouse-Server-Display-Name": "heimdall-local",
            "X-ClickHouse-Query-Id": self._query_id,
            "X-ClickHouse-Timezone": self.server.engine.timezone,
            "Connection": "Close" if self.close_connection else "Keep-Alive",
        }
        for name, value in {**always, **headers}.items():
            self.send_header(name, "".join(value.splitlines()))
        self.end_headers()

    def handle_one_request(self) -> None:
        """As inherited, with request lines as long as a server takes."""
        self.raw_requestline = self.rfile.readline(MAX_TARGET + 1)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if len(self.raw_requestline) > MAX_TARGET:
            self.requestline = self.request_version = self.command = ""
            self.send_error(414)
            return
        if not self.parse_request():
            return
        method = getattr(self, f"do_{self.command}", None)
        if method is None:
            self.send_error(501, f"Unsupported method ({self.command!r})")
            return
        method()
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Only what fails is worth a line."""
        if int(code) >= 400:
            sys.stderr.write(f"{self.command} {code}\n")


def _named(name: str, value: str) -> dict[str, str]:
    return {name: value} if value else {}


def _is_query(sql: bytes) -> bool:
    """Only these have a result that can be streamed."""
    words = sql.lstrip(b" \t\r\n(").split(None, 1)
    return bool(words) and words[0].upper() in (b"SELECT", b"WITH", b"FROM")
