"""How far a batch is."""

from django.db.models import Count

from heimdall_project.streams.models import RedriveOutcome

from ...batch_states import ItemState
from ...models import BatchItem, RedriveBatch
from ...ramp import Progress
from ...states import STAGE_UNDER_WAY

ACTOR = "dlq-redriver"
AT_ONCE = 2000
"""Letters that one step sends, and whose outcomes one step reads."""


def progress_of(batch: RedriveBatch) -> Progress:
    """Items of a batch by where they stand."""
    rows = BatchItem.objects.filter(batch=batch).order_by().values_list("stage").annotate(n=Count("pk"))
    counts: dict[str, int] = dict(rows)
    return Progress(
        waiting=counts.get(ItemState.WAITING, 0),
        under_way=counts.get(STAGE_UNDER_WAY, 0),
        resolved=counts.get(ItemState.RESOLVED, 0),
        failed=counts.get(ItemState.FAILED, 0),
        forgiven=batch.forgiven,
    )


def no_end_said(batch: RedriveBatch) -> str:
    """What to tell of letters that an unsafe consumer began, and of which nobody knows how they ended."""
    if not batch.needs_second:
        return ""
    under_way = BatchItem.objects.filter(batch=batch, stage=STAGE_UNDER_WAY)
    published = under_way.filter(state=ItemState.PUBLISHED).values("redrive_id")
    begun = RedriveOutcome.objects.filter(redrive_id__in=published, status=RedriveOutcome.Status.STARTED)
    if not (number := begun.count()):
        return ""
    return f"; {number} were begun and no end is known: see what they did, then cancel and give up the rest"
