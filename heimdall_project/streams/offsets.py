"""Which offsets are taken in, finished, and may be committed. Pure.

Only the contiguous finished prefix of a partition may be committed; it leaves here as a `Span`, whose
runs say what became of its records, so that the ledger adds exactly what the offset passes.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from operator import attrgetter, itemgetter

from .outcomes import Verdict
from .records import Headers, Partition, Record

MINUTE_MS = 60_000
OUTSIDE = "outside"
SOURCES = frozenset({"http", "outbox", "generator", "wide-events", "redrive"})
"""Values of the `source` header that are counted apart; the header is not ours to trust beyond that."""
SOURCE = "source"
_SPELLED: dict[bytes | None, str] = {each.encode(): each for each in SOURCES}


@dataclass(slots=True)
class Run:
    """Consecutive offsets that ended alike. `minute` counts minutes since the epoch."""

    first: int
    last: int
    minute: int
    source: str
    verdict: Verdict

    def goes_on_as(self, other: "Run") -> bool:
        """Whether `other` follows at once and ended alike."""
        return (
            self.last + 1 == other.first
            and self.minute == other.minute
            and self.verdict == other.verdict
            and self.source == other.source
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A finished stretch of a partition: [start, end), with the runs of the records that stand in it."""

    place: Partition
    start: int
    end: int
    runs: tuple[Run, ...]


@dataclass(slots=True)
class _Track:
    start: int
    """Next offset as last settled."""
    next: int
    """End of the finished prefix."""
    epoch: int
    waiting: deque[Record] = field(default_factory=deque)
    """Taken in, not yet part of the prefix, in order."""
    done: dict[int, Verdict] = field(default_factory=dict)
    """Verdicts of records in `waiting`."""
    runs: list[Run] = field(default_factory=list)
    sizes: deque[tuple[int, int]] = field(default_factory=deque)
    """Last offset and bytes of what was taken in at once and is not passed as a whole."""


