"""Batches: proposed over a frozen set, approved by another for exactly that set, steered, ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict, Forbidden, NotFound, Unprocessable
from heimdall_project.streams.consumer import Effects

from ..batch_states import ENDED, BatchState, ItemState, batch_sources
from ..models import BatchItem, DeadLetter, RedriveBatch
from ..states import WAITING, Event, State
from .consumers_of import consumer_of
from .moving import letters_move
from .permitted import APPROVE, PROPOSE, permitted, reason_of

BATCH_MOST = 100_000
"""Letters of one batch."""
AT_ONCE = 2000
"""Letters that one statement moves."""
_FREEZE = """
INSERT INTO redrive_items (batch_id, letter_id, attempt, digest, redrive_id, state, reference, note)
SELECT %s, letter.id, letter.attempt, letter.digest, gen_random_uuid()::text, 'WAITING', '', ''
FROM dead_letters AS letter JOIN dead_letter_payloads AS payload ON payload.letter_id = letter.id
WHERE letter.id = ANY(%s) AND letter.origin_known AND letter.batch_id IS NULL AND letter.attempt < %s
    AND letter.state = ANY(%s)
    AND (letter.topic, letter."group") IN (SELECT * FROM unnest(%s::text[], %s::text[]))
ORDER BY letter.failed_at, letter.id
"""
_HASH = """
SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(
    letter_id || ':' || attempt || ':' || encode(digest, 'hex'), ',' ORDER BY letter_id
), ''), 'UTF8')), 'hex')
FROM redrive_items WHERE batch_id = %s
"""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast a batch may go, and when it stops itself."""

    canary: int = 5
    rate: float = 100.0
    most_failures: float = 0.1
    most_lag: int = 100_000


def batch_propose(*, letter_ids: Sequence[int], actor: User, reason: str, pace: Pace) -> RedriveBatch:
    """Freeze those of these letters that can be sent again, for another person to approve. Audited.

    Raises Forbidden, and Unprocessable for no reason, for too many letters, and if none can be sent.
    """
    permitted(actor, PROPOSE)
    reason = reason_of(reason)
    ids = list(dict.fromkeys(letter_ids))
    if not 1 <= len(ids) <= BATCH_MOST:
        raise Unprocessable("So many at once?", errors={"ids": f"must be 1 to {BATCH_MOST} letters"})
    detail = {"letters": len(ids), "first": ids[:20]}
    with (
        audited(
            actor=actor, action="dlq.propose", target="dead letters", reason=reason, detail=detail
        ) as act,
        transaction.atomic(),
    ):
        batch = _freeze(ids, actor, reason, pace, states=[*WAITING, State.APPROVED])
        act.detail |= {"batch": batch.pk, "size": batch.size, "set_hash": batch.set_hash}
    return batch


def _freeze(
    ids: Sequence[int], actor: User, reason: str, pace: Pace, *, states: Sequence[State]
) -> RedriveBatch:
    places = DeadLetter.objects.filter(pk__in=ids).order_by().values_list("topic", "group").distinct()
    consumers = {place: kind for place in places if (kind := consumer_of(*place)) is not None}
    batch = RedriveBatch.objects.create(
        reason=reason,
        size=1,
        set_hash="-",
        proposed_by=actor,
        needs_second=any(kind.effects is Effects.UNSAFE for kind in consumers.values()),
        canary=pace.canary,
        rate=pace.rate,
        most_failures=pace.most_failures,
        most_lag=pace.most_lag,
    )
    topics, groups = [topic for topic, _ in consumers], [group for _, group in consumers]
    with connection.cursor() as sql:
        bound: int = settings.DLQ_MAX_ATTEMPTS
        sql.execute(_FREEZE, [batch.pk, list(ids), bound, sorted(states), topics, groups])
    size, found = set_of(batch)
    if not size:
        raise Unprocessable("None of these letters can be sent again now.", errors={"ids": "see each letter"})
    RedriveBatch.objects.filter(pk=batch.pk).update(size=size, set_hash=found)
    return batch_seen(batch_id=batch.pk)


def set_of(batch: RedriveBatch) -> tuple[int, str]:
    """Size and hash of a batch's set as its items are now."""
    with connection.cursor() as sql:
        sql.execute(_HASH, [batch.pk])
        size, digest = sql.fetchone()
    return size, digest


def batch_seen(*, batch_id: int) -> RedriveBatch:
    """A batch. Raises NotFound."""
    found = RedriveBatch.objects.select_related("proposed_by", "approved_by", "second_approved_by")
    if (batch := found.filter(pk=batch_id).first()) is None:
        raise NotFound("There is no such batch.")
    return batch


# --- decisions --------------------------------------------------------------------------------------------


