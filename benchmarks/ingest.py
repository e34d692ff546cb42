"""What the way of a page view from Kafka into ClickHouse costs, beside other ways.

    make bench-ingest [COUNT=1500000] [ROUNDS=3] [ROWS="10000 50000"] [SIZES="200 1000"] [FLAT=5000000]
    python -m benchmarks.ingest [--count 1500000] [--rounds 3] [--only NAME] [--flat EVENTS] …

Drain: the topic is filled beforehand, each side reads it with a group of its own into tables of its own, turn
by turn. A drain begins with the first rows that a reader sees (so no side pays for its start) and ends when
all are there. Then `count()` and `uniqExact(event_id)` are read from the data: a drain with loss or
duplicates scores zero. Ours must also have every record in its ledger.

CPU-seconds are of the side's own process, of ClickHouse, of Kafka, and of our sessions in PostgreSQL.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from uuid import uuid4

from benchmarks.own_database import drop_database, make_database, use_database

NAME = "bench_ingest"
RUN = f"bench_{uuid4().hex[:6]}"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heimdall_project.settings")
os.environ.setdefault("SECRET_KEY", "a-key-for-a-benchmark-only-that-is-long-and-random-enough-0123456789")
os.environ.setdefault("LOG_LEVEL", "WARNING")
SERVER = use_database(NAME)

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402

from benchmarks import ingest_report as report  # noqa: E402
from benchmarks.cpu import Backends, Machine, Meter, seconds_of  # noqa: E402
from benchmarks.ingest_fill import TOPIC, fill  # noqa: E402
from benchmarks.ingest_sides import BARE, PLACED, QUIX, ROW_LOOP, Ours, Side, Stock  # noqa: E402
from benchmarks.ingest_store import Store  # noqa: E402
from benchmarks.job_sides import until  # noqa: E402
from benchmarks.resident import resident  # noqa: E402
from docker.local.stack import named_stack  # noqa: E402
from heimdall_project.streams import broker  # noqa: E402

SEED = 20261120
EARLY = 1_000_000
"""Events after which memory is compared with that at the end."""
SLOW_COUNT = 500
"""Events of the loop that inserts one row at a time; its rate is scaled, its CPU too."""
type Samples = list[tuple[int, float]]


@contextmanager
def stocked(count: int, size: int, *, headers: bool) -> Iterator[Stock]:
    """A topic with `count` events, for as long as the block runs."""
    stock = Stock(f"{RUN}-{uuid4().hex[:4]}.", count, size, headers)
    settings.KAFKA_TOPIC_PREFIX = stock.prefix
    begun = time.monotonic()
    fill(count, size=size, seed=SEED, headers=headers)
    seconds = time.monotonic() - begun
    print(f"filled {count:,} events of {size} B in {seconds:.0f} s", file=sys.stderr)
    try:
        yield stock
    finally:
        settings.KAFKA_TOPIC_PREFIX = stock.prefix
        broker.admin().delete([TOPIC])


def shared(instance: str) -> dict[str, Callable[[], float]]:
    """Readers of the CPU time of what all sides share."""
    stack = named_stack(instance)
    named = {"ClickHouse": stack.clickhouse, "Kafka": stack.kafka}
    pids = {name: record.pid for name, service in named.items() if (record := service.record())}
    return {name: lambda pid=pid: seconds_of([pid]) for name, pid in pids.items()}


def drain(side: Side, stock: Stock, rows: int, instance: str) -> tuple[report.Drained, Samples]:
    """One drain, verified, and the worker's memory on the way."""
    store = Store(os.environ["CLICKHOUSE_URL"], f"{RUN}_{uuid4().hex[:6]}")
    group = f"{RUN}-{uuid4().hex[:6]}."
    store.make()
    try:
        with side.running(stock, rows, store, group) as process:
            until(lambda: store.rows() > 0 or _ended(process))
            begun, machine, done = time.monotonic(), Machine(), store.rows()
            parts = {
                "worker": lambda: seconds_of([process.pid]),
                **shared(instance),
                "PostgreSQL": Backends(),
            }
            meter = Meter(parts)
            samples = _watch(process, store, stock.count)
            seconds, spent = time.monotonic() - begun, meter.read()
            others = machine.others(sum(spent.values()))
            side.settled(stock, group)
            samples.append((stock.count, sum(resident(process.pid))))
        found = store.verify()
    finally:
        store.drop()
    left = max(stock.count - done, 1)
    result = report.Drained(
        rate=left / seconds,
        cpu={part: 1e6 * each / left for part, each in spent.items()},
        resident=samples[-1][1],
        others=others,
        fault=report.fault(wanted=stock.count, rows=found.rows, distinct=found.distinct),
    )
    return report.scored(result), samples


