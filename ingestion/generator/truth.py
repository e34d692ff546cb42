"""What is true about records that were sent: counted when they were acknowledged, kept as JSON. Pure.

`known` counts what was acknowledged; `unknown` what may be there beside it, because no answer came. So each
figure that is observed later must lie between `known` and `known` + `unknown`.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from hashlib import sha256
from zlib import crc32

import msgspec

from .blocks import FRESH, Made, Maker
from .options import Options
from .poison import POISON

FORMAT = 1
MINUTE_MS = 60_000


class Fate(IntEnum):
    """What became of a record, the worst first; sent more than once, its best fate counts."""

    UNSENT = 0
    REFUSED = 1
    """The other side said that it is wrong."""
    UNKNOWN = 2
    """Sent; no answer came."""
    ACKED = 3


class Tally(msgspec.Struct, kw_only=True):
    """Figures that add up: of blocks, of shards."""

    records: int = 0
    """Records that are page views, copies included."""
    events: int = 0
    """Distinct events."""
    conflicts: int = 0
    """Ids under which more than one event was sent."""
    id_sum: int = 0
    """CRC-32 of the identities of all distinct events, added up."""
    faults: dict[str, int] = {}
    """Records by member of `Faults`."""
    poison: dict[str, int] = {}
    """Records by class of poison."""
    by_type: dict[str, int] = {}
    by_content: dict[str, int] = {}
    by_minute: dict[int, int] = {}
    """Distinct events; minutes since the epoch in which they happened."""

    def add(self, other: "Tally") -> None:
        """Add another's figures."""
        for name in self.__struct_fields__:
            ours, theirs = getattr(self, name), getattr(other, name)
            if isinstance(ours, dict):
                for key, number in theirs.items():
                    ours[key] = ours.get(key, 0) + number
            else:
                setattr(self, name, ours + theirs)

    @property
    def repeats(self) -> int:
        """Records whose event was there already."""
        return self.records - self.events

    def top(self, size: int) -> list[tuple[str, int]]:
        """Contents with the most distinct events, by number, then by id."""
        return sorted(self.by_content.items(), key=lambda each: (-each[1], each[0]))[:size]


class Truth(msgspec.Struct, kw_only=True):
    """The truth about one run, or about some shards of it."""

    format: int = FORMAT
    run: str
    options: Options
    shards: list[int]
    """Which shards it counts."""
    known: Tally = msgspec.field(default_factory=Tally)
    unknown: Tally = msgspec.field(default_factory=Tally)
    extra_copies: int = 0
    """Records that may be there once more than counted: sent again after no answer came."""
    refused: dict[str, int] = {}
    """Records that the other side called wrong, by class of poison, or by fault if they were not poison."""
    unsent: int = 0
    started_ms: int = 0
    finished_ms: int = 0

    @classmethod
    def of(cls, options: Options) -> "Truth":
        """Nothing sent yet."""
        return cls(run=options.run, options=options, shards=[options.shard])

    def count_block(self, block: Sequence[Made], fates: Sequence[Fate] | None = None) -> None:
        """Count the records of one block; `fates` if not all of them were acknowledged."""
        if fates is None:
            _count(self.known, block)
            return
        acked, maybe = _with(Fate.ACKED, block, fates), _with(Fate.UNKNOWN, block, fates)
        _count(self.known, acked)
        _count(self.unknown, maybe, beside=acked)
        for made in _with(Fate.REFUSED, block, fates):
            self.refused[made.fault] = self.refused.get(made.fault, 0) + 1
        self.unsent += len(_with(Fate.UNSENT, block, fates))

    def merge(self, other: "Truth") -> None:
        """Add what is true of other shards of the same run. Raises ValueError if they are not."""
        if (self.format, self.run) != (other.format, other.run):
            raise ValueError(f"run {other.run} is another than {self.run}: other options, or another seed")
        if twice := sorted(set(self.shards) & set(other.shards)):
            raise ValueError(f"both count shard {twice[0]} of run {self.run}")
        self.shards = sorted({*self.shards, *other.shards})
        self.known.add(other.known)
        self.unknown.add(other.unknown)
        self.extra_copies += other.extra_copies
        self.unsent += other.unsent
        for name, number in other.refused.items():
            self.refused[name] = self.refused.get(name, 0) + number
        starts = [each for each in (self.started_ms, other.started_ms) if each]
        self.started_ms, self.finished_ms = min(starts, default=0), max(self.finished_ms, other.finished_ms)

    @property
    def wrongly_refused(self) -> int:
        """Good records that the other side called wrong."""
        return sum(number for name, number in self.refused.items() if name not in POISON)

    def to_json(self) -> bytes:
        """As it is kept in a file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> "Truth":
        """Read what `to_json` wrote. Raises ValueError naming what is wrong."""
        try:
            truth = msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"not a file of truth: {error}") from None
        if truth.format != FORMAT:
            raise ValueError(f"format {truth.format} is not known here; this version reads {FORMAT}")
        return truth


def expected(maker: Maker) -> Truth:
    """The truth about all records of a shard, if every one is acknowledged."""
    truth = Truth.of(maker.options)
    for number in maker.blocks:
        truth.count_block(maker.block(number))
    return truth


def identity(made: Made) -> str:
    """As `events.page_views.event_identity` has it."""
    return made.event_id or sha256(made.value).hexdigest()


def _with(fate: Fate, block: Sequence[Made], fates: Sequence[Fate]) -> list[Made]:
    return [made for made, each in zip(block, fates, strict=True) if each is fate]


def _count(tally: Tally, records: Sequence[Made], *, beside: Sequence[Made] = ()) -> None:
    """Add records of one block; events of `beside` are counted elsewhere already."""
    good = [made for made in records if made.original >= 0]
    tally.records += len(good)
    _more(tally.faults, (made.fault for made in good if made.fault != FRESH))
    _more(tally.poison, (made.fault for made in records if made.original < 0))
    tally.conflicts += _conflicts([*good, *beside]) - _conflicts(beside)
    counted = {made.original for made in beside}
    for made in good:
        if made.original in counted:
            continue
        counted.add(made.original)
        tally.events += 1
        tally.id_sum += crc32(identity(made).encode())
        minute = made.occurred_ms // MINUTE_MS
        tally.by_type[made.event_type] = tally.by_type.get(made.event_type, 0) + 1
        tally.by_content[made.content_id] = tally.by_content.get(made.content_id, 0) + 1
        tally.by_minute[minute] = tally.by_minute.get(minute, 0) + 1


def _conflicts(records: Sequence[Made]) -> int:
    """Events under whose id more than one body stands."""
    if not any(made.fault == "conflict" for made in records):
        return 0
    bodies: dict[int, set[bytes]] = {}
    for made in records:
        if made.original >= 0:
            bodies.setdefault(made.original, set()).add(made.value if made.fault == "conflict" else b"")
    return sum(len(each) > 1 for each in bodies.values())


def _more(counts: dict[str, int], names: Iterable[str]) -> None:
    for name in names:
        counts[name] = counts.get(name, 0) + 1
