"""What a worker reports about itself, and what it is told in return. Pure."""

from dataclasses import dataclass, field

type Place = tuple[str, int, int]
"""Topic (logical), partition, offset."""


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Standing orders of operators for every process of a worker."""

    paused: bool = False
    pause_reason: str = ""
    flood_override_until: float | None = None
    """Seconds since the epoch; until then floods are let through."""
    skips: frozenset[Place] = field(default_factory=frozenset)
    """Records to pass by, to the dead letters."""
    start_requested_at: float | None = None
    """Seconds since the epoch; a process that stopped on purpose before it may start again."""

    def lets_floods_through(self, now: float) -> bool:
        """Whether an approver said that floods may pass at this time."""
        return self.flood_override_until is not None and now < self.flood_override_until


NO_ORDERS = Orders()


@dataclass(frozen=True, kw_only=True)
class Beat:
    """One report of a worker process: its state in its own words, and how far it is behind."""

    state: str
    """A value of `WorkerProcess.State`."""
    reason: str = ""
    partitions: tuple[str, ...] = ()
    """Assigned, as "topic[0]"."""
    lag_records: int | None = None
    lag_seconds: float | None = None
    in_hand: int = 0
    bytes_in_hand: int = 0
    last_commit_at: float | None = None
    """Seconds since the epoch."""
