"""What a rule is: a pattern, and how deep the cause that it names lies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, IntEnum, auto

from heimdall_project.events.jobs import Severity


class Depth(IntEnum):
    """How near a failure of this kind is to the root: of two in one log, the deeper explains the other."""

    GENERIC = 1
    """An exception or error that could be anything."""
    SYMPTOM = 2
    """What callers see when something behind them fails: timeouts, resets, lost leases."""
    DEPENDENCY = 3
    """Something that is needed is not there: refused, unreachable, rejected."""
    RESOURCE = 4
    """Something has run out or is set up wrong; it does not follow from the others."""


class Target(Enum):
    """What the lines of a rule name beside the component."""

    ENDPOINT = auto()
    """The host, with port, that is talked to."""
    SOURCE = auto()
    """The address that it comes from."""
    NAME = auto()
    """A host name that is looked up."""
    PATH = auto()
    """A file."""
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of failure.

    ``pattern`` is searched in the lower-cased message. Below ``least`` lines the rule does not speak
    (password guessing needs many). ``quiet`` rules hold for lines at INFO too. ``subjects`` find who fails
    in the text itself, where another reports it (the kernel, a supervisor); the first that finds decides.
    What a rule says is in `texts`, by its name.
    """

    name: str
    pattern: re.Pattern[str]
    depth: Depth
    severity: Severity
    target: Target = Target.NOTHING
    least: int = 1
    quiet: bool = False
    subjects: tuple[re.Pattern[str], ...] = ()


def any_of(*alternatives: str) -> re.Pattern[str]:
    """A pattern that finds any of the alternatives; they are written in lower case."""
    return re.compile("|".join(alternatives))
