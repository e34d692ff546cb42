"""The W3C trace context of the work in hand: taken from the caller, or begun here; passed on in headers.

What cannot be read (`traceparent.py`) begins a new trace and is never an error.

Ids flow always. Spans are recorded only where an exporter is configured and the trace is sampled
(`recording.py`); else a span is nothing: no object is made, the caller's own span id is passed on, and
nothing of OpenTelemetry is used.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import wraps
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from django.conf import settings

from .logging import bound
from .trace import CLIENT, CONSUMER, INTERNAL, PRODUCER, SERVER, Trace, Value
from .traceparent import continued, parsed, sane_state, trace_id, unrecorded

if TYPE_CHECKING:
    from .recording import Recorder

_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


class Entered:
    """A `with` block in which a trace is the current one; at its end the span ends."""

    __slots__ = ("_token", "_trace")
    _token: Token[Trace | None]

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __enter__(self) -> Trace:
        self._token = _current.set(self._trace)
        return self._trace

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        _current.reset(self._token)
        if self._trace.span is not None:
            self._trace.end(error)


class _Nothing(Trace):
    """The span of work that is not recorded: a block that costs next to nothing."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


_NOTHING = _Nothing("")

# --- looking and passing on ---------------------------------------------------------------------------------


def current() -> str:
    """`traceparent` of the work in hand, "" outside of any."""
    trace = _current.get()
    return trace.traceparent if trace else ""


def current_id() -> str:
    """Id of the trace in hand, "" outside of any."""
    trace = _current.get()
    return trace.traceparent[3:35] if trace else ""


def carried() -> dict[str, str]:
    """The headers that take the trace along: to a model, into an outbox row."""
    if (trace := _current.get()) is None:
        return {}
    headers = {"traceparent": trace.traceparent}
    return {**headers, "tracestate": trace.tracestate} if trace.tracestate else headers


def note(**attributes: Value) -> None:
    """Put attributes on the span in hand, if there is one."""
    if (trace := _current.get()) is not None:
        trace.note(**attributes)


# --- beginning and continuing -------------------------------------------------------------------------------


def begin(
    raw: str | None,
    state: str | None = None,
    *,
    name: str,
    kind: str = SERVER,
    links: Sequence[str] = (),
    at: int | None = None,
    attributes: dict[str, Value] | None = None,
) -> Trace:
    """A unit of work that continues the caller's trace, or begins a new one if `raw` is no traceparent.

    Whoever begins it enters it (`Entered`) or ends it. `at` is its start in nanoseconds of the epoch.
    """
    parent = parsed(raw)
    tracestate = sane_state(state) if parent else ""
    recorder = recording()
    if recorder is None or parent.endswith("-00"):
        return Trace(parent or continued(None), tracestate)
    return recorder.begin(
        parent, tracestate, name=name, kind=kind, links=links, at=at, attributes=attributes or {}
    )


def rejoined(
    identity: str, parent: str | None = None, *, name: str, links: Sequence[str] = (), **attributes: Value
) -> Entered:
    """A block in the trace with this id, whatever was in hand before; for work that goes on much later.

    `parent` is a traceparent of that trace, if one is still known. What was in hand is linked. An `identity`
    that is none leaves the block in the trace in hand, or in a new one.
    """
    here = _current.get()
    before, state = (here.traceparent, here.tracestate) if here else ("", "")
    known, links = parsed(parent), list(links)
    if known[3:35] != identity:
        known = ""
    if before[3:35] == identity:
        known = known or before
    elif before:
        links, state = [*links, before], ""
    if not known and not parsed(unrecorded(identity)):
        return Entered(begin(before, name=name, kind=INTERNAL, links=links, attributes=attributes))
    recorder = recording()
    if recorder is None or known.endswith("-00"):
        return Entered(Trace(known or unrecorded(identity), state))
    return Entered(
        recorder.begin(
            known, state, name=name, kind=INTERNAL, links=links, attributes=attributes, identity=identity
        )
    )


