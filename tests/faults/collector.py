"""A collector of traces: takes OTLP over HTTP as real ones do, and answers questions about what came."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """A span as it came over the wire; ids in hexadecimal, `parent` is "" for a root."""

    name: str
    service: str
    trace: str
    span: str
    parent: str
    links: tuple[tuple[str, str], ...]
    attributes: dict[str, Any] = field(hash=False)
    failed: bool


class Collector:
    """What came so far."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.asked = Event()
        self._seen: list[Seen] = []
        self._lock = Lock()

    def add(self, body: bytes) -> None:
        """Take in one export."""
        asked = ExportTraceServiceRequest.FromString(body)
        with self._lock:
            self._seen += [span for group in asked.resource_spans for span in _spans(group)]

    def spans(self, trace: str) -> list[Seen]:
        """What came of one trace."""
        with self._lock:
            return [span for span in self._seen if span.trace == trace]

    def named(self, trace: str, name: str) -> list[Seen]:
        """Spans of a trace with this name."""
        return [span for span in self.spans(trace) if span.name == name]

    def orphans(self, trace: str, root: str) -> list[Seen]:
        """Spans of a trace whose parent never came; `root` is the span of the caller."""
        spans = self.spans(trace)
        known = {span.span for span in spans} | {root}
        return [span for span in spans if span.parent not in known]

    def way(self, of: Seen) -> list[str]:
        """Names from the root of its trace down to a span."""
        by_id = {span.span: span for span in self.spans(of.trace)}
        names = [of.name]
        while of.parent in by_id:
            of = by_id[of.parent]
            names.insert(0, of.name)
        return names


def _spans(group: Any) -> Iterator[Seen]:
    resource = _attributes(group.resource.attributes)
    for scope in group.scope_spans:
        for span in scope.spans:
            yield Seen(
                span.name,
                resource["service.name"],
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
                _attributes(span.attributes),
                span.status.code == span.status.STATUS_CODE_ERROR,
            )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@contextmanager
def collecting(*, silent: bool = False) -> Iterator[Collector]:
    """A collector at work; a silent one takes the request and never answers."""
    over = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.asked.set()
            if silent:
                over.wait()
                return
            assert self.path == "/v1/traces", self.path
            collector.add(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(server.server_port)
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            over.set()
            server.shutdown()
            thread.join()
