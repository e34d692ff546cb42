"""Records by number of block. Pure: a block follows from options and its number alone.

So any block can be made again (to name what is missing, to send again what was spilled), and shards that
share the blocks make together exactly what one process would. Copies are always of records in the same
block.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from random import Random
from time import gmtime, strftime

import msgspec

from .options import Faults, Options, Scenario
from .poison import CLASSES, POISON
from .population import People, Population
from .scenarios import Schedule, crowd, schedule

SIZE = 100
"""Records of a block."""
FAULTS = Faults.__struct_fields__
FRESH = "fresh"
COPIES = ("dup", "restamp", "conflict")
_SEARCHES = ("search", "home", "mail", "ad", "link")
_TYPES = ("view", "like", "dwell")
_LATE_MS = (60_000, 2 * 86_400_000)
_FUTURE_MS = (10_000, 2 * 3_600_000)
_EAST_MS = 9 * 3_600_000


class Made(msgspec.Struct, gc=False):
    """A record, and the truth about it."""

    key: bytes
    value: bytes
    fault: str
    """`fresh`, a member of `Faults`, or for poison its class."""
    original: int
    """Index in its block of the record whose event this is: its own unless it is a copy; -1 for poison."""
    event_id: str = ""
    """As the payload has it; "" where it has none."""
    event_type: str = ""
    content_id: str = ""
    occurred_ms: int = 0


class Maker:
    """Makes the blocks of a run."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.run = options.run
        self.schedule: Schedule = schedule(options.scenario, options.seed, options.eps)
        self._population = Population(run=self.run, contents=options.contents, users=options.users)
        self._pad = f',"pad":"{"x" * options.pad}"' if options.pad else ""
        parts = msgspec.structs.astuple(options.faults)
        self._has_crowds = options.scenario in (Scenario.POPULAR_BIAS, Scenario.RANDOM_SPIKE)
        self._kinds = (*FAULTS, FRESH)
        self._kind_weights = list(accumulate((*parts, max(0.0, 1.0 - sum(parts)))))

    @property
    def blocks(self) -> range:
        """Numbers of the blocks of this shard."""
        whole = -(-self.options.count // SIZE)
        return range(self.options.shard, whole, self.options.shards)

    def due_at(self, block: int) -> float:
        """Seconds after the start at which the first record of a block is due."""
        return self.schedule.moment(block * SIZE)

    def block(self, number: int) -> list[Made]:
        """The records of a block in order; the last block of a run may be short."""
        draw = Random((self.options.seed << 64) + number)  # noqa: S311 - reproducible on purpose
        kinds = draw.choices(self._kinds, cum_weights=self._kind_weights, k=SIZE)
        ranks = draw.choices(self._population.ranks, cum_weights=self._population.popularity, k=SIZE)
        people = draw.choices(self._population.people, cum_weights=self._population.activity, k=SIZE)
        records: list[Made] = []
        originals: list[Made] = []
        named: list[Made] = []
        for index, moment in enumerate(self._moments(number)):
            kind = kinds[index]
            made = _copy(kind, index, originals if kind == "dup" else named, draw) if kind in COPIES else None
            if made is None:
                kind = FRESH if kind in COPIES else kind
                made = self._event(kind, number, index, moment, ranks[index], people[index], draw)
                if made.original >= 0:
                    originals.append(made)
                if made.event_id:
                    named.append(made)
            records.append(made)
        return records[: self.size(number)]

    def size(self, number: int) -> int:
        """Records of a block: `SIZE`, but for the last one of the run."""
        return max(0, min(SIZE, self.options.count - number * SIZE))

    def __iter__(self) -> Iterator[Made]:
        """All records of this shard."""
        for number in self.blocks:
            yield from self.block(number)

    def _moments(self, number: int) -> list[int]:
        """When each event of a block happens, milliseconds since the epoch."""
        first, start = number * SIZE, self.options.start_ms
        begin, end = self.schedule.moment(first), self.schedule.moment(first + SIZE)
        if int(begin) == int(end):  # the rate changes only from second to second
            step = (end - begin) / SIZE
            return [start + int((begin + step * index) * 1000) for index in range(SIZE)]
        return [start + int(self.schedule.moment(first + index) * 1000) for index in range(SIZE)]

    def _event(
        self, kind: str, number: int, index: int, moment: int, rank: int, people: People, draw: Random
    ) -> Made:
        chance = draw.random()
        content = self._content(rank, people, moment, draw)
        event_type = (
            "view" if chance < people.views_until else "like" if chance < people.likes_until else "dwell"
        )
        dwell = (
            f',"dwell_ms":{min(int(draw.expovariate(0.00005)), 86_400_000)}' if event_type == "dwell" else ""
        )
        if kind == "late":
            moment = max(0, moment - draw.randrange(*_LATE_MS))
        elif kind == "future":
            moment += draw.randrange(*_FUTURE_MS)
        event_id = "" if kind == "no_id" else f"{self.run}-{number * SIZE + index:x}"
        value = (
            f'{{{f'"event_id":"{event_id}",' if event_id else ""}"content_id":"{content}",'
            f'"user_id":"{people.users[int(draw.random() * len(people.users))]}","event_type":"{event_type}",'
            f'"occurred_at":"{iso(moment)}"{dwell},'
            f'"props":{{"from":"{_SEARCHES[int(chance * 5)]}","n":{number * SIZE + index}{self._pad}}}}}'
        ).encode()
        if kind == "poison":
            name = CLASSES[int(draw.random() * len(CLASSES))]
            return Made(content.encode(), POISON[name].spoil(value), name, -1)
        return Made(content.encode(), value, kind, index, event_id, event_type, content, moment)

    def _content(self, rank: int, people: People, moment: int, draw: Random) -> str:
        contents = self._population.contents
        if self._has_crowds:
            second = max(0, moment - self.options.start_ms) // 1000
            drawn = crowd(self.options.scenario, self.options.seed, len(contents), second)
            if draw.random() < drawn.share:
                return contents[drawn.contents[int(draw.random() * len(drawn.contents))]]
        return contents[(rank + people.shift) % len(contents)]


def _copy(kind: str, index: int, originals: Sequence[Made], draw: Random) -> Made | None:
    """A copy of an earlier record of the block, if there is one that can be copied so."""
    if not originals:
        return None
    of = originals[int(draw.random() * len(originals))]
    if kind == "dup":
        return Made(
            of.key, of.value, kind, of.original, of.event_id, of.event_type, of.content_id, of.occurred_ms
        )
    event = msgspec.json.decode(of.value)
    if kind == "restamp":
        event["occurred_at"] = iso(of.occurred_ms + _EAST_MS).removesuffix("Z") + "+09:00"
        value = msgspec.json.format(msgspec.json.encode(dict(reversed(event.items()))), indent=0)
    else:
        event["props"]["edited"] = index
        value = msgspec.json.encode(event)
    return Made(of.key, value, kind, of.original, of.event_id, of.event_type, of.content_id, of.occurred_ms)


def iso(moment: int) -> str:
    """Milliseconds since the epoch as ISO 8601 in UTC."""
    return f"{_second(moment // 1000)}.{moment % 1000:03d}Z"


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