def _watch(process: subprocess.Popen[str], store: Store, wanted: int) -> Samples:
    """Until all rows are there; looks seldom at first, since looking costs too."""
    samples: Samples = []
    end = time.monotonic() + 900
    while (rows := store.rows()) < wanted and time.monotonic() < end and not _ended(process):
        samples.append((rows, sum(resident(process.pid))))
        time.sleep(0.1 if rows < 0.95 * wanted else 0.01)
    return samples


def _ended(process: subprocess.Popen[str]) -> bool:
    assert process.poll() is None, f"{process.args} ended with {process.returncode}"
    return False


def measure(chosen: argparse.Namespace) -> dict[report.Key, list[report.Drained]]:
    """Every side with every size and number of rows, turn by turn."""
    drains: dict[report.Key, list[report.Drained]] = {}
    sides = [side for side in (Ours(), BARE, PLACED, QUIX) if chosen.only.lower() in side.name.lower()]

    def keep(side: Side, stock: Stock, rows: int) -> None:
        drained, _ = drain(side, stock, rows, chosen.instance)
        size = f"{stock.size}{'h' if stock.headers else ''} B"
        drains.setdefault(report.Key(side.name, size, rows), []).append(drained)
        print(
            f"{side.name:22}{size:>7}{rows:>8,}{drained.rate:10,.0f} events/s, worker "
            f"{drained.cpu['worker']:5.2f} CPU-s per million, {drained.resident:.0f} MiB, "
            f"others had {drained.others:.0%} of the machine {drained.fault}",
            file=sys.stderr,
        )

    for size in chosen.sizes:
        with stocked(chosen.count, size, headers=chosen.headers) as stock:
            for _, rows, side in product(range(chosen.rounds), chosen.rows, sides):
                keep(side, stock, rows)
        if chosen.only.lower() in ROW_LOOP.name:
            with stocked(SLOW_COUNT, size, headers=chosen.headers) as stock:
                keep(ROW_LOOP, stock, 1)
    return drains


def memory(chosen: argparse.Namespace) -> None:
    """Whether memory stays flat over many events."""
    with stocked(chosen.flat, 200, headers=chosen.headers) as stock:
        drained, samples = drain(Ours(), stock, chosen.rows[0], chosen.instance)
    print(f"{stock.count:,} events at {drained.rate:,.0f} events/s {drained.fault}")
    print(report.flat(samples, early=min(EARLY, stock.count // 5)))


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=1_500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 1000], help="Bytes an event.")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 50_000], help="Rows an insert.")
    parser.add_argument("--flat", type=int, default=5_000_000, help="Events of the memory test; 0: none.")
    parser.add_argument("--headers", action="store_true", help="Events with the headers of the HTTP intake.")
    parser.add_argument("--only", default="", help="Part of the names of sides.")
    parser.add_argument("--instance", default="test")
    chosen = parser.parse_args()
    make_database(SERVER, NAME)
    try:
        print(f"load before: {os.getloadavg()[0]:.1f}", file=sys.stderr)
        if chosen.rounds:
            drains = measure(chosen)
            print(f"{chosen.count:,} events, {chosen.rounds} rounds, load after {os.getloadavg()[0]:.1f}")
            print("\n".join([*report.table(drains), *report.aims(drains)]))
        if chosen.flat:
            memory(chosen)
    finally:
        drop_database(SERVER, NAME)


if __name__ == "__main__":
    main()
