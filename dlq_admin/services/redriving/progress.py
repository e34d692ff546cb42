"""How far a batch is."""

from django.db.models import Count

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
