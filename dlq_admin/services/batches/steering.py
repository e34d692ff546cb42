"""Holding batches, letting them go on, ending them."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict

from ...batch_states import ENDED, BatchState, ItemState, batch_sources
from ...models import BatchItem, RedriveBatch
from ..moving import set_move_all
from ..permitted import APPROVE, PROPOSE, permitted, reason_of
from ..sets import RELEASE
from .rows import batch_seen, locked, turn


def batch_reject(*, batch_id: int, actor: User, reason: str) -> RedriveBatch:
    """Do not agree to a batch. Audited. Raises NotFound, Forbidden and Conflict."""
    permitted(actor, APPROVE)
    return _steer(batch_id, actor, reason, BatchState.REJECTED, "dlq.reject")


def batch_pause(*, batch_id: int, actor: User, reason: str) -> RedriveBatch:
    """Send no more for now. Audited. Raises NotFound, Forbidden and Conflict."""
    permitted(actor, PROPOSE)
    return _steer(batch_id, actor, reason, BatchState.PAUSED, "dlq.pause")


def batch_resume(*, batch_id: int, actor: User, reason: str) -> RedriveBatch:
    """Go on with one that was paused, or stopped itself. Audited. Raises NotFound, Forbidden and Conflict."""
    permitted(actor, PROPOSE)
    if batch_seen(batch_id=batch_id).state == BatchState.PROPOSED:
        raise Conflict("It has to be approved first.")
    return _steer(batch_id, actor, reason, BatchState.RUNNING, "dlq.resume")


def batch_cancel(*, batch_id: int, actor: User, reason: str) -> RedriveBatch:
    """End a batch; what was sent is still watched. Audited. Raises NotFound, Forbidden and Conflict."""
    permitted(actor, PROPOSE)
    return _steer(batch_id, actor, reason, BatchState.CANCELLED, "dlq.cancel")


def _steer(batch_id: int, actor: User, reason: str, target: BatchState, action: str) -> RedriveBatch:
    reason = reason_of(reason)
    batch = batch_seen(batch_id=batch_id)
    detail = {"state": batch.state}
    with (
        audited(actor=actor, action=action, target=str(batch), reason=reason, detail=detail),
        transaction.atomic(),
    ):
        batch = locked(batch_id)
        if BatchState(batch.state) not in batch_sources(target):
            raise Conflict(f"It is {batch.state}.")
        more: dict[str, Any] = {"ended_at": Now()} if target in ENDED else {}
        if target is BatchState.RUNNING:
            failed = BatchItem.objects.filter(batch=batch, stage=ItemState.FAILED)
            more = {"forgiven": failed.count()}
        note = "" if target is BatchState.RUNNING else f"{actor.get_username()}: {reason}"
        turn(batch, state=target.value, note=note, **more)
        if target is BatchState.CANCELLED:
            # What was not sent is given back; a person decides anew.
            set_move_all(
                RELEASE,
                actor=actor.get_username(),
                note=f"batch {batch.pk} was cancelled: {reason}",
                batch=batch.pk,
            )
    return batch_seen(batch_id=batch_id)
