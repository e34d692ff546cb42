"""One event, and its bytes. https://html.spec.whatwg.org/multipage/server-sent-events.html"""

from typing import Any, NamedTuple

import msgspec

HEARTBEAT = b": still here\n\n"
"""A comment: keeps proxies from closing a silent connection, and shows us that the client went away."""


class Event(NamedTuple):
    """Something to tell a client."""

    id: str | None
    """Position in the source, given back as `Last-Event-ID`; None leaves the client's position as it is."""
    name: str
    """"" for an event that only moves the client's position: nobody hears of it."""
    data: Any
    """JSON-encodable."""


def frame(event: Event) -> bytes:
    """The event on the wire. Raises ValueError for an id or name with a line break or NUL."""
    lines = [] if event.id is None else [f"id: {_one_line(event.id)}"]
    if not event.name:
        return "\n".join([*lines, "", ""]).encode()
    lines.append(f"event: {_one_line(event.name)}")
    head = "\n".join(lines).encode()
    return head + b"\ndata: " + msgspec.json.encode(event.data) + b"\n\n"


def retry(seconds: float) -> bytes:
    """Tells the client how long to wait before it connects again."""
    return f"retry: {round(seconds * 1000)}\n\n".encode()


def _one_line(text: str) -> str:
    if {"\n", "\r", "\0"} & set(text):
        raise ValueError("an event's id and name are one line each")
    return text
