#!/usr/bin/env python3
"""How many events a second does this installation take? Nothing but the standard library.

    python docs/examples/load_events.py [--batch 100] [--clients 16] [--seconds 10]

Each client keeps a connection and sends its next batch when it has its answer. HEIMDALL_URL, HEIMDALL_USER
and HEIMDALL_PASSWORD say where and as whom. The events are made up and are stored: not for an installation
whose figures somebody reads. It takes a core of its own; where the server shares the machine, both are
slower.
"""

import argparse
import base64
import http.client
import json
import os
import random
import time
from collections import Counter
from datetime import UTC, datetime
from multiprocessing import Pool
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

URL = os.environ.get("HEIMDALL_URL", "http://127.0.0.1:8000")
_who = f"{os.environ.get('HEIMDALL_USER', 'operator')}:{os.environ.get('HEIMDALL_PASSWORD', 'heimdall-demo')}"
HEADERS = {
    "Authorization": "Basic " + base64.b64encode(_who.encode()).decode(),
    "Content-Type": "application/json",
}


class Asked(NamedTuple):
    """What one client shall do."""

    seed: int
    batch: int
    seconds: float


def event(draw: random.Random) -> dict[str, object]:
    """A page view."""
    return {
        "event_id": str(uuid4()),
        "content_id": f"load-{draw.randrange(2_000)}",
        "user_id": f"u-{draw.randrange(100_000)}",
        "event_type": draw.choice(("view", "view", "view", "like")),
        "occurred_at": datetime.now(UTC).isoformat(),
        "props": {"source": "load test"},
    }


def client(asked: Asked) -> tuple[Counter[str], list[float]]:
    """Events by what became of them, and seconds of each request."""
    draw, told, waits = random.Random(asked.seed), Counter[str](), []  # noqa: S311
    parts = urlsplit(URL)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=30)
    end = time.monotonic() + asked.seconds
    while time.monotonic() < end:
        body = json.dumps([event(draw) for _ in range(asked.batch)])
        begun = time.monotonic()
        try:
            connection.request("POST", "/api/v1/ingest/events/batch", body, HEADERS)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            told[type(error).__name__] += asked.batch
            connection.close()
            continue
        waits.append(time.monotonic() - begun)
        told[str(answer.status)] += asked.batch
        if answer.status in {408, 429, 503}:
            time.sleep(float(answer.headers.get("Retry-After", "1")))
    connection.close()
    return told, waits


def main() -> None:
    """Load, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    chosen = parser.parse_args()
    asked = [Asked(seed, chosen.batch, chosen.seconds) for seed in range(chosen.clients)]
    with Pool(chosen.clients) as pool:
        results = pool.map(client, asked)
    told = sum((each for each, _ in results), Counter[str]())
    waits = sorted(wait for _, each in results for wait in each)
    print(f"{told['202'] / chosen.seconds:,.0f} events/s accepted; events by answer: {dict(told)}")
    if waits:
        half, most = waits[len(waits) // 2], waits[int(0.99 * (len(waits) - 1))]
        print(f"requests: p50 {1000 * half:.1f} ms, p99 {1000 * most:.1f} ms")


if __name__ == "__main__":
    main()
