"""Reading batches."""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When

from ..batch_states import BatchState, ItemState
from ..models import BatchItem, DeadLetter, RedriveBatch, standing
from ..states import SENDABLE

ITEMS_MOST = 1000
FAILED_MOST = 1000
"""Letters that failed, of one batch in a list, up to which they are counted."""
_BAD_FIRST = (ItemState.FAILED, ItemState.SKIPPED, ItemState.SENDING, ItemState.PUBLISHED)

_OF_LETTER = ("topic", "partition", "offset", "group", "event_id", "state")
REPORT_COLUMNS = {
    "letter": "letter_id",
    "topic": "letter_now_topic",
    "partition": "letter_now_partition",
    "offset": "letter_now_offset",
    "group": "letter_now_group",
    "event_id": "letter_now_event_id",
    "attempt": "attempt",
    "redrive_id": "redrive_id",
    "outcome": "state",
    "note": "note",
    "reference": "reference",
    "sent_at": "sent_at",
    "ended_at": "ended_at",
    "letter_state_now": "letter_now_state",
}
"""Column of a report to where it stands."""


def batches_listed() -> QuerySet[RedriveBatch]:
    """All batches with the people who decided about them."""
    people = ("proposed_by", "approved_by", "second_approved_by")
    return RedriveBatch.objects.select_related(*people).defer(*(f"{name}__password" for name in people))


def batches_with_ends(batches: QuerySet[RedriveBatch]) -> QuerySet[RedriveBatch]:
    """Batches with how those that are DONE went: `failed`, letters up to `FAILED_MOST`, and `any_handled`.

    A list has many batches and each may have 100,000 letters: no more of them are looked at.
    """
    items = BatchItem.objects.filter(batch=OuterRef("pk")).order_by()
    some = ArraySubquery(items.filter(stage=ItemState.FAILED).values("pk")[:FAILED_MOST])
    is_done = Q(state=BatchState.DONE)
    return batches.annotate(
        failed=Case(
            When(is_done, then=Func(some, function="cardinality", output_field=IntegerField())), default=0
        ),
        any_handled=Case(When(is_done, then=Exists(items.filter(stage=ItemState.RESOLVED))), default=False),
    )


def items_of(batch: RedriveBatch) -> QuerySet[BatchItem]:
    """Items of a batch, up to a bound: first those that did not end well."""
    places = [When(state=state, then=Value(place)) for place, state in enumerate(_BAD_FIRST)]
    order = Case(*places, default=Value(len(places)), output_field=IntegerField())
    return BatchItem.objects.filter(batch=batch).order_by(order, "pk")[:ITEMS_MOST]


def letters_oldest(letters: QuerySet[DeadLetter], *, most: int) -> list[int]:
    """Ids of the oldest of these letters that a person has to decide about, or that are approved."""
    waiting = letters.filter(standing(SENDABLE), batch=None)
    return list(waiting.order_by("failed_at", "pk").values_list("pk", flat=True)[:most])


def report_of(batch: RedriveBatch) -> QuerySet[BatchItem, Any]:
    """A row for each item of a batch, as `REPORT_COLUMNS` say, in the order of the set.

    Asked letter by letter and not joined: of a letter that is gone, the item is still told.
    """
    letter = DeadLetter.objects.filter(pk=OuterRef("letter_id"))
    now = {f"letter_now_{name}": Subquery(letter.values(name)[:1]) for name in _OF_LETTER}
    items = BatchItem.objects.filter(batch=batch).annotate(**now)
    return items.order_by("pk").values_list(*REPORT_COLUMNS.values())
