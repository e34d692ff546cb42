"""Topics as they are declared against topics as the broker has them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from django.conf import settings

from ..errors import TransientError
from .topics import TopicSpec

_LOOKS, _PAUSE = 100, 0.1
"""How often, and with how many seconds between, created topics are looked for."""


class TopicState(Protocol):
    """What the broker says about a topic."""

    @property
    def partitions(self) -> int: ...
    @property
    def replication_factor(self) -> int: ...
    @property
    def config(self) -> dict[str, str]: ...


class Admin(Protocol):
    """What is needed of the broker's administration. Methods raise TransientError."""

    def describe(self, names: Sequence[str]) -> Mapping[str, TopicState]:
        """Those of `names` (logical) that exist."""
        ...

    def create(self, specs: Sequence[TopicSpec]) -> None:
        """Create topics."""
        ...

    def alter_config(self, name: str, config: Mapping[str, str]) -> None:
        """Set configuration values."""
        ...


class Kind(StrEnum):
    """What may differ."""

    MISSING = "missing"
    PARTITIONS = "partitions"
    REPLICATION = "replication"
    CONFIG = "config"

    @property
    def is_fixable(self) -> bool:
        """Whether it can be put right without moving data or changing which partition a key goes to."""
        return self in (Kind.MISSING, Kind.CONFIG)


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One difference."""

    topic: str
    kind: Kind
    what: str
    """Name of the property."""
    wanted: str
    found: str


def drift_of(spec: TopicSpec, state: TopicState | None, *, replication_factor: int) -> list[Drift]:
    """How a topic differs from its declaration. More replicas than asked for are no difference."""
    if state is None:
        shape = f"{spec.partitions} partitions"
        return [Drift(topic=spec.name, kind=Kind.MISSING, what="topic", wanted=shape, found="nothing")]
    found = []
    if state.partitions != spec.partitions:
        found.append(_drift(spec, Kind.PARTITIONS, "partitions", spec.partitions, state.partitions))
    if state.replication_factor < replication_factor:
        found.append(
            _drift(spec, Kind.REPLICATION, "replication factor", replication_factor, state.replication_factor)
        )
    found += [
        _drift(spec, Kind.CONFIG, name, wanted, state.config.get(name, "unset"))
        for name, wanted in spec.config.items()
        if state.config.get(name) != wanted
    ]
    return found


def _drift(spec: TopicSpec, kind: Kind, what: str, wanted: object, found: object) -> Drift:
    return Drift(topic=spec.name, kind=kind, what=what, wanted=str(wanted), found=str(found))


def survey(admin: Admin, specs: Sequence[TopicSpec]) -> list[Drift]:
    """All differences, in order of declaration. Raises TransientError."""
    states = admin.describe([spec.name for spec in specs])
    factor: int = settings.KAFKA_REPLICATION_FACTOR
    return [
        drift for spec in specs for drift in drift_of(spec, states.get(spec.name), replication_factor=factor)
    ]


def create_missing(
    admin: Admin,
    specs: Sequence[TopicSpec],
    drifts: Sequence[Drift],
    *,
    wait: Callable[[float], object] = time.sleep,
) -> list[str]:
    """Create the topics that are missing and wait until they are seen; answers their names.

    The controller has a topic before the other brokers know it. Raises TransientError.
    """
    missing = {drift.topic for drift in drifts if drift.kind is Kind.MISSING}
    wanted = [spec for spec in specs if spec.name in missing]
    if not wanted:
        return []
    admin.create(wanted)
    names = [spec.name for spec in wanted]
    for _ in range(_LOOKS):
        if len(admin.describe(names)) == len(names):
            return names
        wait(_PAUSE)
    raise TransientError("kafka", "the topics were created, but the broker does not show them")


def fix_config(admin: Admin, drifts: Sequence[Drift]) -> list[str]:
    """Set configuration that drifted back; answers the topics. Raises TransientError."""
    wanted: dict[str, dict[str, str]] = {}
    for drift in drifts:
        if drift.kind is Kind.CONFIG:
            wanted.setdefault(drift.topic, {})[drift.what] = drift.wanted
    for name, config in wanted.items():
        admin.alter_config(name, config)
    return list(wanted)