@contextmanager
def traced(
    raw: str | None, state: str | None = None, *, name: str = "work", kind: str = SERVER, **attributes: Value
) -> Iterator[str]:
    """Continue the caller's trace inside of the block, and put its id on every log line."""
    trace = begin(raw, state, name=name, kind=kind, attributes=attributes)
    with Entered(trace), bound(trace_id=trace.trace_id):
        yield trace.traceparent


def span(
    name: str, *, kind: str = INTERNAL, links: Sequence[str] = (), **attributes: Value
) -> Entered | _Nothing:
    """A step of the work in hand: `with span("model call", kind=CLIENT, model=name) as step:`.

    `step.note(tokens=17)` tells what came of it; an exception that leaves the block marks it as failed.
    """
    trace = _current.get()
    if trace is None or trace.span is None or not trace.is_sampled or (recorder := recording()) is None:
        return _NOTHING
    return Entered(
        recorder.begin(
            trace.traceparent, trace.tracestate, name=name, kind=kind, links=links, attributes=attributes
        )
    )


def spanned[**P, R](name: str, kind: str = INTERNAL) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: each call is a step of the work in hand."""

    def decorate(do: Callable[P, R]) -> Callable[P, R]:
        @wraps(do)
        def step(*args: P.args, **kwargs: P.kwargs) -> R:
            with span(name, kind=kind):
                return do(*args, **kwargs)

        return step

    return decorate


def past(name: str, since: int, until: int, *, parent: str | None = None, **attributes: Value) -> None:
    """A step that is over, below `parent` or the work in hand; for what was done for several at once.

    Times are in nanoseconds of the epoch.
    """
    below = current() if parent is None else parsed(parent)
    if below.endswith("-01") and recording() is not None:
        begin(below, name=name, kind=INTERNAL, at=since, attributes=attributes).end(at=until)


def work(name: str) -> Entered | _Nothing:
    """A step of the work in hand; outside of any work a trace of its own."""
    return span(name) if _current.get() else Entered(begin(None, name=name, kind=INTERNAL))


# --- the recorder of this process ---------------------------------------------------------------------------

_recorder: Recorder | None = None
_looked = False
_lock = Lock()
_service = "manage"


def serve_as(name: str) -> None:
    """What this process is called in traces: `heimdall.<name>`. Before its first span."""
    global _service
    _service = name


def recording() -> Recorder | None:
    """What records spans in this process; None where no exporter is configured. Built at the first question.

    So threads and connections of the exporter are made where the work is: a forked process has its own.
    """
    return _recorder if _looked else _look()


def _look() -> Recorder | None:
    global _recorder, _looked
    with _lock:
        if not _looked:
            if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
                from .recording import Recorder

                _recorder = Recorder.of_settings(_service)
                atexit.register(close)  # for doors; a worker closes it on its way out
            _looked = True
    return _recorder


def use(recorder: Recorder | None) -> None:
    """Record with this one from now on; for tests and benchmarks."""
    global _recorder, _looked
    _recorder, _looked = recorder, True


def close() -> None:
    """Send what was recorded; takes `recording.CLOSE_BUDGET` seconds at most."""
    if _recorder is not None:
        _recorder.close()


def _forget() -> None:
    """A forked child has none of its parent's threads, so none of its recorder."""
    global _recorder, _looked, _lock
    _recorder, _looked, _lock = None, False, Lock()


os.register_at_fork(after_in_child=_forget)

__all__ = [
    "CLIENT",
    "CONSUMER",
    "INTERNAL",
    "PRODUCER",
    "SERVER",
    "Entered",
    "Trace",
    "Value",
    "begin",
    "carried",
    "close",
    "continued",
    "current",
    "current_id",
    "note",
    "parsed",
    "past",
    "recording",
    "rejoined",
    "serve_as",
    "span",
    "spanned",
    "trace_id",
    "traced",
    "use",
    "work",
]
