"""How fast approved dead letters are sent again and proved handled, beside a bare loop.

    python -m benchmarks.dlq_redrive [--count 30000] [--rounds 2] [--paced 500]

Letters of one cause, with their bytes, stand in PostgreSQL, in a batch that is approved. Then `dlq-redriver`
and a consumer that confirms run as processes of their own on real Kafka, until each letter is RESOLVED. The
peer reads the same bytes from PostgreSQL and produces them with the bare client: it writes nothing down,
proves nothing, and could not be stopped or killed. A last round asks for a modest rate and looks at the
broker's timestamps: in no second may more go. On a database of its own.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import batched
from uuid import uuid4

SETTINGS = "benchmarks.confirming.settings"
os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
os.environ.setdefault("DEBUG", "true")
os.environ.setdefault("LOG_LEVEL", "ERROR")

from benchmarks.own_database import drop_database, make_database, use_database  # noqa: E402

NAME = "bench_dlq_redrive"
SERVER = use_database(NAME)

import django  # noqa: E402

django.setup()

from typing import Any  # noqa: E402

from confluent_kafka import Consumer, Producer, TopicPartition  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from benchmarks.confirming.consumers import BenchConfirmer  # noqa: E402
from benchmarks.cpu import Backends, Meter, seconds_of  # noqa: E402
from benchmarks.job_sides import running, until  # noqa: E402
from dlq_admin.models import DeadLetter, RedriveBatch  # noqa: E402
from dlq_admin.services import LEASE, Pace, batch_approve, batch_propose  # noqa: E402
from heimdall_project.accounts.models import User  # noqa: E402
from heimdall_project.streams import broker, topics  # noqa: E402
from tests.integration.dlq_admin.crowd import make_cause  # noqa: E402

TOPIC = topics.Topic.PAGE_VIEWS
AIM = 5_000
"""Letters a second."""
_TABLES = (
    "dead_letters, dead_letter_clusters, dead_letter_history, redrive_batches, streams_redriveoutcome, "
    "streams_workerprocess"
)
_ITEMS = "SELECT state, count(*) FROM redrive_items GROUP BY 1"
_ENDS = """
SELECT extract(epoch FROM max(at) - min(at)),
    extract(epoch FROM max(at) - percentile_disc(0.1) WITHIN GROUP (ORDER BY at))
FROM dead_letter_history WHERE event = %s
"""
_BESIDE = """
SELECT relname, n_tup_hot_upd::float / greatest(n_tup_upd, 1) FROM pg_stat_user_tables
WHERE relname IN ('dead_letters', 'redrive_items') ORDER BY 1
"""
_BYTES = "SELECT key, value FROM dead_letter_payloads ORDER BY letter_id"


def ask(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows."""
    with connection.cursor() as sql:
        sql.execute(statement, values)
        return sql.fetchall()


def letters(count: int) -> list[int]:
    """A world of so many letters, and nothing else; their ids."""
    settings.KAFKA_TOPIC_PREFIX = settings.KAFKA_GROUP_PREFIX = f"bench-{uuid4().hex[:6]}."
    with connection.cursor() as sql:
        sql.execute(f"TRUNCATE {_TABLES} CASCADE")  # names of ours
        sql.execute("SET statement_timeout = 0")
    broker.admin().create(topics.specs())
    make_cause(letters=count, topic=TOPIC, group=BenchConfirmer.group())
    with connection.cursor() as sql:
        sql.execute("ANALYZE")
    return list(DeadLetter.objects.order_by("failed_at", "pk").values_list("pk", flat=True))


def proposed(ids: list[int], rate: float) -> RedriveBatch:
    """A batch of them that waits for its approval."""
    pace = Pace(canary=5, rate=rate)
    return batch_propose(letter_ids=ids, actor=person("a"), reason="repaired", pace=pace)


def approve(batch: RedriveBatch) -> None:
    """From now on it runs."""
    batch_approve(batch_id=batch.pk, actor=person("b"), reason="seen", set_hash=batch.set_hash)


def person(name: str) -> User:
    """One who may do everything."""
    return User.objects.get_or_create(username=name, defaults={"is_superuser": True})[0]


@contextmanager
def workers() -> Iterator[dict[str, int]]:
    """Redriver and consumer, as processes; their numbers."""
    environment = {
        "KAFKA_TOPIC_PREFIX": settings.KAFKA_TOPIC_PREFIX,
        "KAFKA_GROUP_PREFIX": settings.KAFKA_GROUP_PREFIX,
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "DJANGO_SETTINGS_MODULE": SETTINGS,
    }
    run = [sys.executable, "manage.py", "run_consumer"]
    with running(*run, BenchConfirmer.name, **environment) as consumer:
        alive = "SELECT 1 FROM streams_workerprocess WHERE state = 'running' AND partitions::text <> '[]'"
        until(lambda: ask(alive), every=0.1)
        with running(*run, "dlq-redriver", **environment) as redriver:
            until(lambda: ask("SELECT 1 FROM streams_relaylease WHERE name = %s", LEASE), every=0.1)
            yield {"dlq-redriver": redriver.pid, "consumer": consumer.pid}


