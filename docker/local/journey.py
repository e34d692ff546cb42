"""The way of one job through the whole system, as a client sees it: ask by HTTP, wait for SUCCEEDED."""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import StackError
from .process import wait_for

_ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
SAMPLE = {
    "service_name": "checkout",
    "environment": "demo",
    "log_content": (
        "2025-03-04T09:12:01Z INFO checkout started, pool size 10\n"
        "2025-03-04T09:12:44Z ERROR payment: connection to db-primary:5432 refused, attempt 1 of 3\n"
        "2025-03-04T09:12:46Z ERROR payment: connection to db-primary:5432 refused, attempt 2 of 3\n"
        "2025-03-04T09:12:50Z ERROR payment: giving up order 8841 after 3 attempts\n"
    ),
}


@dataclass(frozen=True)
class Client:
    """The API of one instance, spoken with basic authentication."""

    url: str
    user: str
    password: str

    def call(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        """One JSON request; StackError with the answer's text if the status is not 2xx."""
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310 - always http to the loopback
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
                return dict(json.load(answer))
        except urllib.error.HTTPError as refusal:
            text = refusal.read().decode(errors="replace")[:2000]
            raise StackError(f"{method} {path} answered {refusal.code}: {text}") from refusal
        except OSError as problem:
            raise StackError(f"{method} {path} failed: {problem}") from problem


def answers(url: str) -> bool:
    """True if a GET on ``url`` gives an answer with a status below 500."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310
            return True
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code < 500
    except OSError:
        return False


def drive_job(client: Client, timeout: float = 90, meanwhile: Callable[[], None] = lambda: None) -> str:
    """Send one log for analysis and wait for its result; returns a line about it.

    ``meanwhile`` is called at each look and may raise, when waiting has become pointless.
    """
    begun = time.monotonic()
    job = client.call("POST", "/api/v1/analysis/request", SAMPLE)["analysis_id"]
    status = ""

    def has_ended() -> bool:
        nonlocal status
        meanwhile()
        status = str(client.call("GET", f"/api/v1/jobs/{job}")["status"])
        return status in _ENDED

    if not wait_for(has_ended, timeout, interval=0.5):
        raise StackError(f"job {job} is still {status} after {timeout:g} s")
    if status != "SUCCEEDED":
        detail = json.dumps(client.call("GET", f"/api/v1/jobs/{job}"), indent=2)
        raise StackError(f"job {job} ended {status}:\n{detail}")
    seconds = time.monotonic() - begun
    return (
        f"job {job} SUCCEEDED in {seconds:.1f} s{_said(client.call('GET', f'/api/v1/analysis/result/{job}'))}"
    )


def _said(job: dict[str, Any]) -> str:
    """Which engine answered, and what."""
    result = job.get("analysis_result") or {}
    if not job.get("model"):
        return ""
    return f", answered by {job['model']}: {result.get('severity')}, {result.get('summary')}"
