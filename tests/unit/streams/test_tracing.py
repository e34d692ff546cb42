"""Records in their traces: every shape of worker, every header that somebody may send."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from heimdall_project.errors import DeliveryFailed, InvalidMessage
from heimdall_project.observability import tracing
from heimdall_project.observability.logging import context
from heimdall_project.streams.consumer import Batch, Delivery
from heimdall_project.streams.records import Delivered, Headers, Outgoing
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle
from heimdall_project.streams.tracing import Publication
from tests.spans import Spans, spans

from .workers import TOPIC, Crowd, Keeper, Lots, Note

__all__ = ["spans"]

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"
SENT: Headers = [("event_id", b"e-1"), ("traceparent", CALLER.encode())]


def is_below_the_caller(span: ReadableSpan) -> bool:
    return span.parent is not None and f"{span.parent.trace_id:032x}" == TRACE


def test_a_record_is_handled_in_its_trace_and_a_retry_too(spans: Spans) -> None:
    broker, tries = InMemoryBroker(), []

    def act(_: Delivery[Note]) -> None:
        tries.append((tracing.current_id(), context()["trace_id"]))
        if len(tries) == 1:
            raise RuntimeError("hunter2")

    broker.produce(TOPIC, b'{"n": 1}', headers=SENT)
    runner = broker.runner(Keeper(act))
    run_until_idle(runner)
    broker.clock.advance(60)
    run_until_idle(runner)
    assert tries == [(TRACE, TRACE)] * 2
    failed, done = spans.all()
    assert is_below_the_caller(failed) and is_below_the_caller(done)
    assert (failed.status.status_code.name, done.status.status_code.name) == ("ERROR", "UNSET")
    assert "hunter2" not in failed.to_json()
    assert done.name == f"process {TOPIC}" and done.kind.name == "CONSUMER"
    assert done.attributes and done.attributes["messaging.message.id"] == "e-1"


def test_several_at_once_are_each_in_their_own_trace(spans: Spans) -> None:
    broker = InMemoryBroker()
    broker.produce(TOPIC, b'{"n": 1}', headers=SENT)
    broker.produce(TOPIC, b'{"n": 2}')
    run_until_idle(broker.runner(Crowd()))
    assert sorted(map(is_below_the_caller, spans.all())) == [False, True]


def test_a_batch_knows_the_trace_of_each_record(spans: Spans) -> None:
    broker = InMemoryBroker()
    known: list[str] = []
    broker.produce(TOPIC, b'{"n": 1}', headers=SENT)
    broker.produce(TOPIC, b'{"n": 2}')
    broker.produce(TOPIC, b'{"n": 3}', headers=[("traceparent", CALLER[:-2].encode() + b"00")])

    def act(batch: Batch[Note]) -> None:
        known.extend(map(batch.trace_of, batch.records))
        assert tracing.current() == ""

    run_until_idle(broker.runner(Lots(act)))
    [span] = spans.all()
    assert span.context and known == [
        f"{CALLER[:36]}{span.context.span_id:016x}-01",
        "",
        CALLER[:-2] + "00",
    ]


def test_a_batch_that_fails_is_a_failed_span_of_each_of_its_records(spans: Spans) -> None:
    broker = InMemoryBroker()
    broker.produce(TOPIC, b'{"n": 1}', headers=SENT)

    def act(_: Batch[Note]) -> None:
        raise InvalidMessage("hunter2")

    run_until_idle(broker.runner(Lots(act)))
    assert [span.status.status_code.name for span in spans.all()] == ["ERROR"]


HOSTILE = [
    [("traceparent", None)],
    [("traceparent", b"")],
    [("traceparent", b"\xff" * 55)],
    [("traceparent", CALLER.encode().upper())],
    [("traceparent", b"0" * 1_000_000)],
    [("traceparent", CALLER.encode()), ("traceparent", b"the last one counts")],
    [("tracestate", b"\xff\r\n" * 1000)],
]


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("headers", HOSTILE, ids=range(len(HOSTILE)))
def test_a_record_whose_trace_cannot_be_read_is_handled_in_a_new_one(
    headers: Headers, recorded: bool, request: pytest.FixtureRequest
) -> None:
    if recorded:
        request.getfixturevalue("spans")
    broker, seen = InMemoryBroker(), []
    broker.produce(TOPIC, b'{"n": 1}', headers=headers)
    run_until_idle(broker.runner(Keeper(lambda _: seen.append(tracing.current_id()))))
    run_until_idle(broker.runner(Lots()))
    assert len(seen) == 1 and len(seen[0]) == 32 and seen[0] != TRACE
    assert broker.records("dlq.failed") == []


def test_a_dead_letter_keeps_the_trace_of_its_record() -> None:
    broker = InMemoryBroker()
    broker.produce(TOPIC, b"{", headers=SENT)
    run_until_idle(broker.runner(Keeper()))
    [letter] = broker.records("dlq.failed")
    assert letter.header("traceparent") == CALLER


def test_a_publication_is_a_span_below_the_row_and_changes_nothing_of_the_record(spans: Spans) -> None:
    sent = [Outgoing(TOPIC, b"1", b"k", SENT), Outgoing(TOPIC, b"2"), Outgoing(TOPIC, b"3", b"k", SENT)]
    publication = Publication(sent)
    publication.answered([Delivered(TOPIC, 0, 17), Delivered(TOPIC, 0, 18), DeliveryFailed("away")])
    done, failed = spans.all()
    assert is_below_the_caller(done) and is_below_the_caller(failed)
    assert done.attributes and done.attributes["messaging.kafka.offset"] == 17
    assert (done.kind.name, failed.status.status_code.name) == ("PRODUCER", "ERROR")
    assert sent[0].headers == SENT
