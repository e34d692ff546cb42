"""Reading batches."""

from django.db.models import Case, IntegerField, QuerySet, Value, When

from ..batch_states import ItemState
from ..models import BatchItem, DeadLetter, RedriveBatch
from ..states import WAITING, State

ITEMS_MOST = 1000
_BAD_FIRST = (ItemState.FAILED, ItemState.SKIPPED, ItemState.SENDING, ItemState.PUBLISHED)


def batches_listed() -> QuerySet[RedriveBatch]:
    """All batches with the people who decided about them."""
    people = ("proposed_by", "approved_by", "second_approved_by")
    return RedriveBatch.objects.select_related(*people).defer(*(f"{name}__password" for name in people))


def items_of(batch: RedriveBatch) -> QuerySet[BatchItem]:
    """Items of a batch, up to a bound: first those that did not end well."""
    places = [When(state=state, then=Value(place)) for place, state in enumerate(_BAD_FIRST)]
    order = Case(*places, default=Value(len(places)), output_field=IntegerField())
    return BatchItem.objects.filter(batch=batch).order_by(order, "pk")[:ITEMS_MOST]


def letters_oldest(letters: QuerySet[DeadLetter], *, most: int) -> list[int]:
    """Ids of the oldest of these letters that a person has to decide about, or that are approved."""
    waiting = letters.filter(state__in=sorted({*WAITING, State.APPROVED}), batch=None)
    return list(waiting.order_by("failed_at", "pk").values_list("pk", flat=True)[:most])
