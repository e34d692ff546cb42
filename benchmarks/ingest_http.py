"""Events by HTTP, acknowledged by Kafka, beside what one would write without Heimdall.

    python -m benchmarks.ingest_http [--sizes 1,100,500] [--rounds 3] [--seconds 4] [--only NAME]

Ours is the web door as it ships (granian, one process, eight requests at a time, `LOG_LEVEL` INFO):
middleware, Basic authentication, strict checks, receipts. The bare view and the serializer view are Django
projects without middleware in the same server (eight threads), with the same producer; FastAPI has uvicorn,
uvloop and aiokafka, one process. All send to one topic of six partitions with acks=all, linger 1 ms and the
same compression. Sides take turns, the median round counts. A side whose topic holds fewer events than it
acknowledged scores zero.

CPU-seconds are of the server's processes; those of Kafka and of the clients stand beside them.
"""

import argparse
import base64
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

NAME = "bench_ingest_http"
os.environ["DJANGO_SETTINGS_MODULE"] = "heimdall_project.settings"
os.environ.setdefault("SECRET_KEY", "a-key-for-a-benchmark-only-that-is-long-and-random-enough-0123456789")
os.environ.setdefault("KAFKA_COMPRESSION", "lz4")
os.environ.setdefault("LOG_LEVEL", "INFO")
os.environ["KAFKA_TOPIC_PREFIX"] = f"bench-{uuid4().hex[:6]}."

from benchmarks.own_database import drop_database, make_database, use_database  # noqa: E402

_server = use_database(NAME)

import django  # noqa: E402

django.setup()

from benchmarks.cpu import Meter, seconds_of  # noqa: E402
from benchmarks.job_http import answers  # noqa: E402
from benchmarks.job_sides import PEERS, ROOT, until  # noqa: E402
from docker.local.stack import named_stack  # noqa: E402
from heimdall_project.accounts.models import User  # noqa: E402
from heimdall_project.streams import broker, topics  # noqa: E402
from heimdall_project.streams.topics import Topic  # noqa: E402
from tests.integration.platform.doors import free_port  # noqa: E402

