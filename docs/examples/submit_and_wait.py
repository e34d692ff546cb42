#!/usr/bin/env python3
"""Ask for an analysis, follow it live, and print its result. Nothing but the standard library.

    python docs/examples/submit_and_wait.py app.log --service orders --environment production

HEIMDALL_URL, HEIMDALL_STREAM_URL, HEIMDALL_USER and HEIMDALL_PASSWORD say where and as whom; the
defaults are those of `make up`. Exit code 0: it succeeded; 1: it failed or was cancelled; 2: refused.
"""

import argparse
import base64
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

URL = os.environ.get("HEIMDALL_URL", "http://127.0.0.1:8000")
STREAM_URL = os.environ.get("HEIMDALL_STREAM_URL", "http://127.0.0.1:8001")
_who = f"{os.environ.get('HEIMDALL_USER', 'operator')}:{os.environ.get('HEIMDALL_PASSWORD', 'heimdall-demo')}"
AUTHORIZATION = "Basic " + base64.b64encode(_who.encode()).decode()
ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}


def call(path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    """One call of the API. 503 and 429 say when to come back; every other error is a problem to show."""
    data = None if body is None else json.dumps(body).encode()
    headers |= {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
    while True:
        request = urllib.request.Request(URL + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code not in {429, 503}:
                raise
            time.sleep(int(error.headers.get("Retry-After", "5")))


def events(analysis_id: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Lines of the timeline as they come; goes on where it was when the connection breaks."""
    seen = ""
    while True:
        headers = {"Authorization": AUTHORIZATION} | ({"Last-Event-ID": seen} if seen else {})
        request = urllib.request.Request(f"{STREAM_URL}/stream/jobs/{analysis_id}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as stream:
                if stream.status == 204:  # all was told before
                    return
                fields: dict[str, str] = {}
                for raw in stream:
                    name, _, value = raw.decode().rstrip("\n").partition(": ")
                    if name:
                        fields[name] = value
                        continue
                    if "data" in fields:
                        seen = fields.get("id", seen)
                        if fields["event"] == "end":
                            return
                        yield fields["event"], json.loads(fields["data"])
                    fields = {}
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError) and error.code not in {429, 503}:
                raise
        time.sleep(2)


def main() -> int:
    """Submit, follow, print."""
    arguments = argparse.ArgumentParser(description="Ask for an analysis and wait for it.")
    arguments.add_argument("file", type=argparse.FileType(encoding="utf-8", errors="replace"))
    arguments.add_argument("--service", required=True)
    arguments.add_argument("--environment", required=True)
    asked = arguments.parse_args()
    body = {
        "log_content": asked.file.read(),
        "service_name": asked.service,
        "environment": asked.environment,
    }
    # The same log makes the same job: this can be run again after any failure.
    key = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    try:
        accepted = call("/api/v1/analysis/request", body, **{"Idempotency-Key": key})
        analysis_id = accepted["analysis_id"]
        for event, line in events(analysis_id):
            print(f"{event}: {line.get('to_status', line.get('detail', ''))}", file=sys.stderr)
        result = call(f"/api/v1/analysis/result/{analysis_id}")
    except urllib.error.HTTPError as error:
        print(error.read().decode(), file=sys.stderr)  # problem+json: what is wrong, and in which field
        return 2
    print(json.dumps(result, indent=2, ensure_ascii=False))
    return 0 if result["status"] == "SUCCEEDED" else 1


if __name__ == "__main__":
    sys.exit(main())
