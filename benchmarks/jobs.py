"""What a job costs from its commit to its end, beside the job queues that others use.

    make bench-jobs [COUNT=20000] [ROUNDS=2]
    python -m benchmarks.jobs [--count 20000] [--rounds 2] [--only NAME] [--latency SECONDS]

Drain: so many jobs are committed beforehand; ours with attempts, timeline and request events, those of others
with their queue filled. Ours begins when the relay takes its lease (worker and result consumer stand ready),
the others begin with their first finished row (their start is left out); all end when every row is SUCCEEDED.
The peer's task is the same kind of row update in the same database. Sides take turns; the best round counts.

CPU-seconds are of each side's processes, and of this database's sessions; Kafka and Redis as a whole.
Latency is an open loop of 50 jobs a second, from the call that submits to the row that a reader sees.
"""

import argparse
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from benchmarks.own_database import drop_database, make_database, use_database

NAME = "bench_jobs"
_RUN = f"bench-{uuid4().hex[:6]}."
os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.noop.settings"
os.environ.setdefault("SECRET_KEY", "a-key-for-a-benchmark-only-that-is-long-and-random-enough-0123456789")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ["KAFKA_TOPIC_PREFIX"] = os.environ["KAFKA_GROUP_PREFIX"] = _RUN
_server = use_database(NAME)
_redis = urlsplit(os.environ["REDIS_URL"])._replace(path="/9").geturl()

import django  # noqa: E402

django.setup()

from benchmarks.cpu import Backends, Meter, seconds_of  # noqa: E402
from benchmarks.job_http import http_rate  # noqa: E402
from benchmarks.job_rows import ask, empty, succeeded  # noqa: E402
from benchmarks.job_sides import Ours, Peer, peers, until  # noqa: E402
from docker.local.stack import named_stack  # noqa: E402
from heimdall_project.streams import broker, topics  # noqa: E402
from heimdall_project.streams.topics import Topic  # noqa: E402

TOPICS = [Topic.ANALYSIS_REQUEST, Topic.ANALYSIS_RESULT, Topic.DLQ_FAILED]
RATE = 50.0
PATIENCE = 30
"""Seconds that are looked for after the last job was due."""
_STEPS = """
SELECT before, event, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM at - since))
FROM (
    SELECT event, at, lag(event) OVER of_job AS before, lag(at) OVER of_job AS since, job_id
    FROM job_transitions WHERE event <> 'published' WINDOW of_job AS (PARTITION BY job_id ORDER BY at)
) AS steps WHERE before IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 10 ORDER BY min(at)
"""
type Side = Ours | Peer


class Drained(NamedTuple):
    """One drain: rates in jobs a second, CPU-seconds a thousand jobs by part."""

    rate: float
    enqueued: float
    cpu: dict[str, float]


def services(instance: str) -> dict[str, Callable[[], float]]:
    """Readers of the CPU time of what all share."""
    stack = named_stack(instance)
    records = {"Kafka": stack.kafka.record(), "Redis": stack.redis.record()}
    return {name: lambda pid=each.pid: seconds_of([pid]) for name, each in records.items() if each}


def topics_made(make: bool) -> None:
    """Topics of this run alone, new for every drain."""
    if make:
        broker.admin().create([topics.spec(name) for name in TOPICS])
    else:
        broker.admin().delete(TOPICS)


def drain(side: Side, count: int, shared: dict[str, Callable[[], float]]) -> Drained:
    """Fill, start, wait until every row is SUCCEEDED."""
    empty()
    topics_made(True)
    enqueued = side.prepare(count)
    with side.workers() as parts:
        side.begin()
        begun, done = time.monotonic(), succeeded()
        meter = Meter({**parts, "PostgreSQL": Backends(), **shared})
        until(lambda: _is_through(count, meter), seconds=600)
        seconds, cpu = time.monotonic() - begun, meter.read()
    topics_made(False)
    left = count - done
    return Drained(left / seconds, enqueued, {part: 1000 * spent / left for part, spent in cpu.items()})


def _is_through(count: int, meter: Meter) -> bool:
    done = succeeded()
    if done < 0.95 * count:
        meter.read()
        time.sleep(0.2)  # looking costs too
    return done == count


