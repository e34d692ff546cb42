"""What can become of a record, and the verdicts that say so."""

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """Durable ends of a record; every offset that is committed has exactly one."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    DEAD_LETTERED = "dead_lettered"
    DROPPED = "dropped"


class Rule(StrEnum):
    """Names under which records may be dropped; each drop is counted under one."""

    OTHER_GROUP = "redrive_for_other_group"
    """A redriven record that is meant for another group."""
    ABSENT = "absent_offset"
    """No record stands at this offset (compaction, transaction marker, offset moved by hand)."""
    FOREIGN = "foreign"
    """A record that belongs to somebody else's conversation, such as a result nobody here asked for."""
    LATE = "late"
    """What it answers or asks for had ended otherwise before it came."""
    EXPIRED = "expired"
    """Its own deadline had passed before it was handled."""
    REDRIVE_UNKNOWN = "redrive_outcome_unknown"
    """A redrive of an unsafe handler began once and its end is unknown: a person decides, not a retry."""


class Verdict(NamedTuple):
    """An outcome and, for drops, the rule."""

    outcome: Outcome
    rule: str = ""


STORED = Verdict(Outcome.STORED)
DUPLICATE = Verdict(Outcome.DUPLICATE)
DEAD_LETTERED = Verdict(Outcome.DEAD_LETTERED)


def dropped(rule: str) -> Verdict:
    """A drop that is counted under `rule`."""
    return Verdict(Outcome.DROPPED, rule)
