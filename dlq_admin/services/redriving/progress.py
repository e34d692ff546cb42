"""How far a batch is."""

from django.db.models import Count

from heimdall_project.streams.models import RedriveOutcome

from ...batch_states import ItemState
from ...models import BatchItem, RedriveBatch
from ...ramp import Progress

ACTOR = "dlq-redriver"
AT_ONCE = 2000
"""Letters that one step sends, and whose outcomes one step reads."""


def progress_of(batch: RedriveBatch) -> Progress:
    """Items of a batch by where they stand."""
    rows = BatchItem.objects.filter(batch=batch).order_by().values_list("state").annotate(n=Count("pk"))
    counts: dict[str, int] = dict(rows)
    return Progress(
        waiting=counts.get(ItemState.WAITING, 0),
        under_way=counts.get(ItemState.SENDING, 0) + counts.get(ItemState.PUBLISHED, 0),
        resolved=counts.get(ItemState.RESOLVED, 0),
        failed=counts.get(ItemState.FAILED, 0),
        forgiven=batch.forgiven,
    )


def no_end_said(batch: RedriveBatch) -> str:
    """What to tell of letters that an unsafe consumer began, and of which nobody knows how they ended."""
    if not batch.needs_second:
        return ""
    published = BatchItem.objects.filter(batch=batch, state=ItemState.PUBLISHED).values("redrive_id")
    begun = RedriveOutcome.objects.filter(redrive_id__in=published, status=RedriveOutcome.Status.STARTED)
    if not (number := begun.count()):
        return ""
    return f"; {number} were begun and no end is known: see what they did, then cancel and give up the rest"
