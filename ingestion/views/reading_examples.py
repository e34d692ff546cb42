"""Examples of the OpenAPI document: what is read."""

from drf_spectacular.utils import OpenApiExample

_TOPIC = "events.page_view.v1"
_HTTP = {
    "source": "http",
    "accepted": 1180,
    "stored": 1178,
    "duplicate": 0,
    "dead_lettered": 2,
    "dropped": 0,
}
_COUNTS = {
    "counted": 1180,
    "stored": 1178,
    "duplicate": 0,
    "dead_lettered": 2,
    "dropped": 0,
    "by_source": [_HTTP],
}
_PARTITION = {
    "partition": 0,
    "start_offset": 0,
    "cursor": 81_220,
    "counted": 81_220,
    "first_offset": 0,
    "end_offset": 81_240,
    "in_flight": 20,
    "moved_at": "2026-11-21T09:59:58.120Z",
    "balanced": True,
}
_LEDGER = {
    "topic": _TOPIC,
    "group": "heimdall.clickhouse-writer",
    "from": "2026-11-21T09:00:00Z",
    "to": "2026-11-21T10:00:00Z",
    "balanced": True,
    "problems": [],
    "in_flight": 20,
    "broker": {"answers": True, "detail": ""},
    "partitions": [_PARTITION],
    "totals": {**_COUNTS, "dropped_by_rule": {}},
    "next": None,
    "results": [{"minute": "2026-11-21T09:59:00Z", "accepted": 1200, **_COUNTS}],
}
LEDGER = OpenApiExample("Balanced", value=_LEDGER, response_only=True)
LEDGER_ALONE = OpenApiExample(
    "While the broker is away, and with a partition that does not balance",
    value=_LEDGER
    | {
        "balanced": False,
        "problems": [
            {
                "partition": 0,
                "what": "the outcomes sum up to 81,219, the cursor has passed 81,220 records",
            }
        ],
        "in_flight": None,
        "broker": {
            "answers": False,
            "detail": "The broker does not answer (kafka: timed out): what is in flight is not known.",
        },
        "partitions": [
            _PARTITION
            | {
                "counted": 81_219,
                "first_offset": None,
                "end_offset": None,
                "in_flight": None,
                "balanced": False,
            }
        ],
        "results": [{"minute": "2026-11-21T09:59:00Z", "accepted": None, **_COUNTS}],
    },
    response_only=True,
)
LEDGER_EXPORT = [
    OpenApiExample(
        "CSV",
        value=(
            "minute,topic,partition,group,source,outcome,rule,count\r\n"
            f"2026-11-21T09:59:00+00:00,{_TOPIC},0,heimdall.clickhouse-writer,http,stored,,1178\r\n"
        ),
        response_only=True,
        media_type="text/csv",
    ),
    OpenApiExample(
        "JSON",
        value='{"minute":"2026-11-21T09:59:00Z","partition":0,"outcome":"stored","count":1178}\n',
        response_only=True,
        media_type="application/x-ndjson",
    ),
]
STATS = OpenApiExample(
    "Two minutes",
    value={
        "from": "2026-11-21T09:00:00Z",
        "to": "2026-11-21T09:02:00Z",
        "interval_seconds": 60,
        "events": 118,
        "records": 121,
        "duplicates": 3,
        "conflicts": 1,
        "by_type": {"view": 100, "like": 10, "dwell": 8},
        "top": [{"content_id": "article-17", "events": 61, "view": 50, "like": 6, "dwell": 5}],
        "points": [
            {"at": "2026-11-21T09:00:00Z", "events": 60, "view": 51, "like": 5, "dwell": 4},
            {"at": "2026-11-21T09:01:00Z", "events": 58, "view": 49, "like": 5, "dwell": 4},
        ],
    },
    response_only=True,
)
_COPY = {
    "topic": _TOPIC,
    "partition": 3,
    "offset": 81_219,
    "accepted_at": "2026-11-21T09:00:01.412Z",
    "same_body": True,
}
_EVENT = {
    "event_id": "01JD7Q0W8Z",
    "topic": _TOPIC,
    "partition": 3,
    "offset": 81_219,
    "accepted_at": "2026-11-21T09:00:01.412Z",
    "stored_at": "2026-11-21T09:00:02.108Z",
    "event": {
        "content_id": "article-17",
        "user_id": "u-204",
        "event_type": "dwell",
        "occurred_at": "2026-11-21T09:00:00.917Z",
        "dwell_ms": 5400,
        "props": {"device": "phone"},
    },
    "copies": [_COPY],
    "copies_complete": True,
    "conflicts": 0,
}
EVENT = OpenApiExample("Stored", value=_EVENT, response_only=True)
EVENT_IN_CONFLICT = OpenApiExample(
    "Came again with another body",
    value=_EVENT
    | {
        "copies": [
            _COPY,
            _COPY | {"offset": 82_003, "accepted_at": "2026-11-21T09:14:27.030Z", "same_body": False},
        ],
        "conflicts": 1,
    },
    response_only=True,
)
EVENTS_EXPORT = [
    OpenApiExample(
        "CSV",
        value="event_id,content_id,user_id,event_type\r\n01JD7Q0W8Z,article-17,u-204,dwell\r\n",
        response_only=True,
        media_type="text/csv",
    ),
    OpenApiExample(
        "JSON",
        value='{"event_id":"01JD7Q0W8Z","content_id":"article-17","props":{"device":"phone"}}\n',
        response_only=True,
        media_type="application/x-ndjson",
    ),
]
"""Shortened: a file has more columns."""
