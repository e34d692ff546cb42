"""Examples of the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

_WHEN = "2026-11-21T09:15:02.318Z"
_REQUEST_ID = "0b9f3a52-8a07-4a55-9a3c-0f3c6a1d2e77"
_NEW_REQUEST_ID = "5d0c2a3e-7f0e-4b43-8f5b-3f1e9d2b6a10"
_TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
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
    status_codes=["202"],
)
ACCEPTED_BEFORE = OpenApiExample(
    "Repeated",
    value=ACCEPTED.value
    | {"message": "The analysis was accepted before; its result will stand at /api/v1/analysis/result/17."},
    response_only=True,
    status_codes=["200"],
)
_RESULT = {
    "analysis_id": 17,
    "request_id": _REQUEST_ID,
    "status": "SUCCEEDED",
    "message": "Done.",
    "log_id": 1042,
    "correlation_id": "c0ffee",
    "trace_id": _TRACE_ID,
    "attempt": 1,
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
    "from_cache": False,
    "computed_at": "2026-11-21T09:15:02.642Z",
    "bifrost_analysis_id": 23,
    "duration_seconds": 0.041,
    "created_at": _WHEN,
    "finished_at": "2026-11-21T09:15:02.671Z",
}
_NO_RESULT = {
    "analysis_result": None,
    "model": "",
    "computed_at": None,
    "bifrost_analysis_id": None,
    "duration_seconds": None,
}
_FAILURE = {
    "failure_class": "no_evidence",
    "message": "Nothing in the log points to a fault.",
    "meaning": "The log is empty, or holds nothing that an analysis could stand on.",
    "next_step": "Submit a log that contains the fault; a redrive would fail the same way.",
    "redrive_helps": False,
}
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
        "failure": _FAILURE,
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
        "trace_id": _TRACE_ID,
        "summary": "order-service cannot get database connections: its pool is exhausted.",
        "from_cache": False,
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
        "bifrost_analysis_id": 23,
        "duration_seconds": 0.041,
        "from_cache": False,
        "computed_at": "2026-11-21T09:15:02.642Z",
        "failure_message": "",
        "failure": None,
        "attempts": [
            {
                "number": 1,
                "request_id": _REQUEST_ID,
                "origin": "submitted",
                "previous": None,
                "round_try": 1,
                "begun_by": "ada",
                "reason": "",
                "due_at": None,
                "worker": "host-1:4711",
                "created_at": _WHEN,
                "started_at": "2026-11-21T09:15:02.601Z",
                "lease_expires_at": None,
                "tries": 0,
                "finished_at": "2026-11-21T09:15:02.649Z",
                "outcome": "succeeded",
                "failure_class": "",
                "failure_message": "",
                "usage": None,
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
        "trace_id": _TRACE_ID,
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
REASON_TO_CANCEL = OpenApiExample("A reason", value={"reason": "The fault is understood."}, request_only=True)
CANCELLED = OpenApiExample(
    "Cancelled",
    value=JOB_DETAIL.value
    | {
        "status": "CANCELLED",
        "summary": "",
        "model": "",
        "bifrost_analysis_id": None,
        "duration_seconds": None,
        "computed_at": None,
        "attempts": [
            JOB_DETAIL.value["attempts"][0]
            | {"started_at": None, "worker": "", "outcome": "cancelled", "lease_expires_at": None}
        ],
    },
    response_only=True,
)
REASON_TO_REDRIVE = OpenApiExample(
    "A reason", value={"reason": "The model endpoint is back, see OPS-4711."}, request_only=True
)
_REDRIVEN = {
    "analysis_id": 17,
    "request_id": _NEW_REQUEST_ID,
    "attempt": 2,
    "status": "PENDING",
    "message": "Attempt 2 was begun; its result will stand at /api/v1/analysis/result/17.",
}
REDRIVEN = OpenApiExample("A new attempt", value=_REDRIVEN, response_only=True, status_codes=["202"])
REDRIVEN_BEFORE = OpenApiExample(
    "Repeated",
    value=_REDRIVEN
    | {"message": "Attempt 2 was begun before; its result will stand at /api/v1/analysis/result/17."},
    response_only=True,
    status_codes=["200"],
)
REDRIVE_PREVIEW = OpenApiExample(
    "Preview",
    value={"filters": {"status": ["FAILED"], "service": "order-service"}, "dry_run": True},
    request_only=True,
)
REDRIVE_MANY = OpenApiExample(
    "By id", value={"ids": [17, 18], "reason": "The model endpoint is back."}, request_only=True
)
_PREVIEW = {
    "dry_run": True,
    "redrivable": 1,
    "groups": [
        {
            "status": "FAILED",
            "failure_class": "model_unavailable",
            "jobs": 1,
            "meaning": "The model's endpoint was away or overloaded for longer than its deadline.",
            "hint": "Look at the endpoint, its key and the model's name. Redrive when it answers again.",
            "redrive_helps": True,
            "sample": [
                {
                    "analysis_id": 17,
                    "failure_message": "The endpoint gave no answer for 15 minutes.",
                    "finished_at": "2026-11-21T09:30:02.671Z",
                }
            ],
        }
    ],
    "left_alone": {},
    "redriven": [],
    "refused": [],
    "remaining": 0,
}
REDRIVE_ANSWERS = (
    OpenApiExample("Preview", value=_PREVIEW, response_only=True),
    OpenApiExample(
        "Sent again",
        value=_PREVIEW
        | {
            "dry_run": False,
            "redriven": [_REDRIVEN],
            "left_alone": {"SUCCEEDED": 1},
            "refused": [{"analysis_id": 18, "status": 409, "detail": "The job has its result: SUCCEEDED."}],
        },
        response_only=True,
    ),
)
STATS = OpenApiExample(
    "An hour in two points",
    value={
        "since": "2026-11-21T09:00:00Z",
        "until": "2026-11-21T10:00:00Z",
        "total": 120,
        "complete": True,
        "by_status": {
            "PENDING": 0,
            "QUEUED": 4,
            "RUNNING": 2,
            "SUCCEEDED": 109,
            "FAILED": 5,
            "CANCELLED": 0,
        },
        "by_failure_class": {"no_evidence": 3, "model_timeout": 2},
        "by_service": [{"service_name": "order-service", "jobs": 120}],
        "open": {"PENDING": 0, "QUEUED": 4, "RUNNING": 2},
        "oldest_open_at": "2026-11-21T09:59:48.120Z",
        "step_seconds": 1800,
        "throughput": [
            {
                "at": "2026-11-21T09:00:00Z",
                "submitted": 50,
                "succeeded": 48,
                "failed": 2,
                "cancelled": 0,
                "p50_seconds": 0.31,
                "p95_seconds": 1.9,
            },
            {
                "at": "2026-11-21T09:30:00Z",
                "submitted": 70,
                "succeeded": 61,
                "failed": 3,
                "cancelled": 0,
                "p50_seconds": 0.29,
                "p95_seconds": 1.7,
            },
        ],
    },
    response_only=True,
)
_CSV = "analysis_id,request_id,status,owner\r\n17,0b9f3a52-8a07-4a55-9a3c-0f3c6a1d2e77,SUCCEEDED,ada\r\n"
_LOGS_CSV = "id,service_name,environment,level\r\n1042,order-service,production,ERROR\r\n"
EXPORTS = {
    "jobs": [
        OpenApiExample("CSV", value=_CSV, response_only=True, media_type="text/csv"),
        OpenApiExample(
            "JSON",
            value='{"analysis_id":17,"status":"SUCCEEDED","owner":"ada"}\n',
            response_only=True,
            media_type="application/x-ndjson",
        ),
    ],
    "logs": [
        OpenApiExample("CSV", value=_LOGS_CSV, response_only=True, media_type="text/csv"),
        OpenApiExample(
            "JSON",
            value='{"id":1042,"service_name":"order-service","level":"ERROR"}\n',
            response_only=True,
            media_type="application/x-ndjson",
        ),
    ],
}
"""Shortened: a file has more columns."""