class Progress:
    """The offsets of one consumer."""

    def __init__(self) -> None:
        self._tracks: dict[Partition, _Track] = {}
        self._epochs = 0

    def begin(self, place: Partition, offset: int) -> None:
        """A partition was assigned; reading starts at `offset`."""
        self._epochs += 1
        self._tracks[place] = _Track(start=offset, next=offset, epoch=self._epochs)

    def drop(self, place: Partition) -> None:
        """The partition went away: what is not settled is somebody else's now."""
        self._tracks.pop(place, None)

    @property
    def places(self) -> list[Partition]:
        """Partitions held."""
        return list(self._tracks)

    def epoch(self, place: Partition) -> int:
        """Number of the assignment under which `place` is held; 0 if it is not held."""
        track = self._tracks.get(place)
        return track.epoch if track else 0

    def take(self, place: Partition, records: Sequence[Record], size: int) -> None:
        """These records of `size` bytes were read, in order of offset."""
        track = self._tracks[place]
        track.waiting.extend(records)
        track.sizes.append((records[-1].offset, size))

    def finish_alike(self, place: Partition, records: Sequence[Record], verdict: Verdict) -> None:
        """All of `records` ended alike: `finish` at the price of one record, where they are the next in line
        without gaps, within one minute, and from one source."""
        track = self._tracks.get(place)
        if track is None:
            return
        run = _as_run(records, verdict)
        if run is None or track.done or track.waiting[0] is not records[0]:
            track.done.update(dict.fromkeys([record.offset for record in records], verdict))
            self._advance(track)
            return
        if len(track.waiting) == len(records):
            track.waiting.clear()
        else:
            track.waiting = deque(islice(track.waiting, len(records), None))
        if track.runs and track.runs[-1].goes_on_as(run):
            track.runs[-1].last = run.last
        else:
            track.runs.append(run)
        track.next = run.last + 1

    def finish(self, place: Partition, verdicts: Mapping[int, Verdict]) -> None:
        """These offsets came to an end. Does nothing if the partition is not held any more."""
        track = self._tracks.get(place)
        if track is None:
            return
        track.done.update(verdicts)
        self._advance(track)

    def _advance(self, track: _Track) -> None:
        waiting, done, runs = track.waiting, track.done, track.runs
        run = runs[-1] if runs else None
        while waiting and (verdict := done.pop(waiting[0].offset, None)) is not None:
            record = waiting.popleft()
            offset, minute = record.offset, max(0, record.timestamp) // MINUTE_MS
            source = OUTSIDE if record.headers is None else _source(record)
            if (
                run is not None
                and run.last + 1 == offset
                and run.minute == minute
                and run.verdict == verdict
                and run.source == source
            ):
                run.last = offset
            else:
                run = Run(offset, offset, minute, source, verdict)
                runs.append(run)
            track.next = offset + 1

    def ready(self, places: Iterable[Partition] | None = None) -> list[Span]:
        """Finished stretches that are not settled yet."""
        chosen = self._tracks if places is None else [p for p in places if p in self._tracks]
        return [
            # The last run still grows, while whoever settles the span reads it: it gets a copy.
            Span(place, track.start, track.next, (*track.runs[:-1], replace(track.runs[-1])))
            for place in chosen
            if (track := self._tracks[place]).next > track.start
        ]

    def settled(self, spans: Iterable[Span]) -> None:
        """These spans are in the ledger and committed."""
        for span in spans:
            track = self._tracks.get(span.place)
            if track is not None and track.start == span.start:
                track.start = span.end
                track.runs = [run for run in track.runs if run.last >= span.end]
                if track.runs and track.runs[0].first < span.end:
                    track.runs[0].first = span.end

    @property
    def unfinished(self) -> int:
        """Records taken in that have not come to an end."""
        return sum(len(track.waiting) - len(track.done) for track in self._tracks.values())

    @property
    def window(self) -> int:
        """Records taken in that the finished prefix has not passed."""
        return sum(len(track.waiting) for track in self._tracks.values())

    @property
    def bytes(self) -> int:
        """About the bytes of the records that the finished prefix has not passed."""
        for track in self._tracks.values():
            while track.sizes and track.sizes[0][0] < track.next:
                track.sizes.popleft()
        return sum(size for track in self._tracks.values() for _, size in track.sizes)

    @property
    def runs(self) -> int:
        """Runs that are not settled yet."""
        return sum(len(track.runs) for track in self._tracks.values())

    def next_offsets(self) -> dict[Partition, int]:
        """End of the finished prefix by partition."""
        return {place: track.next for place, track in self._tracks.items()}

    def oldest(self) -> int | None:
        """Broker timestamp (ms) of the oldest record not passed, None if there is none."""
        heads = [track.waiting[0].timestamp for track in self._tracks.values() if track.waiting]
        return min(heads, default=None)


_timestamp, _headers, _name = attrgetter("timestamp"), attrgetter("headers"), itemgetter(0)


def _as_run(records: Sequence[Record], verdict: Verdict) -> Run | None:
    """One run for all of `records`, if they are alike."""
    first, last = records[0].offset, records[-1].offset
    if last - first + 1 != len(records):
        return None
    minute = min(map(_timestamp, records)) // MINUTE_MS
    if max(map(_timestamp, records)) // MINUTE_MS != minute:
        return None
    source = _common_source(list(map(_headers, records)))
    return None if source is None else Run(first, last, max(minute, 0), source, verdict)


def _common_source(headers: Sequence[Headers | None]) -> str | None:
    """The source of records that all name the same one at the same place, or none; else None."""
    if headers.count(None) == len(headers):
        return OUTSIDE
    named = list(map(_name, chain.from_iterable(filter(None, headers)))).count(SOURCE)
    if not named:
        return OUTSIDE
    if named != len(headers) or not headers[0]:
        return None
    place = next((index for index, (name, _) in enumerate(headers[0]) if name == SOURCE), 0)
    try:
        there = list(map(itemgetter(place), headers))  # type: ignore[arg-type]  # each names one
    except (IndexError, TypeError):
        return None
    return _trusted(headers[0][place][1]) if there.count(there[0]) == named else None


def _source(record: Record) -> str:
    given = (value for name, value in reversed(record.headers or ()) if name == SOURCE and value is not None)
    return _trusted(next(given, None))


def _trusted(value: bytes | None) -> str:
    return _SPELLED.get(value, OUTSIDE)
