"""One unit of work of a trace, whether it is recorded or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import Span

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = "internal", "server", "client", "producer", "consumer"
"""Kinds of spans, as OpenTelemetry names them."""
type Value = str | bool | int | float


class Trace:
    """One unit of work of a trace. Where it is recorded, it has a span."""

    __slots__ = ("span", "traceparent", "tracestate")

    def __init__(self, traceparent: str, tracestate: str = "", span: Span | None = None) -> None:
        self.traceparent = traceparent
        self.tracestate = tracestate
        self.span = span

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return self.traceparent[3:35]

    @property
    def is_sampled(self) -> bool:
        """Whether spans of it are to be recorded."""
        return self.traceparent.endswith("1")

    def note(self, **attributes: Value) -> None:
        """Put attributes on its span, if there is one."""
        if self.span is not None:
            self.span.set_attributes(attributes)

    def rename(self, name: str) -> None:
        """Name its span anew, if there is one."""
        if self.span is not None:
            self.span.update_name(name)

    def fail(self, kind: str) -> None:
        """Mark its span as failed, if there is one."""
        if self.span is not None:
            from opentelemetry.trace import Status, StatusCode

            self.span.set_attribute("error.type", kind)
            self.span.set_status(Status(StatusCode.ERROR))

    def end(self, error: BaseException | str | None = None, *, at: int | None = None) -> None:
        """End its span, if there is one; `at` is in nanoseconds of the epoch.

        Of an exception only the type is kept: its text may hold what nobody should read.
        """
        if self.span is None:
            return
        if error is not None:
            self.fail(error if isinstance(error, str) else type(error).__qualname__)
        self.span.end(at)
