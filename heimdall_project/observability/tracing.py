"""The W3C trace context of the work in hand: taken from the caller, or begun here; passed on in headers.

https://www.w3.org/TR/trace-context/ - only `traceparent` is read, and only in its version 00 shape.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .logging import bound

_SHAPE = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_current: ContextVar[str] = ContextVar("traceparent", default="")


def continued(raw: str | None) -> str:
    """A `traceparent` of the caller's trace with a new span; of a new trace if `raw` is none."""
    match = _SHAPE.fullmatch(raw or "")
    trace, flags = (match[1], match[3]) if match else (secrets.token_hex(16), "01")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"


def trace_id(traceparent: str) -> str:
    """The trace's id, "" if there is none."""
    return match[1] if (match := _SHAPE.fullmatch(traceparent)) else ""


def current() -> str:
    """`traceparent` of the work in hand, "" outside of any."""
    return _current.get()


@contextmanager
def traced(raw: str | None) -> Iterator[str]:
    """Continue the caller's trace inside of the block, and put its id on every log line."""
    traceparent = continued(raw)
    token = _current.set(traceparent)
    try:
        with bound(trace_id=trace_id(traceparent)):
            yield traceparent
    finally:
        _current.reset(token)
