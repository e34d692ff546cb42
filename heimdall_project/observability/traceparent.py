"""The headers of the W3C trace context, as texts. Pure.

https://www.w3.org/TR/trace-context/ - `traceparent` is read in the shape of version 00, of later versions as
far as they begin like it; `tracestate` is passed on as it came, if it is sane.
"""

import re
from random import getrandbits

_SHAPE = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_STATE = re.compile(r"[\x20-\x7e]{1,512}")


def parsed(raw: str | None) -> str:
    """A `traceparent` in the shape of version 00, with no flag but the sampled one; "" if it is none."""
    if not raw or len(raw) > 256 or (match := _SHAPE.fullmatch(raw)) is None:
        return ""
    version, trace, parent, flags, more = match.groups()
    if version == "00" and more:
        return ""
    return f"00-{trace}-{parent}-0{int(flags, 16) & 1}"


def trace_id(traceparent: str | None) -> str:
    """The trace's id, "" if there is none."""
    return parsed(traceparent)[3:35]


def sane_state(raw: str | None) -> str:
    """A `tracestate` that may be passed on, "" if there is none: printable, of 512 characters at most."""
    return raw if raw and _STATE.fullmatch(raw) else ""


def continued(raw: str | None) -> str:
    """A `traceparent` of the caller's trace; of a new trace if `raw` is none. Records nothing."""
    return parsed(raw) or unrecorded(f"{getrandbits(128) or 1:032x}")


def unrecorded(identity: str) -> str:
    """A traceparent of this trace that says: nobody records it."""
    return f"00-{identity}-{getrandbits(64) or 1:016x}-00"
