"""Sends the records of a run when they are due, and counts what became of each.

One thread sends while this one makes the next records; so there is one call under way at a time, and records
of a key stay in order. Time, pauses and the courier are parameters.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple, Protocol

import msgspec

from heimdall_project.streams.ports import Clock

from .blocks import SIZE, Made, Maker
from .truth import Fate, Truth

CHUNK = 5_000
"""Records of one call at most."""
AHEAD = 2 * CHUNK
"""Records that are made before they are due, at most."""
PAUSE = 0.02
"""Seconds between two looks at the clock."""
PATIENCE = 5.0
"""Seconds that a run which is told to stop waits for the answer to what it has sent."""


class Answer(NamedTuple):
    """What became of the records of one call, in order."""

    fates: Sequence[Fate]
    extra: int = 0
    """Records that may be there once more: they were sent again after no answer came."""
    trouble: str = ""
    """Why not all were acknowledged, for people."""
    is_hopeless: bool = False
    """Sending the same again would change nothing."""


class Courier(Protocol):
    """Sends records beside the caller, one call at a time."""

    def start(self, records: Sequence[Made]) -> None:
        """Begin to send these, in order."""
        ...

    def answer(self, timeout: float) -> Answer | None:
        """What became of them; None if that is not known within `timeout` seconds."""
        ...


class OpenBlock(msgspec.Struct):
    """A block of which not every record has a fate."""

    number: int
    records: list[Made]
    fates: list[Fate]
    sent: int = 0
    """Records up to here have been sent, this time."""

    def due(self, index: float) -> int:
        """How many of its records are due, if `index` of the whole run are."""
        return int(max(0, min(len(self.records), index - self.number * SIZE)))


@dataclass
class Progress:
    """Figures of a run while it goes on; read by others."""

    sent: int = 0
    acked: int = 0
    refused: int = 0
    failed: int = 0
    waiting_since: float | None = None
    """Since when a call is under way."""
    trouble: str = ""
    is_hopeless: bool = False
    first_at: float | None = None
    last_at: float | None = None
    acks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=200))
    """When how many were acknowledged."""

    def rate(self) -> float:
        """Acknowledged records a second, from the first call to the last answer."""
        if self.first_at is None or self.last_at is None or self.last_at <= self.first_at:
            return 0.0
        return self.acked / (self.last_at - self.first_at)


class Run:
    """One run, or what is left of it."""

    def __init__(
        self,
        maker: Maker,
        courier: Courier,
        clock: Clock,
        *,
        pause: Callable[[float], object],
        stopping: Callable[[], bool],
        flat_out: bool = False,
        truth: Truth | None = None,
        left: Sequence[OpenBlock] = (),
        next_block: int | None = None,
    ) -> None:
        self._maker, self._courier, self._clock = maker, courier, clock
        self._pause, self._stopping, self.flat_out = pause, stopping, flat_out
        self.truth = truth or Truth.of(maker.options)
        self.open: list[OpenBlock] = list(left)
        """Blocks that are not counted yet, in order."""
        self.next_block = maker.options.shard if next_block is None else next_block
        """The first block that has not been made."""
        self.progress = Progress()
        self._skipped = maker.due_at(self.next_block) if left or next_block else 0.0

    def go(self) -> bool:
        """Send until all is acknowledged, something fails for good, or it must stop. True if all went."""
        begun = self._clock.monotonic() - self._skipped
        self.truth.started_ms = self.truth.started_ms or int(self._clock.now() * 1000)
        under_way: list[tuple[OpenBlock, int, int]] = []
        try:
            while not self._stopping():
                if under_way:
                    self._make_ahead()
                    if (answer := self._courier.answer(PAUSE)) is not None:
                        under_way = self._take_back(under_way, answer)
                        if answer.trouble:
                            return False
                elif under_way := self._due(inf if self.flat_out else self._clock.monotonic() - begun):
                    self._send(under_way)
                elif self._is_over:
                    return not self.truth.wrongly_refused
                else:
                    self._pause(PAUSE)
            if under_way and (answer := self._courier.answer(PATIENCE)) is not None:
                under_way = self._take_back(under_way, answer)
            return False
        finally:
            self._give_up(under_way)
            self.truth.finished_ms = int(self._clock.now() * 1000)

    def final_truth(self) -> Truth:
        """The truth with what is open counted as it stands. The run's own truth stays without that."""
        final: Truth = msgspec.convert(msgspec.to_builtins(self.truth), Truth, strict=False)
        for block in self.open:
            final.count_block(block.records, block.fates)
        not_made = range(self.next_block, self._maker.blocks.stop, self._maker.options.shards)
        final.unsent += sum(self._maker.size(number) for number in not_made)
        return final

    @property
    def planned(self) -> int:
        """Records of this shard, those of earlier runs included."""
        return sum(map(self._maker.size, self._maker.blocks))

    @property
    def _is_over(self) -> bool:
        return not self.open and self.next_block >= self._maker.blocks.stop

    def _make_ahead(self) -> None:
        while self.next_block < self._maker.blocks.stop and len(self.open) * SIZE < AHEAD:
            records = self._maker.block(self.next_block)
            self.open.append(OpenBlock(self.next_block, records, [Fate.UNSENT] * len(records)))
            self.next_block += self._maker.options.shards

    def _due(self, seconds: float) -> list[tuple[OpenBlock, int, int]]:
        """Parts of blocks that are due and not sent, as (block, from, to)."""
        self._make_ahead()
        index = inf if seconds == inf else self._maker.schedule.due(seconds)
        parts, room = [], CHUNK
        for block in self.open:
            end = min(block.due(index), block.sent + room)
            if end > block.sent:
                parts.append((block, block.sent, end))
                room -= end - block.sent
            if room == 0 or end < len(block.records):
                break
        return parts

    def _send(self, parts: Sequence[tuple[OpenBlock, int, int]]) -> None:
        records = [made for block, first, end in parts for made in _pending(block, first, end)]
        # Of an earlier run: what it sent may be there, and now comes once more.
        self.truth.extra_copies += sum(
            block.fates[first:end].count(Fate.UNKNOWN) for block, first, end in parts
        )
        for block, _, end in parts:
            block.sent = end
        self.progress.sent += len(records)
        self.progress.waiting_since = now = self._clock.monotonic()
        self.progress.first_at = now if self.progress.first_at is None else self.progress.first_at
        self._courier.start(records)

    def _take_back(
        self, parts: Sequence[tuple[OpenBlock, int, int]], answer: Answer
    ) -> list[tuple[OpenBlock, int, int]]:
        now, fates = self._clock.monotonic(), iter(answer.fates)
        for block, first, end in parts:
            for index in range(first, end):
                if block.fates[index] is not Fate.ACKED:
                    block.fates[index] = _together(block.fates[index], next(fates))
        self._figures(now, answer)
        self.truth.extra_copies += answer.extra
        self._count_closed()
        return []

    def _figures(self, now: float, answer: Answer) -> None:
        progress, acked = self.progress, answer.fates.count(Fate.ACKED)
        progress.acked += acked
        progress.refused += answer.fates.count(Fate.REFUSED)
        progress.failed += len(answer.fates) - acked - answer.fates.count(Fate.REFUSED)
        progress.is_hopeless = answer.is_hopeless
        progress.trouble, progress.waiting_since, progress.last_at = answer.trouble, None, now
        progress.acks.append((now, acked))

    def _count_closed(self) -> None:
        settled = (Fate.ACKED, Fate.REFUSED)
        while self.open and all(fate in settled for fate in self.open[0].fates):
            block = self.open.pop(0)
            everything = all(fate is Fate.ACKED for fate in block.fates)
            self.truth.count_block(block.records, None if everything else block.fates)

    def _give_up(self, parts: Sequence[tuple[OpenBlock, int, int]]) -> None:
        """No answer came to these: they may be there."""
        for block, first, end in parts:
            for index in range(first, end):
                if block.fates[index] is not Fate.ACKED:
                    block.fates[index] = Fate.UNKNOWN
        self.progress.failed += sum(end - first for _, first, end in parts)


def _together(before: Fate, now: Fate) -> Fate:
    """The fate of a record that was sent again: what was decided counts, else the better of both."""
    return now if now in (Fate.ACKED, Fate.REFUSED) else max(before, now)


def _pending(block: OpenBlock, first: int, end: int) -> Iterator[Made]:
    """Records of a part that are not acknowledged already, by an earlier run."""
    for index in range(first, end):
        if block.fates[index] is not Fate.ACKED:
            yield block.records[index]
