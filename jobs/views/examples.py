"""Examples of the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

_WHEN = "2026-11-21T09:15:02.318Z"
_REQUEST_ID = "0b9f3a52-8a07-4a55-9a3c-0f3c6a1d2e77"
_LOG = (
    "2026-11-21 09:14:57,101 ERROR [pool-3] c.a.orders.OrderRepository: Connection is not available, request "
    "timed out after 30000ms\n\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:213)"
)

REQUEST_WITH_LOG = OpenApiExample(
    "A new log",
    value={
        "log_content": _LOG,
        "service_name": "order-service",
        "environment": "production",
        "priority": "HIGH",
        "metadata": {"ticket": "OPS-4711"},
    },
    request_only=True,
)
REQUEST_BY_ID = OpenApiExample(
    "A stored log entry", value={"log_id": 1042, "priority": "NORMAL", "language": "en"}, request_only=True
)
ACCEPTED = OpenApiExample(
    "Accepted",
    value={
        "analysis_id": 17,
        "request_id": _REQUEST_ID,
        "status": "ACCEPTED",
        "message": "The analysis was accepted; its result will stand at /api/v1/analysis/result/17.",
    },
    response_only=True,
)
_RESULT = {
    "analysis_id": 17,
    "request_id": _REQUEST_ID,
    "status": "SUCCEEDED",
    "message": "Done.",
    "log_id": 1042,
    "correlation_id": "c0ffee",
    "analysis_result": {
        "summary": "order-service cannot get database connections: its pool is exhausted.",
        "root_cause": "Every connection of the pool is in use; requests wait 30 s and give up.",
        "recommendation": "Look for transactions that stay open, then at the size of the pool.",
        "severity": "HIGH",
        "confidence": 0.86,
        "component": "OrderRepository",
        "evidence": [{"line": 1, "text": _LOG.splitlines()[0], "claim": "The pool gave no connection."}],
    },
    "failure": None,
    "model": "rule-based/1",
    "bifrost_analysis_id": 23,
    "duration_seconds": 0.041,
    "created_at": _WHEN,
    "finished_at": "2026-11-21T09:15:02.671Z",
}
_NO_RESULT = {"analysis_result": None, "model": "", "bifrost_analysis_id": None, "duration_seconds": None}
RESULT_SUCCEEDED = OpenApiExample("Succeeded", value=_RESULT, response_only=True)
RESULT_OPEN = OpenApiExample(
    "Still open",
    value=_RESULT
    | _NO_RESULT
    | {"status": "RUNNING", "message": "A worker is analysing the log.", "finished_at": None},
    response_only=True,
)
RESULT_FAILED = OpenApiExample(
    "Failed",
    value=_RESULT
    | _NO_RESULT
    | {
        "status": "FAILED",
        "message": "There is no result; see `failure`.",
        "failure": {"failure_class": "no_evidence", "message": "Nothing in the log points to a fault."},
    },
    response_only=True,
)
JOB = OpenApiExample(
    "A job",
    value={
        "analysis_id": 17,
        "request_id": _REQUEST_ID,
        "status": "SUCCEEDED",
        "owner": "ada",
        "log_id": 1042,
        "service_name": "order-service",
        "environment": "production",
        "analysis_type": "error",
        "priority": "HIGH",
        "correlation_id": "c0ffee",
        "summary": "order-service cannot get database connections: its pool is exhausted.",
        "failure_class": "",
        "created_at": _WHEN,
        "updated_at": "2026-11-21T09:15:02.671Z",
        "finished_at": "2026-11-21T09:15:02.671Z",
    },
    response_only=True,
)
JOB_DETAIL = OpenApiExample(
    "A job",
    value=JOB.value
    | {
        "callback_topic": "analysis.result",
        "language": "en",
        "metadata": {"ticket": "OPS-4711"},
        "model": "rule-based/1",
        "failure_message": "",
        "attempts": [
            {
                "number": 1,
                "request_id": _REQUEST_ID,
                "worker": "host-1:4711",
                "created_at": _WHEN,
                "started_at": "2026-11-21T09:15:02.601Z",
                "lease_expires_at": None,
                "tries": 0,
                "finished_at": "2026-11-21T09:15:02.649Z",
                "outcome": "succeeded",
                "failure_class": "",
                "failure_message": "",
            }
        ],
    },
    response_only=True,
)
TIMELINE = OpenApiExample(
    "Queued",
    value={
        "id": 52,
        "at": "2026-11-21T09:15:02.447Z",
        "since_previous_seconds": 0.129,
        "event": "published",
        "from_status": "PENDING",
        "to_status": "QUEUED",
        "moved": True,
        "attempt": 1,
        "topic": "analysis.request",
        "partition": 2,
        "offset": 90,
        "actor": "outbox-relay",
        "note": "",
    },
    response_only=True,
)
LOG_ENTRY = OpenApiExample(
    "A log entry",
    value={
        "id": 1042,
        "service_name": "order-service",
        "environment": "production",
        "level": "ERROR",
        "logged_at": "2026-11-21T09:14:57.101Z",
        "source": "api",
        "created_at": _WHEN,
        "content": _LOG,
    },
    response_only=True,
)
LOG_SUMMARY = OpenApiExample(
    "A log entry",
    value={key: value for key, value in LOG_ENTRY.value.items() if key != "content"} | {"preview": _LOG},
    response_only=True,
)
NEW_LOG = OpenApiExample(
    "A new log entry",
    value={
        "content": _LOG,
        "service_name": "order-service",
        "environment": "production",
        "level": "ERROR",
        "logged_at": "2026-11-21T09:14:57.101Z",
    },
    request_only=True,
)
