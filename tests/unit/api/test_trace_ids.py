"""The trace of a request: in its answer, in its problem, in its log, whatever the header says."""

import json
from collections.abc import Iterator

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from heimdall_project.api.request_id import QUIET, TRACE_HEADER
from heimdall_project.api.stream.door import StreamDoor
from heimdall_project.observability import tracing
from heimdall_project.observability.recording import Recorder
from tests.unit.api.asgi import Connection, in_loop

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"
NOWHERE = "/api/v1/nowhere"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Spans of this process."""
    spans = InMemorySpanExporter()
    recorder = Recorder(spans, service="test")
    tracing.use(recorder)
    yield spans
    tracing.use(None)
    recorder.close()


def recorded(spans: InMemorySpanExporter) -> list[tuple[str, dict[str, object]]]:
    """Names and attributes."""
    recorder = tracing.recording()
    assert recorder is not None
    recorder.queue.force_flush()
    return [(span.name, dict(span.attributes or {})) for span in spans.get_finished_spans()]


def test_the_callers_trace_is_in_answer_problem_and_log() -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        answer = Client().get(NOWHERE, headers={"traceparent": CALLER})
    assert (answer.status_code, answer.headers[TRACE_HEADER], answer.json()["trace_id"]) == (
        404,
        TRACE,
        TRACE,
    )
    assert {line["trace_id"] for line in lines} == {TRACE}


def test_the_stream_door_tells_it_too() -> None:
    async def scenario() -> None:
        answer = await Connection(StreamDoor(), "/stream/nowhere", traceparent=CALLER).answer()
        assert answer.status == 404
        assert answer.headers[TRACE_HEADER.lower()] == json.loads(answer.body)["trace_id"] == TRACE

    in_loop(scenario)


@settings(deadline=None)  # whole requests, on machines that are busy
@given(
    raw=st.text(st.characters(codec="latin-1"), max_size=300)
    | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?", fullmatch=True).map(
        lambda text: text.encode("latin-1", "replace").decode("latin-1")
    )
)
def test_no_header_is_an_error_and_every_answer_has_a_trace(raw: str) -> None:
    answer = Client().get(NOWHERE, headers={"traceparent": raw, "tracestate": raw})
    told = answer.headers[TRACE_HEADER]
    assert answer.status_code == 404 and answer.json()["trace_id"] == told
    assert len(told) == 32 and set(told) <= set("0123456789abcdef") and int(told, 16)


def test_two_requests_without_a_trace_have_two() -> None:
    first, second = (Client().get(NOWHERE).headers[TRACE_HEADER] for _ in range(2))
    assert first != second


def test_a_request_is_a_span_named_by_its_route_and_probes_are_none(spans: InMemorySpanExporter) -> None:
    client = Client(headers={"traceparent": CALLER})
    for path in ["/api/v1/jobs/17", NOWHERE, *QUIET]:
        client.get(path)
    found = recorded(spans)
    assert [name for name, _ in found] == ["GET api/v1/jobs/<int:pk>", "GET"]
    told = found[0][1]
    assert (told["http.route"], told["http.response.status_code"]) == ("api/v1/jobs/<int:pk>", 401)


def test_a_fault_of_ours_is_a_failed_span(
    spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr("heimdall_project.api.reception.refused_early", broken)
    client = Client(raise_request_exception=False, headers={"traceparent": CALLER})
    assert client.get(NOWHERE).status_code == 500
    recorded(spans)
    [span] = spans.get_finished_spans()
    assert span.status.status_code.name == "ERROR" and "hunter2" not in span.to_json()