def latency(side: Side, seconds: float) -> tuple[float, float]:
    """p50 and p99 in milliseconds from the call that submits to the row that a reader sees.

    A job that has not ended when nobody looks any more counts as infinitely late.
    """
    empty()
    topics_made(True)
    count = int(seconds * RATE)
    side.prepare(1 if isinstance(side, Ours) else count + 1)
    with side.workers():
        if isinstance(side, Ours):
            until(lambda: succeeded() == 1)
        else:
            until(lambda: succeeded() == count + 1)
            ask("UPDATE analysis_jobs SET status = 'PENDING', finished_at = NULL")
        seen = dict(ask("SELECT id, 0.0 FROM analysis_jobs WHERE finished_at IS NOT NULL"))
        more = len(seen) + count + isinstance(side, Ours)  # ours submits one to warm up
        with side.submitting(count, RATE) as process:
            look = "SELECT id FROM analysis_jobs WHERE status = 'SUCCEEDED' AND id <> ALL(%s)"
            end = time.monotonic() + seconds + PATIENCE
            while len(seen) < more and time.monotonic() < end:
                now = time.time()
                seen.update({job: now for (job,) in ask(look, list(seen))})
                time.sleep(0.002)
            asked = dict(line.split() for line in process.communicate()[0].splitlines() if line)
    topics_made(False)
    if isinstance(side, Ours):
        told = ", ".join(f"{a} to {b} {1000 * wait:.0f} ms" for a, b, wait in ask(_STEPS))
        print(f"medians by the timeline: {told}")
    waits = sorted(1000 * (seen.get(int(job), math.inf) - float(at)) for job, at in asked.items())
    if missing := waits.count(math.inf):
        print(f"{missing:,} of {len(waits):,} jobs had not ended {PATIENCE} s after the last was due")
    return statistics.median(waits), waits[int(0.99 * len(waits))]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--latency", type=float, default=12.0, help="Seconds of the open loop; 0: none.")
    parser.add_argument("--submit", type=int, default=2000, help="Jobs submitted one by one; 0: none.")
    parser.add_argument("--only", help="Part of the names of sides.")
    parser.add_argument("--instance", default="test")
    chosen = parser.parse_args()
    sides: list[Side] = [Ours(os.environ["DJANGO_SETTINGS_MODULE"], {}), *peers(_redis)]
    sides = [side for side in sides if (chosen.only or "").lower() in side.name.lower()]
    make_database(_server, NAME)
    try:
        drains(sides, chosen.count, chosen.rounds, services(chosen.instance))
        if chosen.latency:
            for side in sides:
                p50, p99 = latency(side, chosen.latency)
                print(f"latency of {side.name}: p50 {p50:.0f} ms, p99 {p99:.0f} ms at {RATE:.0f} jobs/s")
        if chosen.submit and any(isinstance(side, Ours) for side in sides):
            submits(chosen.submit)
    finally:
        drop_database(_server, NAME)


def submits(count: int) -> None:
    """The front door alone: nobody works on what comes in."""
    empty()
    ours = Ours(os.environ["DJANGO_SETTINGS_MODULE"], {})
    with ours.submitting(count, 0) as process:
        rate = float(process.communicate()[0])
    print(f"submit, service, one thread: {rate:,.0f} jobs/s")
    empty()
    print(f"submit, HTTP, one granian process with 4 threads, 8 clients: {http_rate(count):,.0f} jobs/s")


def drains(sides: list[Side], count: int, rounds: int, shared: dict[str, Callable[[], float]]) -> None:
    """Turn by turn; the table."""
    results: dict[str, list[Drained]] = {side.name: [] for side in sides}
    for number in range(rounds):
        for side in sides:
            results[side.name].append(result := drain(side, count, shared))
            print(f"round {number + 1}: {side.name:15} {result.rate:8,.0f} jobs/s", file=sys.stderr)
    ours = max((r.rate for r in results.get(Ours.name, ())), default=0.0)
    print(f"drain of {count:,} jobs, best of {rounds}; CPU-seconds per 1,000 jobs")
    for side in sides:
        best = max(results[side.name], key=lambda each: each.rate)
        split = ", ".join(f"{part} {spent:.2f}" for part, spent in best.cpu.items() if spent >= 0.005)
        print(
            f"{side.name:15} {best.rate:7,.0f} jobs/s  Heimdall / this {ours / best.rate:5.2f}  "
            f"CPU {sum(best.cpu.values()):.2f} ({split})"
            + (f"  enqueue {best.enqueued:,.0f}/s" if best.enqueued else "")
        )
    print("aims: 2 x Celery, 4 x procrastinate; p50 <= 40 ms, p99 <= 250 ms")


if __name__ == "__main__":
    main()
