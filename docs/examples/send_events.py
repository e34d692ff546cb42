#!/usr/bin/env python3
"""Send page views and leave none behind. Nothing but the standard library.

    python docs/examples/send_events.py events.ndjson          # an event a line
    … | python docs/examples/send_events.py - --stored         # wait until they are stored

Each event gets an `event_id` before it is sent for the first time, so that a batch can be sent again after a
503, a timeout or a broken connection, as often as it takes: what is stored already stays as it is. What does
not fit is printed to stderr with the path of each error, and is not sent again.

HEIMDALL_URL, HEIMDALL_USER and HEIMDALL_PASSWORD say where and as whom; the defaults are those of `make up`.
Exit code 0: all accepted; 1: some do not fit; 2: the server was not there for `--patience` seconds.
"""

import argparse
import base64
import http.client
import itertools
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

URL = os.environ.get("HEIMDALL_URL", "http://127.0.0.1:8000")
_who = f"{os.environ.get('HEIMDALL_USER', 'operator')}:{os.environ.get('HEIMDALL_PASSWORD', 'heimdall-demo')}"
AUTHORIZATION = "Basic " + base64.b64encode(_who.encode()).decode()


def named(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Events with ids of their own."""
    for line in lines:
        if line.strip():
            event = json.loads(line)
            event.setdefault("event_id", str(uuid4()))
            yield event


def send(batch: list[dict[str, Any]], *, durability: str, patience: float) -> dict[str, Any]:
    """The answer about a batch; the same bytes again for as long as there is none that is final."""
    body = json.dumps(batch).encode()
    headers = {"Authorization": AUTHORIZATION, "Content-Type": "application/json"}
    address = f"{URL}/api/v1/ingest/events/batch?durability={durability}"
    end = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=30) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except urllib.error.HTTPError as error:
            if error.code == 422:
                refused: dict[str, Any] = json.load(error)
                return refused
            if error.code not in {408, 429, 503}:
                raise
            wait = float(error.headers.get("Retry-After", "5"))
        except (OSError, http.client.HTTPException):  # also a connection that broke before the answer
            wait = 1.0
        if time.monotonic() + wait > end:
            raise TimeoutError(f"no answer that is final within {patience:.0f} s")
        time.sleep(wait)


def main() -> int:
    """Send, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", help="Events, one a line; - for standard input.")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--stored", action="store_true", help="Wait for that, 10 s a batch at most.")
    parser.add_argument("--patience", type=float, default=120.0)
    chosen = parser.parse_args()
    accepted = invalid = 0
    with sys.stdin if chosen.file == "-" else open(chosen.file, encoding="utf-8") as lines:
        for batch in itertools.batched(named(lines), chosen.batch):
            try:
                told = send(
                    list(batch), durability="stored" if chosen.stored else "kafka", patience=chosen.patience
                )
            except TimeoutError as error:
                print(error, file=sys.stderr)
                return 2
            accepted, invalid = accepted + told["accepted"], invalid + told["invalid"]
            for item in told["items"]:
                if item["status"] == "invalid":
                    print(json.dumps(item), file=sys.stderr)
            if told.get("receipt"):
                print(told["receipt"])
    print(f"{accepted} accepted, {invalid} do not fit", file=sys.stderr)
    return 1 if invalid else 0


if __name__ == "__main__":
    sys.exit(main())
