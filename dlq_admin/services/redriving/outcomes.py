"""What became of the letters that were sent again."""

from collections import defaultdict
from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models.functions import Now

from heimdall_project.observability import metrics
from heimdall_project.observability.crash import crash_point
from heimdall_project.streams import redrive
from heimdall_project.streams.lease import Lease

from ...batch_states import ItemState
from ...models import BatchItem, Cluster
from ...states import STAGE_UNDER_WAY
from ..moving import set_counted, set_move
from ..sets import FAIL, RESOLVE
from .progress import ACTOR, AT_ONCE

ASKED_AT_ONCE = 100
_OUTCOMES = """
SELECT item.batch_id, outcome.status, item.id FROM redrive_items AS item
JOIN streams_redriveoutcome AS outcome USING (redrive_id)
WHERE item.stage = 'UNDER_WAY' AND outcome.status IN ('ok', 'failed')
ORDER BY item.id LIMIT %s
"""
# Letters that had come to their end without us: their own dead letter was faster.
_FREE = """
UPDATE dead_letters AS letter SET batch_id = NULL, approved_by_id = NULL FROM redrive_items AS item
WHERE item.id = ANY(%s::bigint[]) AND letter.id = item.letter_id AND letter.batch_id = item.batch_id
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
            rows = sql.fetchall()
        alike: dict[tuple[int, str], list[int]] = defaultdict(list)
        for batch_id, status, item_id in rows:
            alike[batch_id, status].append(item_id)
        for (batch_id, status), item_ids in alike.items():
            self.ended(batch_id, item_ids, ok=status == "ok")
        return len(rows)

    def _of_targets(self) -> int:
        """So many a step, one after the other."""
        under_way = BatchItem.objects.filter(stage=STAGE_UNDER_WAY, state=ItemState.PUBLISHED)
        of_targets = under_way.exclude(reference="").filter(pk__gt=self._asked_upto)
        next_ones = of_targets.select_related("letter").order_by("pk")
        items = list(next_ones[:ASKED_AT_ONCE])
        self._asked_upto = items[-1].pk if items else 0
        ended = 0
        for item in items:
            target = redrive.target(item.letter.topic)
            state = target.state(item.reference) if target else "pending"
            if state != "pending":
                self.ended(item.batch_id, [item.pk], ok=state == "resolved")
                ended += 1
        return ended

    def ended(self, batch_id: int, item_ids: Sequence[int], *, ok: bool, note: str = "") -> None:
        """These items of a batch have their end: their letters are free again."""
        move, state = (RESOLVE, ItemState.RESOLVED) if ok else (FAIL, ItemState.FAILED)
        with transaction.atomic():
            self._lease.fence()
            done = set_move(move, actor=ACTOR, note=note, ids=list(item_ids), item_state=state.value)
            if done.moved < done.parts:
                with connection.cursor() as sql:
                    sql.execute(_FREE, [list(item_ids)])
            set_counted(move.target, done)
            if ok:  # which redrive helped against a cause; its row is locked already, by its counters
                helped = Cluster.objects.filter(pk__in=list(done.samples))
                helped.update(resolved_by=batch_id, resolved_at=Now())
        crash_point("dlq.after_end")
        metrics.LETTERS_REDRIVEN.labels("resolved" if ok else "failed").inc(len(item_ids))
