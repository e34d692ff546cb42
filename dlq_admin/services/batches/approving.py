"""Agreeing to a batch: another person, for exactly the set that was looked at."""

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict, Forbidden
from heimdall_project.observability.logging import get_logger

from ...batch_states import BatchState
from ...models import RedriveBatch
from ..moving import set_move_all
from ..permitted import APPROVE, BREAK_GLASS, permitted, reason_of
from ..sets import START, set_skip
from .freezing import set_of
from .rows import batch_seen, locked, turn

log = get_logger(__name__)


def batch_approve(
    *, batch_id: int, actor: User, reason: str, set_hash: str, break_glass: bool = False
) -> RedriveBatch:
    """Agree to a batch, for the set that `set_hash` names; it runs then, unless it needs a second approval.

    With `break_glass` it is one's own, where DLQ_BREAK_GLASS allows that; the row says so for ever. Audited.
    Raises NotFound, Forbidden (no right; one's own proposal; a second approval by the same person), and
    Conflict if the batch is not PROPOSED any more, or its set is another one.
    """
    permitted(actor, BREAK_GLASS if break_glass else APPROVE)
    reason = reason_of(reason)
    batch = batch_seen(batch_id=batch_id)
    _refuse(batch, actor, break_glass=break_glass)
    detail = {"set_hash": set_hash, "size": batch.size}
    action = "dlq.break_glass" if break_glass else "dlq.approve"
    with (
        audited(actor=actor, action=action, target=str(batch), reason=reason, detail=detail),
        transaction.atomic(),
    ):
        batch = locked(batch_id)
        if batch.state != BatchState.PROPOSED:
            raise Conflict(f"It is {batch.state}.")
        if not set_hash == batch.set_hash == set_of(batch)[1]:
            raise Conflict("This is not the set that was proposed: look at it again.")
        _sign(batch, actor, break_glass=break_glass)
        if not batch.needs_second or batch.second_approved_by_id is not None:
            batch_start(batch, actor)
    if break_glass:
        log.warning("A batch was approved by its proposer alone", action="glass_broken", batch=batch_id)
    return batch_seen(batch_id=batch_id)


def _refuse(batch: RedriveBatch, actor: User, *, break_glass: bool) -> None:
    if break_glass:
        if not settings.DLQ_BREAK_GLASS:
            raise Forbidden("Nobody approves alone here: DLQ_BREAK_GLASS is off.")
        if actor.pk != batch.proposed_by_id:
            raise Conflict("The glass is broken for one's own proposal; this is another's: approve it.")
        if batch.needs_second:
            raise Forbidden("Its consumer is unsafe to repeat: two other people have to approve it.")
    elif actor.pk == batch.proposed_by_id:
        raise Forbidden("Who proposed a batch cannot approve it: another person has to.")
    elif actor.pk == batch.approved_by_id:
        raise Forbidden("The second approval has to come from a third person.")


def _sign(batch: RedriveBatch, actor: User, *, break_glass: bool) -> None:
    """Write down who approved what. The database refuses what is not so."""
    if batch.approved_by_id is None:
        turn(
            batch, approved_by=actor, approved_hash=batch.set_hash, approved_at=Now(), break_glass=break_glass
        )
        batch.approved_by_id = actor.pk
    elif batch.approved_by_id == actor.pk:
        raise Forbidden("The second approval has to come from a third person.")
    else:
        turn(batch, second_approved_by=actor)
        batch.second_approved_by_id = actor.pk


def batch_start(batch: RedriveBatch, actor: User) -> None:
    """The letters of the set that are still as they were are the batch's now; others are skipped."""
    turn(batch, state=BatchState.RUNNING.value, note="")
    taken = set_move_all(
        START,
        actor=actor.get_username(),
        note=f"in batch {batch.pk}: {batch.reason}",
        batch=batch.pk,
        approver=actor.pk,
    )
    if taken.touched < batch.size:
        set_skip(batch=batch.pk, note="It had moved on before the batch was approved.")
