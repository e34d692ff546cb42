"""What is to be generated. Pure."""

from enum import StrEnum
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

type Share = Annotated[float, Meta(ge=0.0, le=1.0)]
"""Part of all records."""


class Scenario(StrEnum):
    """How rate and popularity change with time; `scenarios` has the figures."""

    NORMAL = "NORMAL"
    """The same rate all the time; popularity falls with rank."""
    BURST = "BURST"
    """Every minute begins with ten seconds at five times the rate."""
    POPULAR_BIAS = "POPULAR_BIAS"
    """Four of five events are about ten contents, others every minute."""
    RANDOM_SPIKE = "RANDOM_SPIKE"
    """Now and then one content draws a crowd: for ten seconds eight times the rate."""


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parts of all records that are not simply a new event of now."""

    dup: Share = 0.0
    """The bytes of an earlier record again."""
    restamp: Share = 0.0
    """An earlier event again, written in other bytes: same id, same meaning."""
    conflict: Share = 0.0
    """An earlier id again, for an event that says something else."""
    poison: Share = 0.0
    """No event at all; each class of `poison` as often as any other."""
    late: Share = 0.0
    """Events that happened one minute to two days ago."""
    future: Share = 0.0
    """Events of clocks that are ahead, by ten seconds to two hours."""
    no_id: Share = 0.0
    """Events without an `event_id`."""

    def __post_init__(self) -> None:
        if sum(msgspec.structs.astuple(self)) > 1.0:
            raise ValueError("the parts of all faults together are more than 1")

    @classmethod
    def parse(cls, text: str) -> "Faults":
        """Read `dup=0.01,poison=0.001`. Raises ValueError naming what is wrong."""
        given: dict[str, float] = {}
        for part in filter(None, (each.strip() for each in text.split(","))):
            name, _, value = part.partition("=")
            if name not in cls.__struct_fields__:
                raise ValueError(f"unknown fault {name!r}; known: {', '.join(cls.__struct_fields__)}")
            try:
                given[name] = float(value)
            except ValueError:
                raise ValueError(f"fault {name}: {value!r} is no number") from None
        try:
            return msgspec.convert(given, cls)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides what is generated. Equal options give equal bytes."""

    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    count: Annotated[int, Meta(ge=0, le=10**10)]
    """Records of all shards together."""
    start_ms: Annotated[int, Meta(ge=0, le=4_102_444_800_000)]
    """When the first event happens, milliseconds since the epoch; later than 2100 is refused."""
    eps: Annotated[float, Meta(gt=0.0, le=1e7)] = 1000.0
    """Records a second of all shards together, before the scenario changes that."""
    scenario: Scenario = Scenario.NORMAL
    faults: Faults = Faults()
    contents: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000
    users: Annotated[int, Meta(ge=10, le=1_000_000)] = 10_000
    pad: Annotated[int, Meta(ge=0, le=3500)] = 0
    """Bytes of padding in `props`."""
    shard: Annotated[int, Meta(ge=0)] = 0
    shards: Annotated[int, Meta(ge=1, le=1000)] = 1
    """This process makes the blocks whose number leaves `shard` when divided by `shards`."""

    def __post_init__(self) -> None:
        if self.shard >= self.shards:
            raise ValueError(f"shard {self.shard} of {self.shards} does not exist; the first is 0")

    @property
    def run(self) -> str:
        """Names all records of these options, whichever shard made them: users and ids begin with it."""
        whole = msgspec.structs.replace(self, shard=0, shards=1)
        return "g" + sha256(msgspec.json.encode(whole)).hexdigest()[:10]
