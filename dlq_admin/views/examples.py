"""Examples of the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_WHEN, _LATER = "2026-11-21T09:15:02.318Z", "2026-11-21T10:02:40.104Z"
_GROUP = "heimdall.clickhouse-writer"
_LETTER: dict[str, Any] = {
    "id": 4711,
    "state": "PENDING",
    "topic": "events.page_view.v1",
    "partition": 2,
    "offset": 90210,
    "group": _GROUP,
    "origin_known": True,
    "contested": False,
    "proven": True,
    "writer": "heimdall",
    "cluster": 12,
    "disposition": "contract",
    "error_class": "ContractViolation",
    "error_message": "dwell_ms: 90000000 is more than 86400000",
    "attempt": 1,
    "event_id": "0b9f3a52-8a07-4a55-9a3c-0f3c6a1d2e77",
    "correlation_id": "",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "key_text": "article-17",
    "size": 212,
    "failed_at": _WHEN,
    "moved_at": _WHEN,
}
_CLUSTER: dict[str, Any] = {
    "id": 12,
    "topic": "events.page_view.v1",
    "group": _GROUP,
    "disposition": "contract",
    "error_class": "ContractViolation",
    "message": "dwell_ms: <n> is more than <n>",
    "schema": "page_view/1",
    "total": 1842,
    "pending": 1790,
    "approved": 0,
    "reprocessing": 0,
    "published": 0,
    "resolved": 40,
    "failed_again": 2,
    "discarded": 10,
    "first_seen": "2026-11-21T08:59:11.020Z",
    "last_seen": _LATER,
    "sample": 4711,
    "resolved_by": 6,
    "resolved_at": "2026-11-20T16:40:00Z",
    "came_back": True,
}
_TREND = [{"at": "2026-11-21T09:00:00Z", "failures": 1201}, {"at": "2026-11-21T10:00:00Z", "failures": 641}]


def _answer(title: str, value: Any) -> OpenApiExample:
    return OpenApiExample(title, value=value, response_only=True, status_codes=["200"])


LETTER = _answer("A dead letter", _LETTER)
LETTER_DETAIL = _answer(
    "In detail",
    _LETTER
    | {
        "schema": "page_view/1",
        "stack_hash": "9f2c1c0d7a6b5e43",
        "worker": "clickhouse-writer",
        "worker_version": "0.1.0",
        "tries": 1,
        "first_failed_at": _WHEN,
        "original_at": _WHEN,
        "letter_topic": "events.page_view.v1.dlt",
        "letter_partition": 0,
        "letter_offset": 311,
        "redrive_id": "",
        "flaws": [],
        "rivals": [],
        "indexed_at": _WHEN,
    },
)
_NOTHING = {"encoding": "none", "content": None, "size": 0, "truncated": False}
_KEY = {"encoding": "utf-8", "content": "article-17", "size": 10, "truncated": False}


def _payload(user: str, *, masked: bool) -> dict[str, Any]:
    value = (
        f'{{"content_id": "article-17", "user_id": "{user}", "event_type": "dwell", "dwell_ms": 90000000}}'
    )
    return {
        "id": 4711,
        "masked": masked,
        "key": _KEY,
        "value": {"encoding": "utf-8", "content": value, "size": 94, "truncated": False},
        "headers": [
            {"name": "event_id", "encoding": "utf-8", "content": "e-1", "size": 3, "truncated": False},
            {"name": "empty", **_NOTHING},
        ],
        "headers_left_off": 0,
    }


PAYLOAD = _answer("Masked", _payload("<email#1>", masked=True))
PAYLOAD_PLAIN = _answer("As it came", _payload("ada@example.com", masked=False))
HISTORY = _answer(
    "Failed, and failed again",
    {
        "at": _WHEN,
        "event": "indexed",
        "from_state": "",
        "to_state": "PENDING",
        "attempt": 1,
        "actor": "dlq-indexer",
        "redrive_id": "",
        "topic": "events.page_view.v1.dlt",
        "partition": 0,
        "offset": 311,
        "note": "ContractViolation: dwell_ms: 90000000 is more than 86400000",
    },
)
CLUSTER = _answer("A cause", _CLUSTER)
CLUSTER_DETAIL = _answer(
    "With its trend",
    _CLUSTER
    | {
        "fingerprint": "7d67901bdd8bcdf8a8acb4740804fd9a",
        "stack_hash": "9f2c1c0d7a6b5e43",
        "last_hour": [{"at": "2026-11-21T10:02:00Z", "failures": 17}],
        "last_week": _TREND,
    },
)
STATS = _answer(
    "Some are open",
    {
        "total": 1900,
        "by_state": {
            "PENDING": 1848,
            "APPROVED": 0,
            "REPROCESSING": 0,
            "PUBLISHED": 0,
            "RESOLVED": 40,
            "FAILED_AGAIN": 2,
            "DISCARDED": 10,
        },
        "open_by_topic": {"events.page_view.v1": 1792, "analysis.request": 58},
        "open_by_disposition": {"contract": 1792, "poison": 58},
        "open_clusters": 3,
        "clusters_back": 1,
        "oldest_waiting_at": "2026-11-21T08:59:11.020Z",
        "contested_waiting": 0,
        "trend": _TREND,
    },
)

_HASH = "d6b8e2a6b5a0b6e5f6d2f1a4d7c3a8f0c1e9b2d4a5f6e7c8b9a0d1e2f3a4b5c6"
_BATCH: dict[str, Any] = {
    "id": 7,
    "state": "RUNNING",
    "note": "the first 5 are sent; they must have ended before more are",
    "reason": "The writer takes long dwell times since 0.2.0",
    "size": 1790,
    "set_hash": _HASH,
    "proposed_by": "omar",
    "approved_by": "ada",
    "second_approved_by": None,
    "needs_second": False,
    "change": "",
    "break_glass": False,
    "canary": 5,
    "rate": 100.0,
    "most_failures": 0.1,
    "most_lag": 100_000,
    "proposed_at": _WHEN,
    "approved_at": _LATER,
    "ended_at": None,
}
_PROGRESS = {"waiting": 1785, "under_way": 3, "resolved": 2, "failed": 0, "skipped": 0}
BATCH = _answer("A batch", _BATCH)
BATCH_DETAIL = OpenApiExample("With its progress", value=_BATCH | {"progress": _PROGRESS}, response_only=True)
BATCH_ITEM = _answer(
    "Resolved",
    {
        "id": 91,
        "letter": 4711,
        "attempt": 1,
        "redrive_id": "5d0c2a3e-7f0e-4b43-8f5b-3f1e9d2b6a10",
        "state": "RESOLVED",
        "note": "",
        "reference": "",
        "sent_at": _WHEN,
        "ended_at": _LATER,
    },
)


def _request(title: str, value: Any) -> OpenApiExample:
    return OpenApiExample(title, value=value, request_only=True)


REASON = _request("Why", {"reason": "The writer takes long dwell times since 0.2.0"})
APPROVE_MANY = _request("Two", {"ids": [4711, 4712], "reason": "Looked at both"})
APPROVED_MANY = _answer(
    "One was late",
    {"approved": [4711], "refused": [{"id": 4712, "status": 409, "detail": "It is DISCARDED."}]},
)
NEW_BATCH = _request(
    "By cause",
    {"filters": {"cluster": "12", "state": "PENDING"}, "reason": "The writer is repaired", "rate": 50.0},
)
APPROVE_BATCH = _request("For this set", {"reason": "Same cause, repaired", "set_hash": _HASH})
BREAK_GLASS = _request(
    "Alone, in an emergency",
    {"reason": "Nobody else is on duty", "set_hash": _HASH, "break_glass": True},
)
NEW_CHANGED_BATCH = _request(
    "With a transform",
    {"filters": {"cluster": "12"}, "reason": "Clients sent dwell_ms", "transform": "drop-stray-dwell/1"},
)
EDIT = _request(
    "Other bytes",
    {
        "reason": "The client sent minutes",
        "value": '{"content_id": "article-17", "user_id": "", "event_type": "dwell", "dwell_ms": 90000}',
    },
)
REPROCESS_MANY = _request(
    "What others approved", {"filters": {"state": "APPROVED", "cluster": "12"}, "reason": "Repaired"}
)
REPROCESSED = OpenApiExample(
    "One batch, one letter refused",
    value={
        "batches": [_BATCH],
        "refused": [{"id": 4712, "status": 403, "detail": "Who approved a letter cannot send it again."}],
    },
    response_only=True,
)
_PLACE = {
    "topic": "events.page_view.v1",
    "group": _GROUP,
    "consumer": "clickhouse-writer",
    "effects": "idempotent",
    "runs": True,
    "topic_exists": True,
}
_WRONG = [{"path": "$.dwell_ms", "rule": "must be at most 86400000"}]
TRIAL = _answer(
    "One fits, one does not",
    {
        "passing": 1,
        "failing": 1,
        "held_up": 0,
        "places": [_PLACE],
        "letters": [
            {
                "letter": number,
                "item": number - 4620,
                "topic": "events.page_view.v1",
                "group": _GROUP,
                "obstacle": "",
                "passes": passes,
                "violations": [] if passes else _WRONG,
                "by_target": False,
            }
            for number, passes in ((4711, True), (4712, False))
        ],
        "after": None,
    },
)
TRY_LETTERS = _request("With a transform", {"ids": [4711, 4712], "transform": "drop-stray-dwell/1"})
COMPARE_LETTERS = _request("A few", {"filters": {"cluster": "12"}, "transform": "drop-stray-dwell/1"})
COMPARISON = _answer(
    "Before and after",
    {
        "masked": True,
        "letters": [
            {
                "letter": 4711,
                "before": {
                    "encoding": "utf-8",
                    "content": '{"content_id":"a","user_id":"","event_type":"view","dwell_ms":7}',
                    "size": 64,
                    "truncated": False,
                },
                "after": {
                    "encoding": "utf-8",
                    "content": '{"content_id":"a","user_id":"","event_type":"view"}',
                    "size": 51,
                    "truncated": False,
                },
                "passes": True,
                "violations": [],
            }
        ],
        "after": None,
    },
)
TRANSFORM = _answer(
    "A transform",
    {
        "transform": "drop-stray-dwell/1",
        "topic": "events.page_view.v1",
        "meaning": "Takes `dwell_ms` off events that are no dwell.",
    },
)
CLEAN_UP = _request(
    "Count what is older than a quarter",
    {"reason": "Room is short", "payloads_older_than_days": 30, "rows_older_than_days": 90, "dry_run": True},
)
CLEANED = _answer("Counted", {"dry_run": True, "payloads": 1202, "rows": 88, "more": False})


def _files(csv: str, line: str) -> list[OpenApiExample]:
    return [
        OpenApiExample("CSV", value=csv, response_only=True, media_type="text/csv"),
        OpenApiExample("JSON", value=line, response_only=True, media_type="application/x-ndjson"),
    ]


LETTERS_FILE = _files(
    "id,state,topic\r\n4711,PENDING,events.page_view.v1\r\n",
    '{"id":4711,"state":"PENDING","topic":"events.page_view.v1"}\n',
)
REPORT_FILE = _files("letter,outcome\r\n4711,RESOLVED\r\n", '{"letter":4711,"outcome":"RESOLVED"}\n')
"""Shortened: a file has more columns."""
