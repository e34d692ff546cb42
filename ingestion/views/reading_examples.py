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
