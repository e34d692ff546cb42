"""What is sent, as it is or changed, and whether it fits the contract of now."""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from django.http import HttpRequest

from heimdall_project.streams import transforms

from .. import services

TRIED = 200
"""Letters of a set that are held against the contract before it is approved."""
WRONG_MOST = 10
TRANSFORM = "transform"


class Way(NamedTuple):
    """As they are, or changed by a transform."""

    title: str
    meaning: str
    href: str
    is_chosen: bool


def transform_of(request: HttpRequest) -> str:
    """The transform that the address names; "" for none, and for one that there is not."""
    chosen = request.GET.get(TRANSFORM, "")
    return chosen if transforms.find(chosen) else ""


def ways(request: HttpRequest, topics: Collection[str], chosen: str) -> list[Way]:
    """The transforms for these topics, and none of them; nothing where there is no choice."""
    found = [each for each in transforms.offered() if each.topic in topics or each.key == chosen]
    if not found:
        return []
    query = request.GET.copy()
    query.pop(TRANSFORM, None)
    as_is = Way("As they are", "The same bytes again.", f"?{query.urlencode()}", not chosen)
    found_ways = [as_is]
    for each in found:
        query[TRANSFORM] = each.key
        found_ways.append(
            Way(each.key, each.meaning.replace("`", ""), f"?{query.urlencode()}", each.key == chosen)
        )
    return found_ways


class Tried(NamedTuple):
    """What a dry run of the first letters says."""

    tried: int
    passed: int
    unknown: int
    """Their consumers read anything, or a redrive target takes them."""
    wrong: list[tuple[str, int]]
    """What does not fit the contract, and how often; the most frequent first."""
    missing: list[str]
    """Topics that are not there."""

    @property
    def is_hopeless(self) -> bool:
        """Whether all that was tried would fail again."""
        return bool(self.wrong) and not self.passed and not self.unknown


def dry_run(trial: services.Trial) -> Tried:
    """A page of a dry run in numbers."""
    wrong = Counter(f"{each.path}: {each.rule}" for one in trial.tried for each in one.errors)
    return Tried(
        tried=len(trial.tried),
        passed=sum(one.passes is True for one in trial.tried),
        unknown=sum(one.passes is None for one in trial.tried),
        wrong=wrong.most_common(WRONG_MOST),
        missing=[place.topic for place in trial.places if place.topic_exists is False],
    )
