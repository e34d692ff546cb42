"""Waiting no longer for what was sent and never came to an end, by the word of a person.

A record may be lost on its way (its topic was deleted, its retention was over before its consumer ran again),
its consumer may be gone for good, or may have died while it handled what it must not handle twice.
"""

from itertools import batched

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict
from heimdall_project.observability import metrics
from heimdall_project.streams.models import RedriveOutcome

from ...batch_states import BatchState, ItemState
from ...models import BatchItem, DeadLetter, RedriveBatch
from ...states import Event, State
from ..moving import letters_move
from ..permitted import PROPOSE, permitted, reason_of
from .rows import batch_seen, locked

Status = RedriveOutcome.Status
AT_ONCE = 2000
"""Letters that one statement moves."""
UNDER_WAY = (ItemState.SENDING, ItemState.PUBLISHED)


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
        numbers = list(under_way(batch).order_by("letter_id").values_list("pk", flat=True))
        if not numbers:
            raise Conflict("Nothing of it is under way.")
        for part in batched(numbers, AT_ONCE):
            _give_up(BatchItem.objects.filter(pk__in=part), actor, reason)
        act.detail["letters"] = len(numbers)
    metrics.LETTERS_REDRIVEN.labels("given_up").inc(len(numbers))
    return batch_seen(batch_id=batch_id)


def under_way(batch: RedriveBatch) -> QuerySet[BatchItem]:
    """Items of a batch that were sent, and of which nobody wrote down how they ended."""
    known = RedriveOutcome.objects.filter(
        redrive_id=OuterRef("redrive_id"), status__in=[Status.OK, Status.FAILED]
    )
    return BatchItem.objects.filter(~Exists(known), batch=batch, state__in=UNDER_WAY)


def _give_up(items: QuerySet[BatchItem], actor: User, reason: str) -> None:
    _begun(items)
    given_up = dict(items.values_list("letter_id", "redrive_id"))
    note = f"given up by {actor.get_username()}: {reason}"
    letters_move(
        ids=given_up,
        target=State.FAILED_AGAIN,
        event=Event.GIVEN_UP,
        actor=actor.get_username(),
        note=reason,
        only={"redrive_id__in": list(given_up.values())},
        changes={"attempt": F("attempt") + 1},
    )
    # Also those whose dead letter came back, and whose outcome did not.
    of_these = DeadLetter.objects.filter(pk__in=given_up, redrive_id__in=list(given_up.values()))
    of_these.update(batch=None, approved_by=None)
    items.update(state=ItemState.FAILED, ended_at=Now(), note=note[:500])


def _begun(items: QuerySet[BatchItem]) -> None:
    """For consumers that must not repeat, it counts as begun: a copy that comes later is not handled."""
    RedriveOutcome.objects.bulk_create(
        [
            RedriveOutcome(
                redrive_id=item.redrive_id,
                group=item.letter.group,
                status=Status.STARTED,
                failure_class="given up",
                topic=item.letter.topic,
                partition=item.letter.partition,
                offset=item.letter.offset,
            )
            for item in items.filter(reference="").select_related("letter").defer("letter__error_message")
        ],
        ignore_conflicts=True,
    )
