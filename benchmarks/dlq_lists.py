"""How fast lists, causes and figures of dead letters are answered among a million.

    python -m benchmarks.dlq_lists [--letters 1000000] [--times 40]

Each question is asked by HTTP through Django's test client (no network), as a viewer's pages ask it; told are
the median and the 95th percentile of its times. On a database of its own.
"""

import argparse
import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heimdall_project.settings")
os.environ.setdefault("DEBUG", "true")
os.environ.setdefault("LOG_LEVEL", "ERROR")

from benchmarks.own_database import drop_database, make_database, use_database

NAME = "bench_dlq_lists"
SERVER = use_database(NAME)

import django  # noqa: E402

django.setup()

from datetime import timedelta  # noqa: E402
from typing import Any  # noqa: E402

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from heimdall_project.accounts.models import User  # noqa: E402
from tests.integration.dlq_admin.crowd import make_crowd  # noqa: E402

AIM = 100.0
"""Milliseconds, at the 95th percentile."""


def questions(first: int) -> list[tuple[str, dict[str, Any]]]:
    """What pages ask; `first` is a cause of few and old letters."""
    week_ago = (timezone.now() - timedelta(days=7)).isoformat()
    return [
        ("", {}),
        ("", {"state": "PENDING"}),
        ("", {"state": ["PENDING", "FAILED_AGAIN"], "since": week_ago}),
        ("", {"cluster": first}),
        ("", {"cluster": first, "state": "PENDING"}),
        ("", {"cluster": first, "state": "FAILED_AGAIN"}),
        ("", {"error_class": "Error7"}),
        ("", {"error_class": "Error7", "state": "PENDING"}),
        ("", {"error_class": "Error7", "state": "REPROCESSED"}),
        ("", {"error_class": "Error7", "state": "FAILED_AGAIN"}),
        ("", {"topic": "topic-3", "group": "heimdall.worker-2"}),
        ("", {"disposition": "poison", "state": "PENDING"}),
        ("", {"until": week_ago, "disposition": "contract"}),
        ("", {"event_id": "e-77"}),
        ("/clusters", {"open": "true"}),
        ("/clusters", {"error_class": "Error7", "ordering": "first_seen"}),
        (f"/clusters/{first}", {}),
        ("/stats", {}),
    ]


def times_of(client: Client, path: str, query: dict[str, Any], times: int) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        assert client.get(f"/api/v1/dlq{path}", query_params=query).status_code == 200
        took.append(1000 * (time.perf_counter() - began))
    took.sort()
    return took[len(took) // 2], took[int(len(took) * 0.95)]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=40)
    asked = parser.parse_args()
    make_database(SERVER, NAME)
    with connection.cursor() as sql:
        sql.execute("SET statement_timeout = 0")
    first = make_crowd(letters=asked.letters)
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("b"))
    worst = 0.0
    for path, query in questions(first):
        median, high = times_of(client, path, query, asked.times)
        worst = max(worst, high)
        print(f"{median:>8.1f} ms {high:>8.1f} ms  GET /dlq{path} {query or ''}", flush=True)
    print(
        f"worst 95th percentile {worst:.1f} ms; the aim is {AIM:.0f}: {'met' if worst <= AIM else 'MISSED'}"
    )
    drop_database(SERVER, NAME)
    return 0


if __name__ == "__main__":
    sys.exit(main())
