"""Spans as the SDK records them: one tree, no secrets, and work that never waits for a collector."""

import os
import threading
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import REGISTRY

from heimdall_project.observability import recording, tracing
from heimdall_project.observability.recording import Recorder
from heimdall_project.observability.tracing import begin, past, rejoined, span, traced

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ID = CALLER[3:35]


class Collector(SpanExporter):
    """Keeps what it is given; waits while `gate` is closed, refuses or breaks as it is told."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.gate = threading.Event()
        self.gate.set()
        self.answer: SpanExportResult | Exception = SpanExportResult.SUCCESS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        self.spans += spans
        return self.answer

    def shutdown(self) -> None:
        self.gate.set()

    def named(self, name: str) -> ReadableSpan:
        [found] = [each for each in self.spans if each.name == name]
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    recorder = Recorder(collector, service="test")
    tracing.use(recorder)
    yield collector
    tracing.use(None)
    collector.gate.set()
    recorder.close()


def flush() -> None:
    recorder = tracing.recording()
    assert recorder is not None
    recorder.queue.force_flush()


def count(result: str) -> float:
    return REGISTRY.get_sample_value("heimdall_spans_total", {"result": result}) or 0.0


def parent(of: ReadableSpan) -> int:
    return of.parent.span_id if of.parent else 0


def place(of: ReadableSpan) -> str:
    assert of.context is not None
    return f"{of.context.span_id:016x}"


def test_steps_stand_below_each_other_in_the_trace_of_the_caller(collector: Collector) -> None:
    with traced(CALLER, name="request"), span("submit"), span("model call", kind=tracing.CLIENT, tokens=3):
        assert tracing.current_id() == ID
    flush()
    request, submit, call = (collector.named(name) for name in ("request", "submit", "model call"))
    assert {each.context.trace_id for each in collector.spans if each.context} == {int(ID, 16)}
    assert f"{parent(request):016x}" == CALLER[36:52]
    assert f"{parent(submit):016x}" == place(request) and f"{parent(call):016x}" == place(submit)
    assert call.kind.name == "CLIENT" and call.attributes == {"tokens": 3}
    assert request.resource.attributes["service.name"] == "heimdall.test"


def test_a_new_trace_is_recorded_from_its_beginning(collector: Collector) -> None:
    with traced("nonsense", name="request") as traceparent:
        assert traceparent.endswith("-01")
    flush()
    assert collector.named("request").parent is None


def test_a_caller_who_does_not_record_is_not_recorded_here_either(collector: Collector) -> None:
    with traced(CALLER[:-2] + "00", name="request") as traceparent, span("step"):
        assert traceparent == CALLER[:-2] + "00" == tracing.current()
    flush()
    assert collector.spans == []


def test_a_failure_tells_its_kind_and_never_its_text(collector: Collector) -> None:
    with pytest.raises(ValueError, match="hunter2"), traced(CALLER, name="request"):
        raise ValueError("postgres://heimdall:hunter2@db")
    flush()
    failed = collector.named("request")
    assert failed.status.status_code.name == "ERROR"
    assert failed.attributes == {"error.type": "ValueError"} and not failed.events
    assert "hunter2" not in failed.to_json()


def test_work_that_goes_on_later_is_in_its_own_trace_and_linked_to_what_caused_it(
    collector: Collector,
) -> None:
    with traced(None, name="operator") as operator, rejoined(ID, name="begin attempt"):
        assert tracing.current_id() == ID and tracing.current().endswith("-01")
    with rejoined(ID, CALLER, name="begin another"):
        pass
    flush()
    again = collector.named("begin attempt")
    assert again.parent is None and again.context and again.context.trace_id == int(ID, 16)
    assert [f"{link.context.span_id:016x}" for link in again.links] == [operator[36:52]]
    assert f"{parent(collector.named('begin another')):016x}" == CALLER[36:52]


def test_a_step_that_is_over_is_recorded_with_its_own_times(collector: Collector) -> None:
    with traced(CALLER, name="request"):
        past("claim", 1_000, 3_000, together=2)
    past("store", 4_000, 5_000, parent=CALLER)
    past("outside of any work", 4_000, 5_000)
    flush()
    claim, store = collector.named("claim"), collector.named("store")
    assert (claim.start_time, claim.end_time) == (1_000, 3_000)
    assert parent(claim) == int(place(collector.named("request")), 16)
    assert f"{parent(store):016x}" == CALLER[36:52]
    assert len(collector.spans) == 3


def test_links_are_bounded(collector: Collector) -> None:
    begin(None, name="batch", links=[CALLER] * 1000).end()
    flush()
    assert len(collector.named("batch").links) == recording.LINKS


def test_work_never_waits_for_a_collector_and_what_has_no_room_is_counted() -> None:
    collector = Collector()
    collector.gate.clear()
    queue = recording.SpanQueue(collector, bound=10)
    recorder = Recorder(Collector(), service="test")
    recorder._provider.add_span_processor(queue)
    tracing.use(recorder)
    try:
        before = count("dropped")
        for _ in range(2000):  # the collector holds one batch, the queue holds ten
            with traced(None, name="work"):
                pass
        assert count("dropped") - before >= 2000 - 10 - recording.BATCH
    finally:
        tracing.use(None)
        collector.gate.set()
        recorder.close()


@pytest.mark.parametrize("answer", [SpanExportResult.FAILURE, RuntimeError("broken")])
def test_what_a_collector_does_not_take_is_given_up_and_counted(
    collector: Collector, answer: SpanExportResult | Exception
) -> None:
    before = count("failed")
    collector.answer = answer
    with traced(None, name="work"):
        pass
    flush()
    assert count("failed") == before + 1


def test_closing_sends_what_waits_and_later_spans_are_dropped(collector: Collector) -> None:
    with traced(None, name="work"):
        pass
    tracing.close()
    assert [each.name for each in collector.spans] == ["work"]
    before = count("dropped")
    with traced(None, name="late"):
        pass
    assert count("dropped") == before + 1


def test_a_forked_child_has_a_recorder_of_its_own(collector: Collector) -> None:
    read, write = os.pipe()
    if (child := os.fork()) == 0:  # pragma: no cover - another process
        os.write(write, b"none" if tracing.recording() is None else b"inherited")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 20) == b"none"
    os.close(read)
    os.close(write)
