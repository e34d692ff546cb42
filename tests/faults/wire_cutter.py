"""A wire to ClickHouse that breaks at the worst moment of an insert, as often as it is asked to."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from threading import Event, Lock, Thread
from urllib.parse import urlsplit, urlunsplit

CHUNK = 65_536
INSERT = re.compile(rb"INSERT(\+|%20| )INTO")


class Break(Enum):
    """What happens to an insert."""

    IN_THE_BODY = auto()
    """The connection ends behind a whole row, when about half of the rows have passed."""
    BEFORE_THE_ANSWER = auto()
    """The server has answered, and nobody hears it."""
    SILENCE = auto()
    """The server has answered, and the answer waits on the wire for as long as the wire is there."""
    LATE = auto()
    """The whole request waits on the wire until it is let through; who sent it may be gone by then."""


class WireCutter:
    """Passes bytes between its port and the server's, and breaks the next inserts."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._orders: list[Break] = []
        self._lock = Lock()
        self._over, self._through = Event(), Event()
        self.broken: list[Break] = []
        self.late_answers = 0
        """Inserts that were let through late and stored."""
        Thread(target=self._accept, daemon=True).start()

    def break_next(self, *orders: Break) -> None:
        """Break the next inserts so, one each."""
        with self._lock:
            self._orders += orders

    def let_through(self) -> None:
        """Send on what is late by now."""
        through, self._through = self._through, Event()
        through.set()

    def close(self) -> None:
        """Give up the port."""
        self._over.set()
        self._through.set()
        self._listener.close()

    def _next(self) -> Break | None:
        with self._lock:
            return self._orders.pop(0) if self._orders else None

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._server) as server:
            fate: list[Break] = []
            back = Thread(target=self._answers, args=(server, client, fate), daemon=True)
            back.start()
            self._requests(client, server, fate)
            for each in (client, server):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            back.join()

    def _requests(self, client: socket.socket, server: socket.socket, fate: list[Break]) -> None:
        with suppress(OSError):
            while data := client.recv(CHUNK):
                if not fate and INSERT.search(data) and (order := self._next()):
                    fate.append(order)
                    if order is Break.IN_THE_BODY:
                        server.sendall(_half(*_whole(client, data)))
                        self.broken.append(order)
                        return
                    if order is Break.LATE:
                        through = self._through
                        data, _ = _whole(client, data)
                        self.broken.append(order)
                        through.wait()
                server.sendall(data)

    def _answers(self, server: socket.socket, client: socket.socket, fate: list[Break]) -> None:
        with suppress(OSError):
            while data := server.recv(CHUNK):
                if fate and fate[0] is not Break.LATE:
                    self.broken.append(fate[0])
                    if fate[0] is Break.SILENCE:
                        self._over.wait()
                    break
                self.late_answers += data.count(b"HTTP/1.1 200") if fate else 0
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


def _whole(client: socket.socket, data: bytes) -> tuple[bytes, int]:
    """The whole request, and where its body begins."""
    while b"\r\n\r\n" not in data:
        data += client.recv(CHUNK)
    length = re.search(rb"content-length: (\d+)", data, re.IGNORECASE)
    assert length, data[:500]
    begin = data.index(b"\r\n\r\n") + 4
    while len(data) < begin + int(length[1]):
        data += client.recv(CHUNK)
    return data, begin


def _half(request: bytes, begin: int) -> bytes:
    """Up to the end of a row in the middle."""
    return request[: request.rindex(b"\n", begin, (begin + len(request)) // 2) + 1]


@contextmanager
def wire_to(url: str) -> Iterator[tuple[WireCutter, str]]:
    """A wire to the server of this address, and its own address."""
    parts = urlsplit(url)
    wire = WireCutter(parts.hostname or "", parts.port or 0)
    try:
        yield (
            wire,
            urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{wire.port}")),
        )
    finally:
        wire.close()
