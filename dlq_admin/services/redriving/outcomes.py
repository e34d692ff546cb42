"""What became of the letters that were sent again."""

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from heimdall_project.observability import metrics
from heimdall_project.observability.crash import crash_point
from heimdall_project.streams import redrive
from heimdall_project.streams.lease import Lease

from ...batch_states import ItemState
from ...models import BatchItem, Cluster, DeadLetter
from ...states import Event, State
from ..moving import letters_move
from .progress import ACTOR, AT_ONCE

ASKED_AT_ONCE = 100
_OUTCOMES = """
SELECT item.id, outcome.status FROM redrive_items AS item
JOIN streams_redriveoutcome AS outcome USING (redrive_id)
WHERE item.state IN ('SENDING', 'PUBLISHED') AND outcome.status IN ('ok', 'failed')
ORDER BY item.id LIMIT %s
"""


class Outcomes:
    """Reads outcomes and gives letters their ends, under the lease of its redriver."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._asked_upto = 0

    def read(self) -> int:
        """What the runtime wrote of redriven records, and redrive targets say of theirs; how many ended."""
        return self._of_runtime() + self._of_targets()

    def _of_runtime(self) -> int:
        with connection.cursor() as sql:
            sql.execute(_OUTCOMES, [AT_ONCE])
            found = dict(sql.fetchall())
        items = list(BatchItem.objects.filter(pk__in=found))
        self.ended([item for item in items if found[item.pk] == "ok"], ok=True)
        self.ended([item for item in items if found[item.pk] == "failed"], ok=False)
        return len(found)

    def _of_targets(self) -> int:
        """So many a step, one after the other."""
        under_way = BatchItem.objects.filter(state=ItemState.PUBLISHED).exclude(reference="")
        next_ones = under_way.filter(pk__gt=self._asked_upto).select_related("letter").order_by("pk")
        items = list(next_ones[:ASKED_AT_ONCE])
        self._asked_upto = items[-1].pk if items else 0
        ended = 0
        for item in items:
            target = redrive.target(item.letter.topic)
            state = target.state(item.reference) if target else "pending"
            if state != "pending":
                self.ended([item], ok=state == "resolved")
                ended += 1
        return ended

    def ended(self, items: Sequence[BatchItem], *, ok: bool, note: str = "") -> None:
        """These have their end: their letters are free again."""
        if not items:
            return
        with transaction.atomic():
            self._lease.fence()
            moved = letters_move(
                ids=[item.letter_id for item in items],
                target=State.RESOLVED if ok else State.FAILED_AGAIN,
                event=Event.RESOLVED if ok else Event.FAILED_AGAIN,
                actor=ACTOR,
                note=note,
                only={"redrive_id__in": [item.redrive_id for item in items]},
                changes={} if ok else {"attempt": F("attempt") + 1},
            )
            DeadLetter.objects.filter(pk__in=[item.letter_id for item in items]).update(
                batch=None, approved_by=None
            )
            BatchItem.objects.filter(pk__in=[item.pk for item in items]).update(
                state=ItemState.RESOLVED if ok else ItemState.FAILED, ended_at=Now(), note=note[:500]
            )
            if ok:
                clusters = {each.id: each.cluster for each in moved}
                _remember({clusters[i.letter_id]: i.batch_id for i in items if i.letter_id in clusters})
        crash_point("dlq.after_end")
        metrics.LETTERS_REDRIVEN.labels("resolved" if ok else "failed").inc(len(items))


def _remember(batches: dict[int, int]) -> None:
    """Which redrive helped against a cause. The rows are locked already: their counters were moved."""
    for cluster, batch in sorted(batches.items()):
        Cluster.objects.filter(pk=cluster).update(resolved_by=batch, resolved_at=Now())
