"""How fast dead letters become rows: the real indexer, on a topic that is full.

    python -m benchmarks.dlq_index [--count 50000] [--rounds 2]

Letters as the runtime writes them (17 headers, 300 bytes of payload, 200 causes) stand in `dlq.failed` before
`run_consumer dlq-indexer` starts as a process of its own; measured is from the first row to the last. A
sixteenth of them are of Spring Kafka, and another are not of anybody. On a database of its own.
"""

import argparse
import os
import sys
import time
from itertools import batched
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heimdall_project.settings")
os.environ.setdefault("DEBUG", "true")
os.environ.setdefault("LOG_LEVEL", "WARNING")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from benchmarks.cpu import seconds_of  # noqa: E402
from benchmarks.job_sides import running, until  # noqa: E402
from heimdall_project.errors import ContractViolation  # noqa: E402
from heimdall_project.streams import broker, topics  # noqa: E402
from heimdall_project.streams.dead_letters import Failure, build  # noqa: E402
from heimdall_project.streams.records import Outgoing, Record  # noqa: E402

TOPIC, DEAD = topics.Topic.ANALYSIS_REQUEST, topics.Topic.DLQ_FAILED
CAUSES = 200
AIM = 5_000
"""Letters a second."""
_COUNT = "SELECT count(*) FROM dead_letters"


def letter(n: int) -> Outgoing:
    """The n-th dead letter."""
    value = b'{"order": %d, "filler": "' % n + b"x" * 270 + b'"}'
    key = b"%d" % (n % 1000)
    if n % 16 == 1:
        spring = {
            "original-topic": topics.physical(TOPIC).encode(),
            "original-partition": (0).to_bytes(4, "big"),
            "original-offset": n.to_bytes(8, "big"),
            "exception-fqcn": b"java.lang.IllegalStateException",
            "exception-message": b"no order %d" % n,
        }
        return Outgoing(DEAD, value, key, [(f"kafka_dlt-{name}", said) for name, said in spring.items()])
    if n % 16 == 2:
        return Outgoing(DEAD, value, key)
    record = Record(TOPIC, n % 3, n, 1_700_000_000_000, key, value, [("event_id", b"e-%d" % n)])
    error = ContractViolation(
        f"items[{n}].field_{'abcdefghij'[n % 10]}{'klmnopqrst'[n % 20 // 2]}: too large"
    )
    group = f"heimdall.worker-{'abcde'[n % CAUSES // 40]}"
    return build(Failure(record, error, 1, 1.8e9), worker="worker", group=group)


def fill(count: int) -> None:
    """Write the letters."""
    producer = broker.producer()
    for part in batched(range(count), 5000):
        assert not any(isinstance(each, Exception) for each in producer.publish([letter(n) for n in part]))
    producer.close()


def rows() -> int:
    """Letters that have a row."""
    with connection.cursor() as sql:
        sql.execute(_COUNT)
        return int(sql.fetchone()[0])


def measure(count: int) -> tuple[float, float]:
    """Letters a second, and CPU seconds of the indexer per 1,000 letters."""
    settings.KAFKA_TOPIC_PREFIX = f"bench-{uuid4().hex[:6]}."
    with connection.cursor() as sql:
        sql.execute("TRUNCATE dead_letters, dead_letter_clusters CASCADE")
    broker.admin().create([spec for spec in topics.specs() if not spec.dead_letters])
    fill(count)
    environment = {
        "KAFKA_TOPIC_PREFIX": settings.KAFKA_TOPIC_PREFIX,
        "KAFKA_GROUP_PREFIX": settings.KAFKA_TOPIC_PREFIX,
        "DATABASE_URL": os.environ["DATABASE_URL"],
    }
    command = [sys.executable, "manage.py", "run_consumer", "dlq-indexer"]
    with running(*command, quiet=None, **environment) as process:
        until(rows)
        began, first, cpu = time.monotonic(), rows(), seconds_of([process.pid])
        until(lambda: rows() >= count, every=0.05)
        seconds, used = time.monotonic() - began, seconds_of([process.pid]) - cpu
    broker.admin().delete([spec.name for spec in topics.specs() if not spec.dead_letters])
    return (count - first) / seconds, 1000 * used / (count - first)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    call_command("migrate", verbosity=0)
    found = [measure(asked.count) for _ in range(asked.rounds)]
    for rate, cpu in found:
        print(f"indexed {rate:>9,.0f} letters/s  {cpu:.3f} CPU-s of the indexer per 1,000")
    best = max(rate for rate, _ in found)
    print(f"best {best:,.0f} letters/s; the aim is {AIM:,}: {'met' if best >= AIM else 'MISSED'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