CLIENTS = 16
PASSWORD = "bench-password-1"  # noqa: S105 - of a database that lives for minutes
BASIC = base64.b64encode(f"bench:{PASSWORD}".encode()).decode()
GRANIAN = (str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--workers", "1")
THREADS = ("--http", "1", "--blocking-threads", "96", "--no-access-log")
WORKING = ("--blocking-threads", "8", "--no-access-log")
DJANGO = (*GRANIAN, *WORKING, "benchmarks.http_peers.django_app:application", "--port")
UVICORN = (str(PEERS / "uvicorn"), "--no-access-log", "benchmarks.http_peers.fastapi_app:app", "--port")


class Side(NamedTuple):
    """A server, and where it takes one event and many."""

    name: str
    command: Sequence[str]
    one: str
    many: str
    headers: tuple[str, ...] = ()


SIDES = (
    Side(
        "Heimdall",
        (*GRANIAN, *THREADS, "heimdall_project.wsgi:application", "--port"),
        "/api/v1/ingest/events",
        "/api/v1/ingest/events/batch",
        (f"Authorization: Basic {BASIC}",),
    ),
    Side("bare Django view", DJANGO, "/bare", "/bare"),
    Side("FastAPI, aiokafka", UVICORN, "/events", "/events"),
    Side("serializer view", DJANGO, "/serializer", "/serializer"),
)


class Round(NamedTuple):
    """One run of one side."""

    rate: float
    """Acknowledged events a second; 0 if any of them is not in the topic."""
    p50: float
    p99: float
    server: float
    kafka: float
    clients: float
    """CPU-seconds per million events."""


@contextmanager
def served(side: Side) -> Iterator[tuple[int, int]]:
    """The server of a side: port and process id."""
    port = free_port()
    environment = {**os.environ, "BENCH_TOPIC": topics.physical(Topic.PAGE_VIEWS), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*side.command, str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: answers(port))
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def loaded(port: int, side: Side, events: int, seconds: float) -> list[str]:
    """What the clients say, in a process of their own."""
    path = side.one if events == 1 else side.many
    asked = [str(port), path, str(events), str(CLIENTS), str(seconds), *side.headers]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.http_load", *asked],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.split(maxsplit=6)


def in_topic() -> int:
    """Events in the topic."""
    extent = broker.admin().extent(Topic.PAGE_VIEWS, timeout=10)
    return sum(end - first for first, end in extent.offsets.values()) if extent else 0


def measured(side: Side, port: int, pid: int, events: int, seconds: float, kafka: int) -> Round:
    """One run."""
    before = in_topic()
    meter = Meter({"server": lambda: seconds_of([pid]), "kafka": lambda: seconds_of([kafka])})
    took, answered, failed, p50, p99, clients, *sample = loaded(port, side, events, seconds)
    spent, count = meter.read(), int(answered) * events
    if int(failed):
        print(f"{side.name}: {failed} requests failed: {sample}", file=sys.stderr)
    whole = in_topic() - before >= count
    millions = max(count, 1) / 1e6
    return Round(
        rate=count / float(took) if whole else 0.0,
        p50=float(p50),
        p99=float(p99),
        server=spent["server"] / millions,
        kafka=spent["kafka"] / millions,
        clients=float(clients) / millions,
    )


def table(events: int, rounds: Mapping[str, Sequence[Round]]) -> None:
    """The median of each side, beside ours."""
    medians = {name: statistics.median(each.rate for each in runs) for name, runs in rounds.items()}
    ours = medians.get("Heimdall", 0.0)
    print(f"{events} event(s) a request; CPU-seconds per million events")
    for name, runs in rounds.items():
        rate = medians[name]
        spread = f"{min(each.rate for each in runs):,.0f} to {max(each.rate for each in runs):,.0f}"
        one = min(runs, key=lambda each: abs(each.rate - rate))
        beside = ours / rate if rate else 0.0
        print(
            f"  {name:18} {rate:9,.0f} events/s ({spread})  Heimdall / this {beside:5.2f}  "
            f"p50 {one.p50:6.1f} ms  p99 {one.p99:6.1f} ms  CPU {one.server:7.1f}  "
            f"(Kafka {one.kafka:.1f}, clients {one.clients:.1f})"
        )


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", default="1,100,500", help="Events a request.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", default="", help="Part of the names of sides; several with commas.")
    parser.add_argument("--instance", default="test")
    chosen = parser.parse_args()
    wanted = chosen.only.lower().split(",")
    sides = [side for side in SIDES if any(part in side.name.lower() for part in wanted)]
    record = named_stack(chosen.instance).kafka.record()
    assert record is not None, "Kafka does not run: make services-up INSTANCE=test"
    make_database(_server, NAME)
    try:
        User.objects.create_superuser("bench", password=PASSWORD)
        broker.admin().create([topics.spec(Topic.PAGE_VIEWS)])
        for events in map(int, chosen.sizes.split(",")):
            table(events, turns(sides, events, chosen.rounds, chosen.seconds, record.pid))
    finally:
        broker.admin().delete([Topic.PAGE_VIEWS])
        drop_database(_server, NAME)
    print("aims: 0.6 of the bare view; 1.5 x FastAPI at 100; 8 x the serializer view at 500")


def turns(
    sides: Sequence[Side], events: int, rounds: int, seconds: float, kafka: int
) -> dict[str, list[Round]]:
    """Every side in turn; each warms up before it is measured."""
    results: dict[str, list[Round]] = {side.name: [] for side in sides}
    for number in range(rounds):
        for side in sides:
            with served(side) as (port, pid):
                loaded(port, side, events, 1.0)
                results[side.name].append(run := measured(side, port, pid, events, seconds, kafka))
            print(f"round {number + 1}: {side.name:18} {run.rate:10,.0f} events/s", file=sys.stderr)
    return results


if __name__ == "__main__":
    main()
