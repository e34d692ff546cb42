"""What a soak saw, as figures that the judge and the report read. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .schedule import Fault


@dataclass
class Happened:
    """A fault that was carried out; seconds after the load began."""

    fault: Fault
    began: float
    ended: float | None = None
    recovered: float | None = None
    """When all that was in Kafka at its end was committed."""
    note: str = ""
    trouble: str = ""
    """What went otherwise than it must, of the fault itself: an exit code, a start that failed."""


@dataclass(frozen=True)
class Sent:
    """One generated run beside what stands in the stores."""

    name: str
    """`Kafka` or `HTTP`."""
    records: int
    """Page views that were acknowledged, copies included."""
    events: int
    """Distinct events among them, made again from the seed."""
    rate: float
    not_acknowledged: int
    """Records that are unsent or without an answer at the end, or wrongly refused."""
    extra_copies: int
    rows: int
    """Rows that readers see."""
    missing: Sequence[str]
    """Acknowledged events that readers do not see."""
    unexpected: int
    """Events that readers see and nobody sent."""
    truth_code: int
    """Exit code of `check_truth`."""
    truth_said: str
    poison: Mapping[str, int]
    """Acknowledged poison by class."""
    letters: Mapping[str, int]
    """Dead letters of this run by class, with identical bytes; copies of one are one."""
    altered: int
    """Dead letters whose bytes are none that were sent."""
    refused: int
    """Poison that the door refused."""
    poison_made: int
    """Records of poison that the seed makes; each must be acknowledged or refused."""


@dataclass(frozen=True)
class Figures:
    """Everything."""

    seed: int
    minutes: float
    sent: Sequence[Sent]
    planned: Sequence[Fault]
    happened: Sequence[Happened]
    memory: Sequence[tuple[float, float]]
    """Seconds, and resident MiB of the writer that was never ended."""
    rows: int
    """`count()` of page_views FINAL."""
    distinct: int
    """Distinct event ids."""
    outcomes: Mapping[str, int]
    """Of the ledger."""
    ledger_code: int
    """Exit code of `check_ledger`."""
    ledger_said: str
    unbalanced: str
    """How outcomes, cursors, committed offsets and ends of partitions differ; "" if they do not."""
    ended: Mapping[str, str]
    """How each process ended, "" if in order when it was asked to."""
    broken_inserts: int
    visits: int
    """Of guests in the group."""
