"""Decides whether a soak holds. Pure: figures in, reasons why not out."""

from collections.abc import Iterator, Sequence
from itertools import chain
from statistics import median

from ingestion.generator.poison import CLASSES

from .figures import Figures, Happened, Sent

RECOVERY = 90.0
"""Seconds after a fault within which all that was in Kafka then must be committed, other faults or not."""
GROWTH, SLACK = 1.10, 16.0
"""The last third may be so many times the first, and so many MiB more."""
LEAST_SAMPLES = 9
NAMED = 5


def reasons(figures: Figures) -> list[str]:
    """Everything that is wrong; empty if the soak holds."""
    each_run = chain.from_iterable(_of_a_run(sent) for sent in figures.sent)
    return [*each_run, *_of_stores(figures), *_of_processes(figures), *_of_faults(figures), *_memory(figures)]


def _of_a_run(sent: Sent) -> Iterator[str]:
    name = sent.name
    if not sent.events:
        yield f"{name}: nothing was acknowledged"
    if sent.not_acknowledged:
        yield f"{name}: {sent.not_acknowledged:,} records were never acknowledged, or wrongly refused"
    if sent.missing:
        few = ", ".join(sent.missing[:NAMED])
        yield f"{name}: {len(sent.missing):,} acknowledged events are missing, among them {few}"
    if sent.unexpected:
        yield f"{name}: {sent.unexpected:,} events are stored that nobody sent"
    if sent.rows != sent.events - len(sent.missing) + sent.unexpected:
        yield f"{name}: readers see {sent.rows:,} rows of {sent.events:,} events"
    if sent.truth_code:
        yield f"{name}: check_truth ended with {sent.truth_code}: {sent.truth_said}"
    yield from _letters(sent)


def _letters(sent: Sent) -> Iterator[str]:
    for poison in sorted({*sent.poison, *sent.letters}):
        wanted, seen = sent.poison.get(poison, 0), sent.letters.get(poison, 0)
        if wanted != seen:
            yield f"{sent.name}: {seen:,} dead letters of {poison}, {wanted:,} were sent"
    if sent.poison_made != (known := sum(sent.poison.values()) + sent.refused):
        yield f"{sent.name}: {sent.poison_made:,} records of poison were made, {known:,} sent or refused"
    if sent.altered:
        yield f"{sent.name}: {sent.altered:,} dead letters have other bytes than what was sent"


def _of_stores(figures: Figures) -> Iterator[str]:
    if figures.rows != figures.distinct:
        yield f"readers see {figures.rows:,} rows, and {figures.distinct:,} distinct events"
    if figures.ledger_code:
        yield f"check_ledger ended with {figures.ledger_code}: {figures.ledger_said}"
    if figures.unbalanced:
        yield f"the ledger does not balance: {figures.unbalanced}"
    stored, records = figures.outcomes.get("stored", 0), sum(sent.records for sent in figures.sent)
    extra = sum(sent.extra_copies for sent in figures.sent)
    if not records <= stored <= records + extra:
        yield f"the ledger counts {stored:,} as stored; {records:,} were acknowledged, {extra:,} maybe twice"
    poison = sum(sum(sent.poison.values()) for sent in figures.sent)
    if not poison <= (dead := figures.outcomes.get("dead_lettered", 0)) <= poison + extra:
        yield f"the ledger counts {dead:,} dead letters of {poison:,} records of poison"
    if other := {name: n for name, n in figures.outcomes.items() if name not in ("stored", "dead_lettered")}:
        yield f"the ledger knows of other outcomes: {other}"
    sent_classes = {name for sent in figures.sent for name in sent.poison}
    if missing := [name for name in CLASSES if name not in sent_classes]:
        yield f"no poison of these classes was sent: {', '.join(missing)}"


def _of_processes(figures: Figures) -> Iterator[str]:
    if not figures.ended:
        yield "nobody looked how the processes ended"
    for name, how in figures.ended.items():
        if how:
            yield f"{name} ended with {how}"


def _of_faults(figures: Figures) -> Iterator[str]:
    carried_out = {each.fault.number for each in figures.happened}
    if missing := [each for each in figures.planned if each.number not in carried_out]:
        yield f"{len(missing)} faults were not carried out, the first is {missing[0].kind.name}"
    for each in figures.happened:
        yield from _of_a_fault(each)


def _of_a_fault(each: Happened) -> Iterator[str]:
    name = f"fault {each.fault.number}, {each.fault.kind.name}"
    if each.trouble:
        yield f"{name}: {each.trouble}"
    if each.ended is None:
        yield f"{name}: it never ended"
    elif each.recovered is None:
        yield f"{name}: nobody recovered from it"
    elif each.recovered - each.ended > RECOVERY:
        yield f"{name}: {each.recovered - each.ended:.0f} s until recovered, {RECOVERY:.0f} s at most"


def thirds(memory: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Median of the first and of the last third of the time, MiB."""
    begin, end = memory[0][0], memory[-1][0]
    first = [size for at, size in memory if at <= begin + (end - begin) / 3]
    last = [size for at, size in memory if at >= end - (end - begin) / 3]
    return median(first), median(last)


def _memory(figures: Figures) -> Iterator[str]:
    if len(figures.memory) < LEAST_SAMPLES:
        yield f"the writer's memory was looked at {len(figures.memory)} times only"
        return
    first, last = thirds(figures.memory)
    if last > first * GROWTH + SLACK:
        yield (
            f"the writer's memory grew from {first:.0f} to {last:.0f} MiB "
            f"(at most {GROWTH:.2f} times and {SLACK:.0f} MiB)"
        )
