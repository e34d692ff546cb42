"""Letters that claim one place for different records."""

from django.db.models import QuerySet

from ..models import DeadLetter
from ..states import WAITING

RIVALS_SHOWN = 20
"""Rivals that a page names."""
COUNTED_MOST = 10_000
"""Letters that are counted; whoever may write to a dead-letter topic decides how many there are."""


def same_place(letter: DeadLetter) -> QuerySet[DeadLetter]:
    """All letters that claim the place of this one, itself included."""
    return DeadLetter.objects.filter(
        topic=letter.topic, partition=letter.partition, offset=letter.offset, group=letter.group
    )


def rivals_of(letter: DeadLetter) -> QuerySet[DeadLetter]:
    """Other letters that claim its place, the first to come first."""
    if not letter.contested:
        return DeadLetter.objects.none()
    return same_place(letter).exclude(pk=letter.pk).order_by("pk")


def contested_waiting() -> int:
    """Letters that wait, and whose place another claims too; `COUNTED_MOST` at most."""
    waiting = DeadLetter.objects.filter(contested=True, state__in=sorted(WAITING))
    return waiting.order_by()[:COUNTED_MOST].count()
