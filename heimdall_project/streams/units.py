"""What is handed over to a thread, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .dead_letters import Failure
from .outcomes import Verdict
from .records import Partition, Record


@dataclass(slots=True, eq=False)
class Unit:
    """Records handed over together. Touched by one thread at a time; `yielding` is set from the poll loop."""

    place: Partition
    epoch: int
    records: Sequence[Record]
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    failures: dict[int, Failure] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    outages: int = 0
    not_before: float = 0.0
    call_began: float | None = None
    """Monotonic start of the handler call under way; the watchdog reads it."""
    yielding: bool = False
    stored: bool = False
    """Every record was stored, so there is no verdict for each."""
    waits_for: Exception | None = None
    """Why the unit must be tried again."""
    is_held_up: bool = False
    """A dependency was away when it last came back; set and read by the poll loop alone."""

    def left(self) -> Sequence[Record]:
        """Records without an end."""
        if self.stored:
            return []
        if not self.verdicts and not self.failures:
            return self.records
        return [r for r in self.records if r.offset not in self.verdicts and r.offset not in self.failures]


@dataclass(slots=True)
class Load:
    """Units handed over at once to one thread."""

    units: Sequence[Unit]
    handled: int = 0
    """Records that came to an end in it."""
    seconds: float = 0.0
    """How long that took."""