def batch_approve(*, batch_id: int, actor: User, reason: str, set_hash: str) -> RedriveBatch:
    """Agree to a batch, for the set that `set_hash` names; it runs then, unless it needs a second approval.

    Audited. Raises NotFound, Forbidden (no right; one's own proposal; a second approval by the same person),
    and Conflict if the batch is not PROPOSED any more, or its set is another one.
    """
    permitted(actor, APPROVE)
    reason = reason_of(reason)
    batch = batch_seen(batch_id=batch_id)
    if actor.pk == batch.proposed_by_id:
        raise Forbidden("Who proposed a batch cannot approve it: another person has to.")
    if actor.pk == batch.approved_by_id:
        raise Forbidden("The second approval has to come from a third person.")
    detail = {"set_hash": set_hash, "size": batch.size}
    with (
        audited(actor=actor, action="dlq.approve", target=str(batch), reason=reason, detail=detail),
        transaction.atomic(),
    ):
        batch = _locked(batch_id)
        if batch.state != BatchState.PROPOSED:
            raise Conflict(f"It is {batch.state}.")
        if not set_hash == batch.set_hash == set_of(batch)[1]:
            raise Conflict("This is not the set that was proposed: look at it again.")
        if batch.approved_by_id is None:
            _turn(batch, approved_by=actor, approved_hash=set_hash, approved_at=Now())
            batch.approved_by_id = actor.pk
        else:
            _turn(batch, second_approved_by=actor)
            batch.second_approved_by_id = actor.pk
        if not batch.needs_second or batch.second_approved_by_id is not None:
            _start(batch, actor)
    return batch_seen(batch_id=batch_id)


def _start(batch: RedriveBatch, actor: User) -> None:
    """The letters of the set that are still as they were are the batch's now; others are skipped."""
    _turn(batch, state=BatchState.RUNNING.value, note="")
    items = BatchItem.objects.filter(batch=batch)
    same = items.filter(
        letter__attempt=F("attempt"), letter__digest=F("digest"), letter__batch=None
    ).values_list("letter_id", flat=True)
    for part in batched(list(same.order_by("letter_id")), AT_ONCE):
        letters_move(
            ids=part,
            target=State.APPROVED,
            event=Event.APPROVED,
            actor=actor.get_username(),
            note=f"in batch {batch.pk}: {batch.reason}",
            only={"batch": None},
            changes={"batch": batch, "approved_by": actor},
        )
        # Those that were approved one by one before.
        DeadLetter.objects.filter(pk__in=part, state=State.APPROVED, batch=None).update(batch=batch)
    items.exclude(letter__batch=batch).update(
        state=ItemState.SKIPPED, ended_at=Now(), note="It had moved on before the batch was approved."
    )


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
        batch = _locked(batch_id)
        if BatchState(batch.state) not in batch_sources(target):
            raise Conflict(f"It is {batch.state}.")
        more: dict[str, Any] = {"ended_at": Now()} if target in ENDED else {}
        if target is BatchState.RUNNING:
            failed = BatchItem.objects.filter(batch=batch, state=ItemState.FAILED)
            more = {"forgiven": failed.count()}
        note = "" if target is BatchState.RUNNING else f"{actor.get_username()}: {reason}"
        _turn(batch, state=target.value, note=note, **more)
        if target is BatchState.CANCELLED:
            release(batch, actor=actor.get_username(), note=f"batch {batch.pk} was cancelled: {reason}")
    return batch_seen(batch_id=batch_id)


def release(batch: RedriveBatch, *, actor: str, note: str) -> None:
    """Give the letters back that were not sent; a person decides anew."""
    waiting = BatchItem.objects.filter(batch=batch, state=ItemState.WAITING)
    for part in batched(list(waiting.order_by("letter_id").values_list("letter_id", flat=True)), AT_ONCE):
        letters_move(
            ids=part,
            target=State.PENDING,
            event=Event.RELEASED,
            actor=actor,
            note=note,
            only={"batch": batch},
            changes={"batch": None, "approved_by": None},
        )
    waiting.update(state=ItemState.SKIPPED, ended_at=Now(), note=note[:500])


def _locked(batch_id: int) -> RedriveBatch:
    return RedriveBatch.objects.select_for_update(no_key=True).get(pk=batch_id)


def _turn(batch: RedriveBatch, **changes: Any) -> None:
    if "note" in changes:
        changes["note"] = changes["note"][:500]
    RedriveBatch.objects.filter(pk=batch.pk).update(**changes)


# --- letters that were approved alone -----------------------------------------------------------------------


def letter_reprocess(*, letter_id: int, actor: User, reason: str) -> RedriveBatch:
    """Send a letter again that another person approved: a batch of one. Audited.

    Raises NotFound, Forbidden (no right, or approved by oneself), Unprocessable (no reason), and Conflict.
    """
    permitted(actor, PROPOSE)
    reason = reason_of(reason)
    letter = DeadLetter.objects.filter(pk=letter_id).first()
    if letter is None:
        raise NotFound("There is no such dead letter.")
    if letter.state != State.APPROVED or letter.batch_id is not None or letter.approved_by is None:
        raise Conflict(f"It is {letter.state}: only what was approved, and is in no batch, is sent again.")
    approver = letter.approved_by
    if approver.pk == actor.pk:
        raise Forbidden("Who approved a letter cannot send it again: another person has to.")
    with (
        audited(actor=actor, action="dlq.reprocess", target=str(letter), reason=reason) as act,
        transaction.atomic(),
    ):
        pace = Pace(canary=1, most_failures=1.0)
        batch = _freeze([letter_id], actor, reason, pace, states=[State.APPROVED])
        _turn(batch, approved_by=approver, approved_hash=batch.set_hash, approved_at=Now())
        batch.approved_by_id = approver.pk
        if batch.needs_second:
            raise Conflict("Its consumer is unsafe to repeat: propose a batch, which two others approve.")
        _start(batch, approver)
        act.detail["batch"] = batch.pk
    return batch_seen(batch_id=batch.pk)
