"""Clients that stay connected and send one request after the other: one process, many sockets, prepared
bytes.

In Python, since it must run anywhere; what it costs is measured and printed beside the servers.
"""

import random
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import msgspec

CONTENTS = 2_000
DISTINCT = 100
"""Bodies that take turns, so that nobody compresses or batches one and the same."""
_TYPES = ("view",) * 8 + ("like", "dwell")


def event(draw: random.Random) -> dict[str, object]:
    """A page view of about 200 bytes."""
    kind = draw.choice(_TYPES)
    made: dict[str, object] = {
        "event_id": str(uuid4()),
        "content_id": f"article-{draw.randrange(CONTENTS)}",
        "user_id": f"u-{draw.randrange(100_000)}",
        "event_type": kind,
        "occurred_at": f"2026-11-21T09:{draw.randrange(60):02}:{draw.randrange(60):02}.318Z",
        "props": {"referrer": draw.choice(("home", "search", "mail"))},
    }
    return made | ({"dwell_ms": draw.randrange(100_000)} if kind == "dwell" else {})


def bodies(events: int, *, seed: int = 7) -> list[bytes]:
    """Bodies of so many events each; a single event stands for itself, several in an array."""
    draw = random.Random(seed)
    made = [[event(draw) for _ in range(events)] for _ in range(DISTINCT)]
    return [msgspec.json.encode(each if events > 1 else each[0]) for each in made]


def requests(port: int, path: str, sent: Sequence[bytes], headers: str = "") -> list[bytes]:
    """Whole HTTP requests."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{headers}"
    return [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in sent]


@dataclass
class Load:
    """What came of it."""

    seconds: float = 0.0
    answered: int = 0
    failed: int = 0
    waits: list[float] = field(default_factory=list)
    sample: bytes = b""
    """An answer that was not expected, else the last one."""

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.waits)
        return 1000 * ordered[int(share * (len(ordered) - 1))] if ordered else 0.0


class _Client:
    def __init__(self, port: int, place: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.next, self.begun = place, 0.0
        self.buffer = bytearray()

    def send(self, prepared: Sequence[bytes]) -> None:
        self.begun = time.perf_counter()
        self.socket.sendall(prepared[self.next % len(prepared)])
        self.next += 1

    def whole(self) -> bytes | None:
        """The answer, once it is all here."""
        self.buffer += self.socket.recv(1 << 18)
        head, found, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        if not found:
            return None
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not (len(rest) >= int(length) if length else rest.endswith(b"0\r\n\r\n")):  # else in chunks
            return None
        self.buffer.clear()
        return head + found + rest


def load(port: int, prepared: Sequence[bytes], *, clients: int, seconds: float) -> Load:
    """Each client sends its next request when it has its answer; those under way at the end are awaited."""
    told, poll = Load(), selectors.DefaultSelector()
    crowd = [_Client(port, n * len(prepared) // clients) for n in range(clients)]
    for client in crowd:
        poll.register(client.socket, selectors.EVENT_READ, client)
    begun = time.perf_counter()
    for client in crowd:
        client.send(prepared)
    busy = clients
    while busy:
        for key, _ in poll.select(30):
            client = key.data
            if (answer := client.whole()) is None:
                continue
            now = time.perf_counter()
            told.waits.append(now - client.begun)
            if answer[9:12] in (b"200", b"202"):
                told.answered += 1
            else:
                told.failed, told.sample = told.failed + 1, answer
            if now - begun < seconds:
                client.send(prepared)
            else:
                busy -= 1
    told.seconds = time.perf_counter() - begun
    for client in crowd:
        client.socket.close()
    return told


if __name__ == "__main__":  # python -m benchmarks.http_load PORT PATH EVENTS CLIENTS SECONDS [HEADER]
    _port, _path, _events, _clients, _seconds, *_headers = sys.argv[1:]
    _prepared = requests(int(_port), _path, bodies(int(_events)), "".join(f"{h}\r\n" for h in _headers))
    _told = load(int(_port), _prepared, clients=int(_clients), seconds=float(_seconds))
    _facts = (_told.seconds, _told.answered, _told.failed, _told.percentile(0.5), _told.percentile(0.99))
    print(*_facts, time.process_time(), _told.sample[:300] if _told.failed else "")
