"""Spans on their way to a collector: OpenTelemetry's SDK and OTLP exporter behind a queue with a bound.

Imported only where an exporter is configured. Work never waits for a collector: what the queue has no room
for is dropped, and what the collector does not take is given up; both are counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from threading import Event, Thread

from django.conf import settings
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from . import metrics
from .logging import get_logger
from .trace import Trace, Value

log = get_logger(__name__)
BOUND = 8192
"""Spans that may wait for the exporter; about 10 MB."""
BATCH = 512
EVERY = 1.0
"""Seconds after which what waits is sent; what a process that is killed may lose."""
EXPORT_TIMEOUT = 5.0
"""Seconds that the collector has for a batch, all tries together."""
CLOSE_BUDGET = 2.0
LINKS = 128
_forced: ContextVar[str] = ContextVar("forced_trace_id", default="")
"""Id that a span without a parent gets."""


class Recorder:
    """Records the spans of this process."""

    def __init__(self, exporter: SpanExporter, *, service: str, ratio: float = 1.0) -> None:
        self.queue = SpanQueue(exporter)
        resource = Resource.create(
            {
                "service.name": f"heimdall.{service}",
                "service.namespace": "heimdall",
                "service.version": settings.VERSION,
                "deployment.environment.name": settings.ENVIRONMENT,
            }
        )
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)),
            resource=resource,
            id_generator=_Ids(),
            span_limits=SpanLimits(
                max_span_attributes=32, max_links=LINKS, max_events=8, max_span_attribute_length=500
            ),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(self.queue)
        self._tracer = self._provider.get_tracer("heimdall", settings.VERSION)

    @classmethod
    def of_settings(cls, service: str) -> Recorder:
        """One that sends to `OTEL_EXPORTER_OTLP_ENDPOINT`; certificates as the exporter reads them."""
        exporter = OTLPSpanExporter(
            endpoint=f"{settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip('/')}/v1/traces",
            headers=_pairs(settings.OTEL_EXPORTER_OTLP_HEADERS),
            timeout=EXPORT_TIMEOUT,
            compression=Compression.Gzip,
        )
        return cls(exporter, service=service, ratio=settings.OTEL_TRACES_SAMPLER_ARG)

    def begin(
        self,
        parent: str,
        state: str,
        *,
        name: str,
        kind: str,
        links: Sequence[str] = (),
        at: int | None = None,
        attributes: Mapping[str, Value],
        identity: str = "",
    ) -> Trace:
        """A span below `parent`, a parsed traceparent or "". Without one, of the trace `identity`, if any."""
        token = _forced.set("" if parent else identity)
        try:
            span = self._tracer.start_span(
                name,
                context=_context(parent, state),
                kind=SpanKind[kind.upper()],
                attributes=attributes,
                links=[Link(_place(link)) for link in links[:LINKS]],
                start_time=at,
                record_exception=False,
            )
        finally:
            _forced.reset(token)
        return _trace(span, state)

    def close(self) -> None:
        """Send what waits, for `CLOSE_BUDGET` seconds at most."""
        self.queue.shutdown()


class SpanQueue(SpanProcessor):
    """Ended spans until a thread of its own has sent them."""

    def __init__(self, exporter: SpanExporter, *, bound: int = BOUND, every: float = EVERY) -> None:
        self._exporter = exporter
        self._bound = bound
        self._every = every
        self._waiting: deque[ReadableSpan] = deque()
        self._awake = Event()
        self._closing = False
        self._thread = Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        """Take one in, or drop it. Never waits."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        if len(self._waiting) >= self._bound or self._closing:
            metrics.SPANS.labels("dropped").inc()
            return
        self._waiting.append(span)
        if len(self._waiting) >= BATCH:
            self._awake.set()

    def _run(self) -> None:
        while not self._closing:
            self._awake.wait(self._every)
            self._awake.clear()
            self._send_all()

    def _send_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            metrics.SPANS.labels("exported" if self._sent(batch) else "failed").inc(len(batch))

    def _sent(self, batch: Sequence[ReadableSpan]) -> bool:
        try:
            return self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception:  # boundary: an exporter may break in any way; the work goes on without its traces
            log.exception("Spans could not be sent.", action="spans_failed")
            return False

    def shutdown(self) -> None:
        """Send what waits, as far as there is time."""
        if self._closing:
            return
        self._closing = True
        self._awake.set()
        self._thread.join(CLOSE_BUDGET)
        if not self._thread.is_alive():
            self._send_all()
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits now, in the caller's thread."""
        self._send_all()
        return True


class _Ids(RandomIdGenerator):
    def generate_trace_id(self) -> int:
        forced = _forced.get()
        return int(forced, 16) if forced else super().generate_trace_id()


def _trace(span: Span, state: str) -> Trace:
    place = span.get_span_context()
    sampled = place.trace_flags.sampled
    traceparent = f"00-{place.trace_id:032x}-{place.span_id:016x}-0{sampled:d}"
    return Trace(traceparent, state, span if sampled else None)


def _context(parent: str, state: str) -> Context:
    return set_span_in_context(NonRecordingSpan(_place(parent, state)), Context()) if parent else Context()


def _place(traceparent: str, state: str = "") -> SpanContext:
    _, trace, span, flags = traceparent.split("-")
    return SpanContext(
        int(trace, 16),
        int(span, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(flags, 16)),
        trace_state=TraceState.from_header([state]) if state else None,
    )


def _pairs(raw: str) -> dict[str, str]:
    """Headers as OpenTelemetry spells them: `name=value,name=value`."""
    pairs = (part.partition("=") for part in raw.split(",") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
