"""What other programs really put on the wire, as bytes, and what is read out of it.

`dumps` is how Python workers write: pydantic's `model_dump()` through `json.dumps(default=str)`. `JACKSON` is
how Java workers write: compact, members in order of declaration, text as UTF-8, times with nanoseconds.
"""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from heimdall_project.errors import ContractViolation, InvalidMessage
from heimdall_project.events import codec
from heimdall_project.events.jobs import AnalysisCompleted, AnalysisRequested, Priority

REQUEST_ID = UUID("550e8400-e29b-41d4-a716-446655440000")
MOMENT = datetime(2024, 11, 12, 10, 30, 15, 123456)
RESULT: dict[str, Any] = {
    "request_id": REQUEST_ID,
    "correlation_id": "corr-123456",
    "timestamp": MOMENT,
    "log_id": 12345,
    "analysis_result": {
        "summary": "연결 타임아웃",
        "root_cause": "r",
        "recommendation": "c",
        "severity": "HIGH",
        "confidence": Decimal("0.95"),
    },
    "bifrost_analysis_id": 123456,
    "model": "mistral-7b",
    "duration_seconds": Decimal("2.5"),
}
REQUEST: dict[str, Any] = {
    "request_id": REQUEST_ID,
    "timestamp": MOMENT,
    "log_id": 12345,
    "log_content": "ERROR: Connection timeout to database",
    "service_name": "user-service",
    "environment": "production",
    "correlation_id": "corr-123456",
}
JACKSON = (
    '{"requestId":"not ours","request_id":"550e8400-e29b-41d4-a716-446655440000",'
    '"correlation_id":"corr-123456","timestamp":"2024-11-12T10:30:15.123456789Z","log_id":12345,'
    '"analysis_result":{"summary":"연결 타임아웃","root_cause":"r","recommendation":"c","severity":"HIGH",'
    '"confidence":0.95},"bifrost_analysis_id":123456,"model":"mistral-7b","duration_seconds":2.5}'
).encode()


def dumps(event: dict[str, Any]) -> bytes:
    return json.dumps(event, default=str).encode()


def result(**change: Any) -> AnalysisCompleted:
    read: AnalysisCompleted = codec.decode(AnalysisCompleted, dumps(RESULT | change))
    return read


def request(**change: Any) -> AnalysisRequested:
    read: AnalysisRequested = codec.decode(AnalysisRequested, dumps(REQUEST | change))
    return read


def test_the_bytes_of_a_python_worker() -> None:
    assert dumps(RESULT) == (
        b'{"request_id": "550e8400-e29b-41d4-a716-446655440000", "correlation_id": "corr-123456",'
        b' "timestamp": "2024-11-12 10:30:15.123456", "log_id": 12345, "analysis_result": {"summary":'
        b' "\\uc5f0\\uacb0 \\ud0c0\\uc784\\uc544\\uc6c3", "root_cause": "r", "recommendation": "c",'
        b' "severity": "HIGH", "confidence": "0.95"}, "bifrost_analysis_id": 123456,'
        b' "model": "mistral-7b", "duration_seconds": "2.5"}'
    )


