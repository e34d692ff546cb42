"""The bytes on the wire: what existing systems send is understood, what we send they understand."""

import json
from uuid import UUID

import pytest

from heimdall_project.errors import InvalidMessage
from heimdall_project.events import codec
from heimdall_project.events.jobs import AnalysisCompleted, AnalysisRequested, Priority
from heimdall_project.streams.models import OutboxMessage
from jobs.models import AnalysisAttempt, AnalysisJob
from jobs.services import Applied, Hop, result_apply
from tests.factories import make_answer, make_job, make_outside_request

REQUEST_ID = UUID("550e8400-e29b-41d4-a716-446655440000")
HOP = Hop("analysis.result", 0, 1)
OUTSIDE_REQUEST = b"""{"request_id": "550e8400-e29b-41d4-a716-446655440000", \
"timestamp": "2024-11-12T10:30:00Z", "log_id": 12345, \
"log_content": "ERROR: Connection timeout to database", "service_name": "user-service", \
"environment": "production", "analysis_type": "error", "priority": "HIGH", \
"callback_topic": "analysis.result", "correlation_id": "corr-123456", "metadata": {}}"""
OUTSIDE_RESULT = """{"request_id": "550e8400-e29b-41d4-a716-446655440000", "correlation_id": "corr-123456", \
"timestamp": "2024-11-12T10:30:15Z", "log_id": 12345, "analysis_result": {"summary": \
"PostgreSQL 연결 타임아웃 발생", "root_cause": "Connection pool 고갈", "recommendation": "pool 크기 조정", \
"severity": "HIGH", "confidence": 0.95}, "bifrost_analysis_id": 789, "model": "mistral-7b", \
"duration_seconds": 2.5}""".encode()
# pydantic's model_dump() through json.dumps(default=str): decimals are strings, times have no zone.
PYTHON_WORKER_RESULT = b"""{"request_id": "550e8400-e29b-41d4-a716-446655440000", "correlation_id": \
"corr-123456", "timestamp": "2024-11-12 10:30:15.123456", "log_id": 12345, \
"analysis_result": {"summary": "s", "root_cause": "r", "recommendation": "c", \
"severity": "HIGH", "confidence": "0.95"}, \
"bifrost_analysis_id": 123456, "model": "mistral-7b", "duration_seconds": "2.5", "gpu": {"new": "field"}}"""


def answered_job(value: bytes) -> AnalysisJob:
    """A job whose request id the outside result carries, and that result applied."""
    job = make_job()
    AnalysisAttempt.objects.filter(job=job).update(request_id=REQUEST_ID)
    AnalysisJob.objects.filter(pk=job.pk).update(request_id=REQUEST_ID)
    assert result_apply(event=codec.decode(AnalysisCompleted, value), hop=HOP) is Applied.ENDED_JOB
    job.refresh_from_db()
    return job


@pytest.mark.django_db
def test_an_outside_worker_completes_a_job() -> None:
    job = answered_job(OUTSIDE_RESULT)
    assert job.result and job.result["summary"] == "PostgreSQL 연결 타임아웃 발생"
    assert (job.status, job.bifrost_analysis_id, job.model) == ("SUCCEEDED", 789, "mistral-7b")


@pytest.mark.django_db
def test_decimals_as_strings_times_without_zone_and_new_fields_are_read() -> None:
    job = answered_job(PYTHON_WORKER_RESULT)
    assert job.result and job.result["confidence"] == 0.95
    assert job.duration_seconds == 2.5
    assert codec.decode(AnalysisCompleted, PYTHON_WORKER_RESULT).timestamp.isoformat().endswith("+00:00")


def test_an_outside_request_is_read() -> None:
    event = codec.decode(AnalysisRequested, OUTSIDE_REQUEST)
    assert (event.request_id, event.log_id, event.priority) == (REQUEST_ID, 12345, "HIGH")


@pytest.mark.django_db
def test_our_request_always_carries_what_existing_workers_need() -> None:
    job = make_job(correlation_id="corr-1")
    sent = json.loads(bytes(OutboxMessage.objects.get().value or b""))
    assert list(sent) == [
        "request_id",
        "timestamp",
        "log_id",
        "log_content",
        "service_name",
        "environment",
        "correlation_id",
        "analysis_type",
        "priority",
        "callback_topic",
        "metadata",
        "language",
    ]
    assert sent["timestamp"].endswith(("Z", "+00:00"))
    assert (sent["request_id"], sent["log_id"]) == (str(job.request_id), job.log_entry_id)


def test_our_result_in_bytes() -> None:
    event = make_answer(REQUEST_ID, log_id=12345, correlation_id="corr-123456", bifrost_analysis_id=789)
    assert codec.encode(event) == (
        b'{"request_id":"550e8400-e29b-41d4-a716-446655440000","timestamp":"2026-11-21T12:00:00Z",'
        b'"log_id":12345,"correlation_id":"corr-123456","analysis_result":{"summary":"The pool is exhausted",'
        b'"root_cause":"All connections are in use","recommendation":"Look for long transactions",'
        b'"severity":"HIGH","confidence":0.9,"component":null,"evidence":[]},"failure":null,'
        b'"bifrost_analysis_id":789,"model":"test","duration_seconds":1.5,'
        b'"served_from_cache":false,"computed_at":null,"usage":null}'
    )


def test_our_failure_in_bytes() -> None:
    event = make_answer(REQUEST_ID, failure="model_unavailable", log_id=12345, bifrost_analysis_id=789)
    assert codec.encode(event) == (
        b'{"request_id":"550e8400-e29b-41d4-a716-446655440000","timestamp":"2026-11-21T12:00:00Z",'
        b'"log_id":12345,"correlation_id":null,"analysis_result":null,'
        b'"failure":{"failure_class":"model_unavailable","message":"it went wrong"},'
        b'"bifrost_analysis_id":789,"model":"test","duration_seconds":1.5,'
        b'"served_from_cache":false,"computed_at":null,"usage":null}'
    )


def test_our_request_in_bytes() -> None:
    event = make_outside_request(request_id=REQUEST_ID, log_content="ERROR: 연결", priority=Priority.HIGH)
    assert codec.encode(event) == (
        b'{"request_id":"550e8400-e29b-41d4-a716-446655440000","timestamp":"2026-11-21T12:00:00Z",'
        b'"log_id":12345,"log_content":"ERROR: \xec\x97\xb0\xea\xb2\xb0","service_name":"orders",'
        b'"environment":"production","correlation_id":"corr-1","analysis_type":"error","priority":"HIGH",'
        b'"callback_topic":"analysis.result","metadata":{},"language":null}'
    )


@pytest.mark.parametrize(
    "change",
    [
        {"log_id": 2**63},
        {"bifrost_analysis_id": 10**30},
        {"duration_seconds": "Infinity"},
        {"analysis_result": None},
        {"request_id": "17"},
        {"timestamp": "yesterday"},
        {"computed_at": "0001-01-01T00:00:00+14:00"},  # in UTC before the first year and after the last:
        {"computed_at": "9999-12-31T23:59:59-14:00"},  # PostgreSQL takes it, and no list could be read then
    ],
)
def test_a_result_that_cannot_be_stored_is_refused_as_a_message(change: dict[str, object]) -> None:
    with pytest.raises(InvalidMessage):
        codec.decode(AnalysisCompleted, json.dumps(json.loads(OUTSIDE_RESULT) | change).encode())
