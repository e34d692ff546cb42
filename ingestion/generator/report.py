"""What a run says of itself while it goes on and when it ends. Pure."""

from collections.abc import Iterator

from .blocks import Maker
from .running import Progress
from .truth import Truth

WINDOW = 5.0
"""Seconds over which the rate of the moment is taken."""


def progress_line(progress: Progress, planned: int, now: float) -> str:
    """How it goes, in one line."""
    parts = [f"{progress.acked:,} of {planned:,} records acknowledged", f"{_rate(progress, now):,.0f}/s"]
    if progress.refused:
        parts.append(f"{progress.refused:,} refused")
    if progress.failed:
        parts.append(f"{progress.failed:,} without answer")
    if progress.waiting_since is not None and now - progress.waiting_since > 1:
        parts.append(f"waiting for an answer for {now - progress.waiting_since:.0f} s")
    return ", ".join(parts)


def _rate(progress: Progress, now: float) -> float:
    """Acknowledged records a second, lately: as far back as window, run and what is remembered reach."""
    acks, start = list(progress.acks), now - WINDOW
    begin = max(now if progress.first_at is None else progress.first_at, start)
    if len(acks) == progress.acks.maxlen:  # the oldest says when, the others how many
        begin, acks = max(begin, acks[0][0]), acks[1:]
    return sum(number for at, number in acks if at > start) / max(now - begin, 0.001)


def wanted_rate(maker: Maker, records: int) -> float:
    """Records a second that this shard was to reach, over its first `records`."""
    index = min(maker.options.count, records * maker.options.shards)
    seconds = maker.schedule.moment(index) if index else 0.0
    return records / seconds if seconds else 0.0


def truth_lines(truth: Truth) -> Iterator[str]:
    """The truth, for people."""
    known = truth.known
    poison = sum(known.poison.values())
    faults = ", ".join(f"{number:,} {name}" for name, number in sorted(known.faults.items()))
    yield (
        f"  {known.records + poison:,} records: {known.events:,} distinct events, {known.repeats:,} repeats, "
        f"{known.conflicts:,} ids in conflict, {poison:,} poison"
    )
    if faults:
        yield f"  among them {faults}"
    if known.by_content:
        yield "  most seen: " + ", ".join(f"{name} ({number:,})" for name, number in known.top(5))
    unknown = truth.unknown.records + sum(truth.unknown.poison.values())
    if unknown or truth.extra_copies:
        yield f"  {unknown:,} more may be there, and {truth.extra_copies:,} may be there twice"
    if truth.refused:
        yield "  refused: " + ", ".join(
            f"{number:,} {name}" for name, number in sorted(truth.refused.items())
        )
    if truth.unsent:
        yield f"  {truth.unsent:,} were not sent"
