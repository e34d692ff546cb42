"""Grouping accuracy of the template miner on labelled logs, beside drain3-improved as it comes.

    python benchmarks/eval_analysis.py DATA [--verbose]

DATA holds one folder per system with ``*_2k.log_structured.csv`` (columns Content and EventId) and, beside
it, the raw ``*_2k.log``. A line counts as correct if and only if the set of lines in its predicted group is
exactly the set of lines in its true group. Two inputs are measured: the Content column, and the raw line as a
user would paste it (our miner takes the header off by itself; drain3 gets the message that we found). With
``synthetic`` as DATA the generated families of the unit tests are measured instead.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.mining import mine, split_header

Grouper = Callable[[Sequence[str]], Sequence[Hashable]]


@dataclass(frozen=True, slots=True)
class Log:
    """A labelled log: content, raw lines if there are any, the true group of each line."""

    name: str
    contents: list[str]
    raw: list[str] | None
    truth: list[Hashable]


@dataclass(frozen=True, slots=True)
class Score:
    """Grouping accuracy and lines per second of one run."""

    accuracy: float
    speed: float
    groups: list[Hashable]


def grouping_accuracy(predicted: Sequence[Hashable], truth: Sequence[Hashable]) -> float:
    """The share of lines whose predicted group is, as a set of lines, their true group."""
    sizes, true_sizes = Counter(predicted), Counter(truth)
    pairs = Counter(zip(predicted, truth, strict=True))
    exact = sum(n for (group, label), n in pairs.items() if n == sizes[group] == true_sizes[label])
    return exact / len(truth) if truth else 1.0


def ours(lines: Sequence[str]) -> Sequence[Hashable]:
    """The groups of our miner."""
    return mine(lines).assignments


def drain3(lines: Sequence[str]) -> Sequence[Hashable]:
    """The groups of drain3 with its default configuration."""
    from drain3 import TemplateMiner
    from drain3.template_miner_config import TemplateMinerConfig

    miner = TemplateMiner(config=TemplateMinerConfig())
    return [miner.add_log_message(line)["cluster_id"] for line in lines]


def score(grouper: Grouper, lines: Sequence[str], truth: Sequence[Hashable]) -> Score:
    """Run a grouper once."""
    started = time.perf_counter()
    groups = list(grouper(lines))
    elapsed = time.perf_counter() - started
    return Score(grouping_accuracy(groups, truth), len(lines) / elapsed, groups)


def labelled(data: Path) -> Iterator[Log]:
    """Every labelled log below a folder."""
    for path in sorted(data.glob("*/*_2k.log_structured.csv")):
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = list(csv.DictReader(file))
        source = path.with_name(path.name.removesuffix("_structured.csv"))
        raw = source.read_text("utf-8", "replace").split("\n")[: len(rows)] if source.exists() else None
        name = path.name.removesuffix("_2k.log_structured.csv")
        yield Log(name, [row["Content"] for row in rows], raw, [row["EventId"] for row in rows])


def synthetic() -> Iterator[Log]:
    """The generated families of the unit tests."""
    from tests.unit.analysis.families import FAMILIES, generate

    for family in FAMILIES:
        corpus = generate(family)
        yield Log(corpus.name, list(corpus.messages), list(corpus.raw), list(corpus.truth))


def mistakes(log: Log, groups: Sequence[Hashable], most: int = 8) -> Iterator[str]:
    """The largest true groups that were not found exactly."""
    sizes = Counter(groups)
    found: dict[Hashable, Counter[Hashable]] = defaultdict(Counter)
    example: dict[Hashable, str] = {}
    for content, label, group in zip(log.contents, log.truth, groups, strict=True):
        found[label][group] += 1
        example.setdefault(label, content)
    wrong = [
        (sum(inside.values()), str(label), label)
        for label, inside in found.items()
        if len(inside) > 1 or sizes[next(iter(inside))] != sum(inside.values())
    ]
    for lines, _, label in sorted(wrong, reverse=True)[:most]:
        kind = "split" if len(found[label]) > 1 else "merged"
        yield f"    {kind} {label} ({lines} lines): {example[label][:100]}"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder of labelled logs, or: synthetic")
    parser.add_argument("--verbose", action="store_true", help="list the groups that were not found exactly")
    options = parser.parse_args()
    logs = list(synthetic() if options.data == "synthetic" else labelled(Path(options.data)))
    if not logs:
        print(f"no */*_2k.log_structured.csv below {options.data}", file=sys.stderr)
        return 1
    _report(logs, verbose=options.verbose)
    return 0


def _report(logs: Sequence[Log], *, verbose: bool) -> None:
    print("grouping accuracy           Content           raw line      lines/s (Content)")
    print(f"{'log':<16} {'lines':>6}" + f" {'ours':>8} {'drain3':>8}" * 2 + f" {'ours':>9} {'drain3':>9}")
    for grouper in (ours, drain3):  # the first call pays for imports and caches
        grouper(logs[0].contents[:100])
    table: list[tuple[float, ...]] = []
    for log in logs:
        raw = log.raw if log.raw is not None else log.contents
        messages = [split_header(line).message for line in raw]
        mined, drained = score(ours, log.contents, log.truth), score(drain3, log.contents, log.truth)
        row = (
            mined.accuracy,
            drained.accuracy,
            score(ours, raw, log.truth).accuracy,
            score(drain3, messages, log.truth).accuracy,
            mined.speed,
            drained.speed,
        )
        table.append(row)
        _print_row(log.name, len(log.truth), row)
        if verbose:
            print(*mistakes(log, mined.groups), sep="\n")
    _print_row("average", sum(len(log.truth) for log in logs), tuple(map(_mean, zip(*table, strict=True))))


def _print_row(name: str, lines: int, row: tuple[float, ...]) -> None:
    accuracy = " ".join(f"{value:>8.4f}" for value in row[:4])
    print(f"{name:<16} {lines:>6} {accuracy} {row[4]:>9,.0f} {row[5]:>9,.0f}")


def _mean(values: tuple[float, ...]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    raise SystemExit(main())
