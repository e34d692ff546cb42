"""Spans of the test's own process, kept in memory. Import the fixture where it is used."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from heimdall_project.observability import tracing
from heimdall_project.observability.recording import Recorder

__all__ = ["Spans", "spans"]


class Spans(InMemorySpanExporter):
    """What was recorded."""

    def all(self) -> list[ReadableSpan]:
        """In order of their ends."""
        recorder = tracing.recording()
        assert recorder is not None
        recorder.queue.force_flush()
        return list(self.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        """Those of one name."""
        return [span for span in self.all() if span.name == name]


@pytest.fixture
def spans() -> Iterator[Spans]:
    """An exporter is configured, and keeps what it gets."""
    spans = Spans()
    recorder = Recorder(spans, service="test")
    tracing.use(recorder)
    yield spans
    tracing.use(None)
    recorder.close()
