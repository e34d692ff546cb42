"""What the drains of the ingestion benchmark say: a table, and the aims beside what was reached. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

OURS, CEILING, PLACED = "Heimdall", "bare consume + insert", "bare, with coordinates"
QUIX, ROW_LOOP = "quixstreams", "one row at a time"
CONNECT_RATE, CONNECT_CEILING, CONNECT_CPU = 126_000, 170_000, 8.1
"""The official Kafka Connect sink, 1.5 M events: events/s, the ceiling of that run, CPU-seconds a million."""
OF_CEILING, OF_CONNECT, WORKER_CPU, RESIDENT, GROWTH = 0.7, 1.0, 5.0, 200.0, 1.10


class Key(NamedTuple):
    """What was measured: a side, bytes an event, rows an insert."""

    side: str
    size: str
    rows: int


class Drained(NamedTuple):
    """One drain. `rate` in events/s, `cpu` in CPU-seconds a million events by part, memory in MiB.

    `others` is the share of the machine, 0 to 1, that went to what is not measured.
    """

    rate: float
    cpu: Mapping[str, float]
    resident: float
    others: float
    fault: str = ""


type Drains = Mapping[Key, Sequence[Drained]]


def fault(*, wanted: int, rows: int, distinct: int) -> str:
    """What is wrong with what was stored; "" if each event is there once."""
    wrong = []
    if distinct != wanted:
        wrong.append(f"{wanted - distinct:,} lost")
    if rows != distinct:
        wrong.append(f"{rows - distinct:,} twice")
    return ", ".join(wrong)


def scored(drained: Drained) -> Drained:
    """A drain with loss or duplicates scores zero."""
    return drained._replace(rate=0.0) if drained.fault else drained


def table(drains: Drains) -> Iterator[str]:
    """One line a side: medians of the rounds, the range of the rates."""
    yield f"{'':36}{'events/s':>10}{'range':>20}{'ours / this':>12}{'MiB':>7}  CPU-s per million"
    for key, rounds in drains.items():
        rates = [each.rate for each in rounds]
        span = f"{min(rates):,.0f} to {max(rates):,.0f}"
        parts = {part: median(each.cpu[part] for each in rounds) for part in rounds[0].cpu}
        shown = ", ".join(f"{part} {spent:.2f}" for part, spent in parts.items() if spent >= 0.005)
        ours, memory = ratio(drains, key._replace(side=OURS), key), median(e.resident for e in rounds)
        yield (
            f"{key.side:22}{key.size:>6}{key.rows:>8,}{median(rates):10,.0f}{span:>20}"
            f"{f'{ours:.2f}' if ours is not None else '':>12}{memory:7.0f}  {shown}"
        )
        yield from (f"    scores zero: {each.fault}" for each in rounds if each.fault)


def ratio(drains: Drains, over: Key, under: Key) -> float | None:
    """Median of the ratios of rates round by round, so that both sides of each had the same machine."""
    pairs = [
        (a.rate, b.rate) for a, b in zip(drains.get(over, ()), drains.get(under, ()), strict=False) if b.rate
    ]
    return median(a / b for a, b in pairs) if pairs else None


def aims(drains: Drains) -> Iterator[str]:
    """What was aimed at beside what was reached, for each size and number of rows of ours."""
    for key, rounds in drains.items():
        if key.side != OURS:
            continue
        where = f"{key.size}, {key.rows:,} rows"
        of_ceiling = ratio(drains, key, key._replace(side=CEILING))
        if of_ceiling is not None:
            yield _aim(f"{where}: of the ceiling", of_ceiling, OF_CEILING, most=False)
            of_connect = of_ceiling * CONNECT_CEILING / CONNECT_RATE
            yield _aim(
                f"{where}: of the Connect sink, scaled by the ceiling", of_connect, OF_CONNECT, most=False
            )
        worker = median(each.cpu["worker"] for each in rounds)
        yield _aim(
            f"{where}: worker CPU-s per million (Connect {CONNECT_CPU})", worker, WORKER_CPU, most=True
        )
        yield _aim(f"{where}: resident MiB", max(e.resident for e in rounds), RESIDENT, most=True)


def flat(samples: Sequence[tuple[int, float]], *, early: int) -> str:
    """Memory at the end beside memory once `early` events were stored. Samples are (events, MiB)."""
    before = next(mib for events, mib in samples if events >= early)
    events, after = samples[-1]
    peak = max(mib for _, mib in samples)
    told = _aim(f"memory at {events:,} events / at {early:,}", after / before, GROWTH, most=True)
    return f"{told}; {before:.0f} and {after:.0f} MiB, at most {peak:.0f}"


def _aim(what: str, reached: float, aim: float, *, most: bool) -> str:
    met = reached <= aim if most else reached >= aim
    sign = "<=" if most else ">="
    return f"{'met   ' if met else 'MISSED'} {what}: {reached:.2f} (aim {sign} {aim:g})"
