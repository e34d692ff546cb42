"""Who looks at what: contents whose popularity falls with rank, users in cohorts with habits. Pure."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

ZIPF = 1.1
"""Exponent: the content of rank n draws n ** -1.1 as much as the first."""


class Cohort(NamedTuple):
    """Users of one kind."""

    name: str
    events: float
    """Part of all events that comes from them."""
    users: float
    """Part of all users."""
    habits: tuple[float, float, float]
    """How often they view, like, dwell, adding up to 1."""
    taste: float
    """By which part of the ranking their favourites differ from everybody's."""


COHORTS = (
    Cohort("newcomers", 0.30, 0.60, (0.90, 0.02, 0.08), 0.0),
    Cohort("regulars", 0.45, 0.30, (0.60, 0.10, 0.30), 0.0),
    Cohort("fans", 0.20, 0.09, (0.40, 0.30, 0.30), 0.37),
    Cohort("machines", 0.05, 0.01, (1.00, 0.00, 0.00), 0.71),
)


class People(NamedTuple):
    """A cohort's users by id, and what decides what they do."""

    users: Sequence[str]
    views_until: float
    likes_until: float
    shift: int


class Population:
    """Contents and users of one run."""

    def __init__(self, *, run: str, contents: int, users: int) -> None:
        self.contents = [f"c-{number:06d}" for number in range(contents)]
        self.ranks = range(contents)
        self.popularity = list(accumulate((rank + 1) ** -ZIPF for rank in range(contents)))
        """Cumulative weights, for `random.choices`."""
        self.people = [_people(cohort, run, contents, users) for cohort in COHORTS]
        self.activity = list(accumulate(cohort.events for cohort in COHORTS))


def _people(cohort: Cohort, run: str, contents: int, users: int) -> People:
    view, like, _ = cohort.habits
    number = max(1, int(users * cohort.users))
    return People(
        users=[f"{run}-{cohort.name}-{each}" for each in range(number)],
        views_until=view,
        likes_until=view + like,
        shift=int(contents * cohort.taste),
    )
