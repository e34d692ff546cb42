"""Samples of the intake in the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample

from heimdall_project.api.problems import CONTENT_TYPE, TYPE_PREFIX

_RECEIPT = "AWkogGIUZXZlbnRzLnBhZ2Vfdmlldy52MQIB8S4AAA.C0L4X3m5iW6m0YQK8v0bM2b8oU7mE3V8y5m3vJ6c9fE"
_TOPIC = "events.page_view.v1"
_VIEW = {
    "event_id": "0b9f3a52-8a07-4a55-9a3c-0f3c6a1d2e77",
    "content_id": "article-1042",
    "user_id": "u-77",
    "event_type": "view",
    "occurred_at": "2026-11-21T09:15:02.318Z",
    "props": {"referrer": "home", "position": 3},
}
_DWELL = {
    "event_id": "5d0c2a3e-7f0e-4b43-8f5b-3f1e9d2b6a10",
    "content_id": "article-1042",
    "user_id": "u-77",
    "event_type": "dwell",
    "occurred_at": "2026-11-21T09:15:41.002Z",
    "dwell_ms": 38684,
}
VIEW = OpenApiExample("A view", value=_VIEW, request_only=True)
DWELL = OpenApiExample("A stay", value=_DWELL, request_only=True)
BATCH = OpenApiExample("An array", value=_VIEW, request_only=True, media_type="application/json")
LINES = OpenApiExample(
    "An event a line",
    value=(
        '{"content_id":"article-1042","user_id":"","event_type":"like","occurred_at":"2026-11-21T09:15:02Z"}'
        "\n"
    ),
    request_only=True,
    media_type="application/x-ndjson",
)
_ACCEPTED = {
    "event_id": _VIEW["event_id"],
    "status": "accepted",
    "topic": _TOPIC,
    "partition": 2,
    "offset": 6001,
    "durability": "kafka",
    "receipt": _RECEIPT,
}
ACCEPTED = OpenApiExample("Accepted", value=_ACCEPTED, response_only=True, status_codes=["202"])
_REACHED = {"stored": 1, "dead_lettered": 0, "in_flight": 0}
STORED = OpenApiExample(
    "Stored",
    value=_ACCEPTED | {"durability": "stored", "reached": _REACHED},
    response_only=True,
    status_codes=["200"],
)
_INVALID = {
    "index": 1,
    "status": "invalid",
    "event_id": _DWELL["event_id"],
    "errors": [{"path": "dwell_ms", "message": "It is only for events of type dwell."}],
}
_BATCH = {
    "accepted": 1,
    "invalid": 1,
    "unknown": 0,
    "refused": 0,
    "topic": _TOPIC,
    "durability": "kafka",
    "items": [
        {"index": 0, "status": "accepted", "event_id": _VIEW["event_id"], "partition": 2, "offset": 6001},
        _INVALID,
    ],
    "receipt": _RECEIPT,
}
ACCEPTED_BATCH = OpenApiExample("One of two fits", value=_BATCH, response_only=True, status_codes=["202"])
STORED_BATCH = OpenApiExample(
    "Stored",
    value=_BATCH | {"durability": "stored", "reached": _REACHED},
    response_only=True,
    status_codes=["200"],
)


def _problem(status: int, slug: str, title: str, detail: str, path: str, **more: object) -> OpenApiExample:
    value = {
        **more,
        "type": TYPE_PREFIX + slug,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"/api/v1/{path}",
        "request_id": "4f1c0c2f3b9a4d0f8f5f0a6d2f7e9b11",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
    return OpenApiExample(
        title, value=value, response_only=True, status_codes=[str(status)], media_type=CONTENT_TYPE
    )


NOTHING_FITS = _problem(
    422,
    "unprocessable",
    "Unprocessable",
    "No event of the batch fits; see `items`.",
    "ingest/events/batch",
    accepted=0,
    invalid=1,
    unknown=0,
    refused=0,
    topic=_TOPIC,
    durability="none",
    items=[_INVALID | {"index": 0}],
)
UNSURE = _problem(
    503,
    "unavailable",
    "Service unavailable",
    "The broker did not acknowledge it in time: it may be stored. Send it again with the same event_id.",
    "ingest/events",
    event_id=_VIEW["event_id"],
    outcome="unknown",
)
UNSURE_BATCH = _problem(
    503,
    "unavailable",
    "Service unavailable",
    "The broker did not acknowledge every event in time: they may be stored. Send the request again with "
    "the same event_ids.",
    "ingest/events/batch",
    accepted=0,
    invalid=0,
    unknown=1,
    refused=0,
    topic=_TOPIC,
    durability="none",
    items=[{"index": 0, "status": "unknown", "event_id": _VIEW["event_id"]}],
)
_PART = {"partition": 2, "first": 6001, "last": 6001, "events": 1, "passed": 1}
_ALL = {
    "topic": _TOPIC,
    "issued_at": "2026-11-21T09:15:02Z",
    "events": 1,
    "stored": 1,
    "dead_lettered": 0,
    "in_flight": 0,
    "parts": [_PART],
    "message": "All of them are stored.",
}
RECEIPTS = [
    OpenApiExample("Stored", value=_ALL, response_only=True),
    OpenApiExample(
        "Still in Kafka",
        value=_ALL
        | {
            "stored": 0,
            "in_flight": 1,
            "parts": [_PART | {"passed": 0}],
            "message": "1 of 1 wait for the writer.",
        },
        response_only=True,
    ),
]
