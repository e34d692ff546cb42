"""Waiting no longer for what was sent and never came to an end, by the word of a person.

A record may be lost on its way (its topic was deleted, its retention was over before its consumer ran again),
its consumer may be gone for good, or may have died while it handled what it must not handle twice.
"""

from django.db import transaction

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict
from heimdall_project.observability import metrics

from ...batch_states import BatchState, ItemState
from ...models import RedriveBatch
from ..moving import set_move_all
from ..permitted import PROPOSE, permitted, reason_of
from ..sets import GIVE_UP, set_begun
from .rows import batch_seen, locked


def batch_give_up(*, batch_id: int, actor: User, reason: str) -> RedriveBatch:
    """Let the letters of a cancelled batch that are still under way fail: a person decides anew. Audited.

    What an unsafe consumer finds of them later it does not handle any more; an idempotent one may. Raises
    NotFound, Forbidden, and Conflict for a batch that is not CANCELLED, or of which nothing is under way.
    """
    permitted(actor, PROPOSE)
    reason = reason_of(reason)
    batch = batch_seen(batch_id=batch_id)
    with (
        audited(actor=actor, action="dlq.give_up", target=str(batch), reason=reason) as act,
        transaction.atomic(),
    ):
        batch = locked(batch_id)
        if batch.state != BatchState.CANCELLED:
            raise Conflict(f"It is {batch.state}: cancel it first, so that nothing more of it is sent.")
        # Begun first, in a statement of its own: an outcome that is written until then is seen by the next.
        set_begun(batch=batch.pk)
        done = set_move_all(
            GIVE_UP,
            actor=actor.get_username(),
            note=reason,
            batch=batch.pk,
            item_state=ItemState.FAILED.value,
            item_note=f"given up by {actor.get_username()}: {reason}"[:500],
        )
        if not done.parts:
            raise Conflict("Nothing of it is under way.")
        act.detail["letters"] = done.parts
    metrics.LETTERS_REDRIVEN.labels("given_up").inc(done.parts)
    return batch_seen(batch_id=batch_id)
