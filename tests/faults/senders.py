"""Programs that send events to a web door and remember what they were told."""

import base64
import itertools
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from threading import Event, Lock, Thread
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from heimdall_project.accounts.models import User
from tests.people import PASSWORD

BASIC = "Basic " + base64.b64encode(f"sender:{PASSWORD}".encode()).decode()
ONE, MANY = "/api/v1/ingest/events", "/api/v1/ingest/events/batch"


def sender_account() -> None:
    """An account that may send, whom other processes see."""
    hashed = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-a-test", iterations=1000)  # as doors hash
    User.objects.create(username="sender", password=hashed, is_superuser=True)


def view(name: str) -> dict[str, Any]:
    """An event that fits."""
    return {
        "event_id": name,
        "content_id": f"c-{name}",
        "user_id": "u",
        "event_type": "view",
        "occurred_at": "2026-11-21T09:15:02Z",
    }


@dataclass
class Told:
    """What senders were told."""

    accepted: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    statuses: list[int] = field(default_factory=list)
    cut: int = 0
    """Requests without an answer."""
    slowest: float = 0.0
    retry_after: set[str | None] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def note(self, names: list[str], status: int, seconds: float, retry_after: str | None, body: Any) -> None:
        """Count one answer; only what a 202 calls accepted is."""
        with self.lock:
            self.statuses.append(status)
            self.slowest = max(self.slowest, seconds)
            if status == 202:
                items = body.get("items") or [body]
                self.accepted.update(each["event_id"] for each in items if each["status"] == "accepted")
            else:
                self.retry_after.add(retry_after)


def post(
    port: int, path: str, body: Any, *, client: HTTPConnection | None = None, timeout: float = 30
) -> Any:
    """One request: status, Retry-After, parsed answer."""
    connection = client or HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": BASIC, "Content-Type": "application/json"}
    try:
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Retry-After"], json.loads(answer.read())
    finally:
        if client is None:
            connection.close()


def _sent(told: Told, client: HTTPConnection, names: list[str]) -> int:
    """The status of one request, 0 without an answer."""
    with told.lock:
        told.sent.update(names)
    begun, many = time.monotonic(), [view(name) for name in names]
    try:
        answered = post(client.port, *((MANY, many) if len(many) > 1 else (ONE, many[0])), client=client)
    except (OSError, HTTPException, ValueError):
        with told.lock:
            told.cut += 1
        client.close()
        return 0
    status, retry_after, body = answered
    told.note(names, status, time.monotonic() - begun, retry_after, body)
    return int(status)


@contextmanager
def sending(port: int, *, senders: int = 6, batch: int = 1) -> Iterator[Told]:
    """While the block runs, so many send one request after the other."""
    told, stop, numbers = Told(), Event(), itertools.count()

    def run() -> None:
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as client:
            while not stop.is_set():
                names = [f"e{next(numbers)}" for _ in range(batch)]
                if _sent(told, client, names) != 202:
                    stop.wait(0.05)

    threads = [Thread(target=run, daemon=True) for _ in range(senders)]
    for each in threads:
        each.start()
    try:
        yield told
    finally:
        stop.set()
        for each in threads:
            each.join(40)