def ours(count: int) -> tuple[float, float]:
    """Letters published and resolved a second, from the first to the last of each; prints them."""
    batch = proposed(letters(count), 10_000.0)
    with workers() as pids:  # both have started before anything is counted
        parts: dict[str, Any] = {n: lambda pid=pid: seconds_of([pid]) for n, pid in pids.items()}
        meter = Meter(parts | {"PostgreSQL": Backends()})
        approve(batch)
        until(lambda: done(batch), seconds=600, every=0.5)
        used = meter.read()
    (all_published, last_published), (all_resolved, _) = (
        ask(_ENDS, each)[0] for each in ("published", "resolved")
    )
    published, resolved = count / float(all_published), count / float(all_resolved)
    stage = 0.9 * count / float(last_published)
    cpu = "  ".join(f"{name} {seconds:.1f}" for name, seconds in used.items())
    each = "  ".join(f"{name} {1e6 * seconds / count:.0f}" for name, seconds in used.items())
    print(
        f"Heimdall   published {published:>8,.0f}/s  resolved {resolved:>8,.0f}/s  CPU-s: {cpu}\n"
        f"           published {stage:>8,.0f}/s in the last stage, of nine tenths\n"
        f"           microseconds of CPU a letter: {each}; beside its rows: {beside()}",
        flush=True,
    )
    return published, resolved


def beside() -> str:
    """Which share of the rows of letters and items were written beside their old ones, in no index."""
    return ", ".join(f"{name} {share:.0%}" for name, share in ask(_BESIDE))


def done(batch: RedriveBatch) -> bool:
    """Whether each letter has its end."""
    batch.refresh_from_db()
    assert batch.state in {"RUNNING", "DONE"}, f"{batch.state}: {batch.note}, {ask(_ITEMS)}"
    return batch.state == "DONE"


def bare() -> float:
    """The same bytes, from PostgreSQL into Kafka, by nothing but the client; letters a second."""
    producer = Producer(
        {
            "bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS,
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": settings.KAFKA_COMPRESSION,
            "linger.ms": settings.KAFKA_LINGER_MS,
        }
    )
    began, cpu, count = time.perf_counter(), time.process_time(), 0
    with connection.cursor() as sql:
        sql.execute(_BYTES)
        for part in batched(sql.fetchall(), 2000):
            for key, value in part:
                producer.produce(topics.physical(TOPIC), value=value, key=key)
            assert producer.flush(30) == 0
            count += len(part)
    rate = count / (time.perf_counter() - began)
    print(f"bare loop  published {rate:>8,.0f}/s  {'':21}CPU-s: {time.process_time() - cpu:.1f}", flush=True)
    return rate


def paced(rate: int, seconds: int) -> None:
    """Ask for a modest rate, and print the fullest second by the broker's timestamps, and the mean."""
    batch = proposed(letters(rate * seconds), float(rate))
    with workers():
        approve(batch)
        until(lambda: done(batch), seconds=600, every=0.5)
    times = sorted(timestamps())
    fullest = last = 0
    for first, at in enumerate(times):
        while last < len(times) and times[last] < at + 1000:
            last += 1
        fullest = max(fullest, last - first)
    mean = 1000 * len(times) / (times[-1] - times[0])
    kept = "kept" if fullest <= rate else "BROKEN"
    print(f"at {rate}/s: the fullest second had {fullest}, the mean was {mean:,.0f}/s: {kept}", flush=True)


def timestamps() -> list[int]:
    """Milliseconds at which the records of the topic were written."""
    name, found = topics.physical(TOPIC), []
    consumer = Consumer(
        {"bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS, "group.id": "bench-dlq-times"}
    )
    places = [TopicPartition(name, each, 0) for each in consumer.list_topics(name).topics[name].partitions]
    left = sum(consumer.get_watermark_offsets(place)[1] for place in places)
    consumer.assign(places)
    while left:
        read = consumer.consume(min(left, 5000), timeout=10)
        assert read, f"{left} records are missing"
        found += [message.timestamp()[1] for message in read]
        left -= len(read)
    consumer.close()
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--paced", type=int, default=500)
    asked = parser.parse_args()
    make_database(SERVER, NAME)
    found = []
    for _ in range(asked.rounds):
        published, resolved = ours(asked.count)
        found.append((published, resolved, bare()))
        broker.admin().delete([spec.name for spec in topics.specs()])
    paced(asked.paced, 12)
    best, proved, peer = (max(column) for column in zip(*found, strict=True))
    print(
        f"best {best:,.0f} published/s, {proved:,.0f} resolved/s; of the bare loop's: {best / peer:.0%} and "
        f"{proved / peer:.0%}; the aim is {AIM:,}: {'met' if best >= AIM else 'MISSED'}"
    )
    drop_database(SERVER, NAME)
    return 0


if __name__ == "__main__":
    sys.exit(main())
