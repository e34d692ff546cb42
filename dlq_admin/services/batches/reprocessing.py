"""Sending letters that were approved one by one: who sends is not who approved."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict, Forbidden, NotFound, Refused, Unprocessable

from ...models import DeadLetter, RedriveBatch
from ...states import State
from ..deciding import Decided
from ..permitted import PROPOSE, permitted, reason_of
from .approving import batch_start
from .freezing import BATCH_MOST, Pace, batch_freeze
from .rows import batch_seen, turn

REFUSED_MOST = 1000
"""Letters that were not taken of which one answer tells why."""


@dataclass(frozen=True, kw_only=True)
class Reprocessed:
    """The batches that began, one for each person who had approved letters, and who was not taken."""

    batches: list[RedriveBatch]
    refused: list[Decided]


def letter_reprocess(*, letter_id: int, actor: User, reason: str) -> RedriveBatch:
    """Send a letter again that another person approved: a batch of one. Audited.

    Raises NotFound, Forbidden (no right, or approved by oneself), Unprocessable (no reason), and Conflict.
    """
    permitted(actor, PROPOSE)
    reason = reason_of(reason)
    letter = DeadLetter.objects.filter(pk=letter_id).first()
    if letter is None:
        raise NotFound("There is no such dead letter.")
    if (why := _why_not(letter, actor)) is not None:
        raise why
    return _begin([letter_id], letter.approved_by, actor, reason, Pace(canary=1, most_failures=1.0))


def letters_reprocess(
    *, letter_ids: Sequence[int], actor: User, reason: str, pace: Pace | None = None
) -> Reprocessed:
    """Send letters again that other people approved: a batch for each of these people. Audited.

    What is wrong with one letter is told for that one. Raises Forbidden, and Unprocessable for no reason, for
    too many letters, and if none can be sent.
    """
    permitted(actor, PROPOSE)
    reason = reason_of(reason)
    ids = list(dict.fromkeys(letter_ids))
    if not 1 <= len(ids) <= BATCH_MOST:
        raise Unprocessable("So many at once?", errors={"ids": f"must be 1 to {BATCH_MOST} letters"})
    rows = DeadLetter.objects.filter(pk__in=ids).defer("digest", "flaws").order_by("pk")
    by_approver: dict[User, list[int]] = {}
    there, refused = set(), []
    people: dict[int, User] = {}
    for letter in rows:
        there.add(letter.pk)
        if (why := _why_not(letter, actor)) is not None:
            refused.append(Decided(letter_id=letter.pk, refused=why))
        elif (number := letter.approved_by_id) is not None:
            approver = people.setdefault(number, people.get(number) or User.objects.get(pk=number))
            by_approver.setdefault(approver, []).append(letter.pk)
    refused += [
        Decided(letter_id=each, refused=NotFound("There is no such dead letter."))
        for each in ids
        if each not in there
    ]
    if not by_approver:
        raise Unprocessable(
            "None of these letters is approved by another.", errors={"ids": "see each letter"}
        )
    batches: list[RedriveBatch] = []
    for approver, mine in by_approver.items():
        try:
            batches.append(_begin(mine, approver, actor, reason, pace or Pace()))
        except Refused as why:
            refused += [Decided(letter_id=each, refused=why) for each in mine]
    return Reprocessed(batches=batches, refused=refused[:REFUSED_MOST])


def _why_not(letter: DeadLetter, actor: User) -> Refused | None:
    if letter.state != State.APPROVED or letter.batch_id is not None or letter.approved_by_id is None:
        return Conflict(f"It is {letter.state}: only what was approved, and is in no batch, is sent again.")
    if letter.approved_by_id == actor.pk:
        return Forbidden("Who approved a letter cannot send it again: another person has to.")
    return None


def _begin(ids: Sequence[int], approver: User | None, actor: User, reason: str, pace: Pace) -> RedriveBatch:
    """A batch of letters that this person approved, running."""
    if approver is None:
        raise Conflict("It is approved by nobody.")
    target = f"dead letter {ids[0]}" if len(ids) == 1 else "dead letters"
    detail = {"letters": len(ids), "first": list(ids[:20]), "approved_by": approver.get_username()}
    with (
        audited(actor=actor, action="dlq.reprocess", target=target, reason=reason, detail=detail) as act,
        transaction.atomic(),
    ):
        # Under a lock: an approval that is taken back meanwhile is not used.
        still = DeadLetter.objects.select_for_update(no_key=True).filter(
            pk__in=ids, state=State.APPROVED, batch=None, approved_by=approver
        )
        mine = list(still.order_by("pk").values_list("pk", flat=True))
        batch = batch_freeze(letter_ids=mine, actor=actor, reason=reason, pace=pace, states=[State.APPROVED])
        if batch.needs_second:
            raise Conflict("Its consumer is unsafe to repeat: propose a batch, which two others approve.")
        turn(batch, approved_by=approver, approved_hash=batch.set_hash, approved_at=Now())
        batch.approved_by_id = approver.pk
        batch_start(batch, approver)
        act.detail["batch"] = batch.pk
    return batch_seen(batch_id=batch.pk)