@pytest.mark.parametrize("value", [dumps(RESULT), JACKSON], ids=["Python", "Java"])
def test_workers_of_either_kind_say_the_same(value: bytes) -> None:
    event = codec.decode(AnalysisCompleted, value)
    assert (event.request_id, event.log_id, event.correlation_id) == (REQUEST_ID, 12345, "corr-123456")
    assert event.timestamp.replace(microsecond=0) == datetime(2024, 11, 12, 10, 30, 15, tzinfo=UTC)
    assert (event.analysis_result.summary, event.analysis_result.confidence) == ("연결 타임아웃", 0.95)
    assert (event.bifrost_analysis_id, event.model, event.duration_seconds) == (123456, "mistral-7b", 2.5)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (MOMENT, MOMENT.replace(tzinfo=UTC)),
        (MOMENT.replace(microsecond=0), datetime(2024, 11, 12, 10, 30, 15, tzinfo=UTC)),
        ("2024-11-12 10:30:15.123", datetime(2024, 11, 12, 10, 30, 15, 123000, UTC)),
        (MOMENT.replace(tzinfo=UTC), MOMENT.replace(tzinfo=UTC)),
        ("2024-11-12T10:30:15Z", datetime(2024, 11, 12, 10, 30, 15, tzinfo=UTC)),
        (
            "2024-11-12T19:30:15+09:00",
            datetime(2024, 11, 12, 19, 30, 15, tzinfo=timezone(timedelta(hours=9))),
        ),
        ("2024-11-12T19:30:15.5+0900", datetime(2024, 11, 12, 10, 30, 15, 500000, UTC)),
        (1731407415, datetime(2024, 11, 12, 10, 30, 15, tzinfo=UTC)),
        (1731407415.5, datetime(2024, 11, 12, 10, 30, 15, 500000, UTC)),
    ],
    ids=str,
)
def test_times_are_read_in_every_form_that_is_written(written: object, meant: datetime) -> None:
    assert result(timestamp=written).timestamp == meant
    assert request(timestamp=written).timestamp == meant


@pytest.mark.parametrize(
    ("written", "meant"), [("2.5", 2.5), ("2.50", 2.5), ("2", 2.0), ("1E-7", 1e-7), ("1E+2", 100.0), (3, 3.0)]
)
def test_decimals_are_read_as_text_and_as_numbers(written: object, meant: float) -> None:
    assert result(duration_seconds=written).duration_seconds == meant


def test_whole_numbers_may_be_text() -> None:
    event = result(log_id="12345", bifrost_analysis_id="9223372036854775807")
    assert (event.log_id, event.bifrost_analysis_id) == (12345, 2**63 - 1)


@pytest.mark.parametrize("name", ["correlation_id", "bifrost_analysis_id", "model", "duration_seconds"])
def test_a_result_may_leave_members_out_or_write_null(name: str) -> None:
    assert getattr(result(**{name: None}), name) is None
    without = {key: value for key, value in RESULT.items() if key != name}
    assert getattr(codec.decode(AnalysisCompleted, dumps(without)), name) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("analysis_type", "error"),
        ("priority", Priority.NORMAL),
        ("callback_topic", "analysis.result"),
        ("metadata", {}),
        ("language", None),
    ],
)
def test_a_request_may_leave_members_out_or_write_null(name: str, meant: object) -> None:
    assert getattr(request(), name) == meant == getattr(request(**{name: None}), name)


def test_null_counts_as_left_out_only_where_a_member_is_optional() -> None:
    with pytest.raises(ContractViolation, match=r"\$\.log_content"):
        request(log_content=None)
    with pytest.raises(ContractViolation, match=r"\$\.analysis_result\.summary"):
        result(analysis_result=RESULT["analysis_result"] | {"summary": None, "evidence": None})


def test_null_counts_as_left_out_in_the_answer_itself_too() -> None:
    found = result(analysis_result=RESULT["analysis_result"] | {"evidence": None, "component": None})
    assert found.analysis_result and (found.analysis_result.evidence, found.analysis_result.component) == (
        [],
        None,
    )


def test_what_is_free_in_form_keeps_its_nulls() -> None:
    assert request(priority=None, metadata={"trace": None}).metadata == {"trace": None}


@pytest.mark.parametrize("more", [{"gpu": {"seconds": "1.2"}}, {"schema_version": None}, {"": [[]]}])
def test_members_that_nobody_knows_are_passed_over(more: dict[str, Any]) -> None:
    assert result(**more).request_id == request(**more).request_id == REQUEST_ID


@pytest.mark.parametrize(
    "value",
    [b"", b"null", b"[]", b"{", b'"text"', b"\xef\xbb\xbf{}", b"NaN", b'{"request_id":NaN}', b"[" * 100_000],
)
def test_what_is_no_event_is_refused_as_a_message(value: bytes) -> None:
    for kind in (AnalysisCompleted, AnalysisRequested):
        with pytest.raises(InvalidMessage):
            codec.decode(kind, value)
