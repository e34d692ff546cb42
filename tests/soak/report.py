"""A soak as Markdown. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from textwrap import shorten

from . import judge
from .figures import Figures, Happened
from .kinds import KINDS
from .schedule import clock

HOW_TO_READ = (Path(__file__).parent / "how_to_read.md").read_text()
TOLD = 240
"""Characters of a reason."""


def markdown(figures: Figures, wrong: Sequence[str], proof: Mapping[str, str], machine: str) -> str:
    """The whole page."""
    sections = [
        "# The soak\n",
        _verdict(figures, wrong),
        f"Measured on {machine}.\n",
        "## What was sent, and what is there\n",
        _sent(figures),
        _stores(figures),
        "## Faults by kind\n",
        _kinds(figures.happened),
        "## Memory of the writer that was never ended\n",
        _memory(figures),
    ]
    if proof:
        sections += ["## Spoilt on purpose afterwards\n", _proof(proof)]
    sections += [_how_to_read(), "## Every fault\n", _every(figures.happened)]
    return "\n".join(sections)


def _how_to_read() -> str:
    return HOW_TO_READ.format(recovery=judge.RECOVERY, growth=judge.GROWTH, slack=judge.SLACK)


def _verdict(figures: Figures, wrong: Sequence[str]) -> str:
    said = f"{figures.minutes:g} minutes, seed {figures.seed}, {len(figures.happened)} faults"
    if not wrong:
        return f"**It holds**: {said}. Nothing is missing, nothing is there twice, the ledger balances.\n"
    return "\n".join([f"**It does not hold**: {said}.\n", *(f"- {each}" for each in wrong), ""])


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def _sent(figures: Figures) -> str:
    names = ["", *(f"over {each.name}" for each in figures.sent)]
    rows: list[list[object]] = [
        ["records a second", *(f"{each.rate:,.0f}" for each in figures.sent)],
        ["page views acknowledged, copies included", *(f"{each.records:,}" for each in figures.sent)],
        ["sent again without an answer, perhaps twice", *(f"{each.extra_copies:,}" for each in figures.sent)],
        ["distinct events among them", *(f"{each.events:,}" for each in figures.sent)],
        ["rows that readers see", *(f"{each.rows:,}" for each in figures.sent)],
        ["missing", *(f"{len(each.missing):,}" for each in figures.sent)],
        ["seen, and not sent", *(f"{each.unexpected:,}" for each in figures.sent)],
        ["poison acknowledged", *(f"{sum(each.poison.values()):,}" for each in figures.sent)],
        ["dead letters with the same bytes", *(f"{sum(each.letters.values()):,}" for each in figures.sent)],
        ["poison that the door refused", *(f"{each.refused:,}" for each in figures.sent)],
        ["`check_truth` ends with", *(each.truth_code for each in figures.sent)],
    ]
    return table(names, rows)


def _stores(figures: Figures) -> str:
    outcomes = ", ".join(f"{number:,} {name}" for name, number in sorted(figures.outcomes.items()))
    poison = [
        [name, each.poison.get(name, 0), each.letters.get(name, 0)]
        for each in figures.sent
        for name in sorted({*each.poison, *each.letters})
    ]
    return (
        f"`count()` FINAL {figures.rows:,}, distinct ids {figures.distinct:,}. Ledger: {outcomes}; "
        f"`check_ledger` ends with {figures.ledger_code}. {figures.broken_inserts} inserts broke on the "
        f"wire, {figures.visits} guests came and went.\n\n"
        + table(["poison", "sent", "dead letters"], poison)
    )


def _kinds(happened: Sequence[Happened]) -> str:
    by_kind: dict[str, list[Happened]] = defaultdict(list)
    for each in happened:
        by_kind[each.fault.kind.name].append(each)
    rows = []
    for kind in KINDS:
        took = [took for each in by_kind[kind.name] if (took := _took(each)) is not None]
        told = (f"{median(took):.1f}", f"{max(took):.1f}") if took else ("", "")
        rows.append([kind.party, f"`{kind.name}`", kind.meaning, len(by_kind[kind.name]), *told])
    return table(["befalls", "fault", "what happens", "times", "recovered after, s: median", "longest"], rows)


def _took(each: Happened) -> float | None:
    return None if each.recovered is None or each.ended is None else each.recovered - each.ended


def _memory(figures: Figures) -> str:
    if len(figures.memory) < judge.LEAST_SAMPLES:
        return "Not enough samples.\n"
    first, last = judge.thirds(figures.memory)
    peak = max(size for _, size in figures.memory)
    minutes: dict[int, list[float]] = defaultdict(list)
    for at, size in figures.memory:
        minutes[int(at // 60)].append(size)
    rows = [["MiB, median", *(f"{median(sizes):.0f}" for sizes in minutes.values())]]
    return (
        f"First third {first:.0f} MiB, last third {last:.0f} MiB (medians), peak {peak:.0f} MiB.\n\n"
        + table(["minute", *(str(minute + 1) for minute in minutes)], rows)
    )


def _proof(proof: Mapping[str, str]) -> str:
    rows = ((name, shorten(why, TOLD, placeholder=" …") or "**none**") for name, why in proof.items())
    return table(["what", "the reason that was given"], rows)


def _every(happened: Sequence[Happened]) -> str:
    return table(["#", "began", "fault", "held, s", "recovered after, s", ""], _rows(happened))


def _rows(happened: Sequence[Happened]) -> Iterator[list[object]]:
    for each in happened:
        held = "" if each.ended is None else f"{each.ended - each.began:.1f}"
        took = "" if (seconds := _took(each)) is None else f"{seconds:.1f}"
        name = f"`{each.fault.kind.name}`"
        yield [each.fault.number, clock(each.began), name, held, took, each.trouble]
