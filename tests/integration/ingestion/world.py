"""Events to send, who sends them, and what the topic then holds."""

import base64
import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

from django.test import Client

from heimdall_project.streams.broker import scan
from heimdall_project.streams.records import Record
from heimdall_project.streams.topics import Topic
from tests.people import PASSWORD

JSON, LINES = "application/json", "application/x-ndjson"
ONE, MANY = "/api/v1/ingest/events", "/api/v1/ingest/events/batch"
BASIC = {"Authorization": "Basic " + base64.b64encode(f"omar:{PASSWORD}".encode()).decode()}


def view(**members: Any) -> dict[str, Any]:
    """An event that fits."""
    return {
        "event_id": str(uuid4()),
        "content_id": "c-1",
        "user_id": "u-1",
        "event_type": "view",
        "occurred_at": "2026-11-21T09:15:02.318Z",
    } | members


def send(body: Any, path: str = ONE, *, kind: str = JSON, **headers: str) -> Any:
    """POST as Omar, as a program does: with a password and without cookies."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = Client(raise_request_exception=False)
    return client.post(path, raw, content_type=kind, headers=BASIC | headers)


def held() -> list[Record]:
    """What the topic holds, by partition and offset."""
    return sorted(scan(Topic.PAGE_VIEWS, since_ms=0, timeout=30), key=lambda r: (r.partition, r.offset))


def values() -> list[bytes]:
    """Values that the topic holds, sorted."""
    return sorted(record.value or b"" for record in held())


def view_bytes(name: str) -> bytes:
    """An event that fits, as one line."""
    return json.dumps(view(event_id=name), separators=(",", ":")).encode()


def send_to(port: int, body: bytes, path: str = ONE) -> bytes:
    """POST to a real door; the answer as it came."""
    client = HTTPConnection("127.0.0.1", port, timeout=20)
    with closing(client):
        client.request("POST", path, body, BASIC | {"Content-Type": JSON})
        answer = client.getresponse()
        return f"HTTP/1.1 {answer.status} ".encode() + answer.read()
