"""What people decide about letters: to send one again, or that it is not needed."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict, Refused, Unprocessable

from ..models import DeadLetter
from ..selectors import letter_seen
from . import sets
from .consumers_of import consumer_of
from .contested import undecided
from .moving import SetMove, set_counted, set_move
from .permitted import APPROVE, DISCARD, permitted, reason_of

MANY = 500
"""Letters that one call decides about."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What became of one letter of many: decided, or `refused` with the reason why not."""

    letter_id: int
    refused: Refused | None = None


def letter_approve(*, letter_id: int, actor: User, reason: str) -> DeadLetter:
    """Agree that a letter is sent again, by another person. Audited.

    Raises NotFound, Forbidden, Unprocessable (no reason), and Conflict for one that is not to be sent again.
    """
    permitted(actor, APPROVE)
    reason = reason_of(reason)
    letter = letter_seen(letter_id=letter_id)
    refuse_to_send(letter)
    return _decide(letter, sets.APPROVE, actor, reason)


def letter_discard(*, letter_id: int, actor: User, reason: str) -> DeadLetter:
    """Decide that a letter is not needed: it is never sent again. Audited. Raises as `letter_approve`."""
    permitted(actor, DISCARD)
    reason = reason_of(reason)
    return _decide(letter_seen(letter_id=letter_id), sets.DISCARD, actor, reason)


def letters_approve(*, letter_ids: Sequence[int], actor: User, reason: str) -> list[Decided]:
    """Agree for several, each for itself. Raises Forbidden and Unprocessable for the call as a whole."""
    permitted(actor, APPROVE)
    reason_of(reason)
    ids = list(dict.fromkeys(letter_ids))
    if not 1 <= len(ids) <= MANY:
        raise Unprocessable("So many at once?", errors={"ids": f"must be 1 to {MANY} letters"})
    return [_one_of_many(letter_id, actor, reason) for letter_id in ids]


def _one_of_many(letter_id: int, actor: User, reason: str) -> Decided:
    try:
        letter_approve(letter_id=letter_id, actor=actor, reason=reason)
    except Refused as refused:
        return Decided(letter_id=letter_id, refused=refused)
    return Decided(letter_id=letter_id)


def _decide(letter: DeadLetter, move: SetMove, actor: User, reason: str) -> DeadLetter:
    detail = {"state": letter.state, "attempt": letter.attempt}
    act = f"dlq.{move.event.value}"
    with (
        audited(actor=actor, action=act, target=str(letter), reason=reason, detail=detail),
        transaction.atomic(),
    ):
        done = set_move(
            move,
            actor=actor.get_username(),
            note=reason,
            letters=[letter.pk],
            attempt=letter.attempt,
            actor_id=actor.pk,
        )
        if not done.moved:
            raise Conflict(
                f"It is {letter_seen(letter_id=letter.pk).state}, or in a batch: {move.event} is too late."
            )
        set_counted(move.target, done)
    return letter_seen(letter_id=letter.pk)


def refuse_to_send(letter: DeadLetter) -> None:
    """Raise Conflict for a letter that cannot be sent again."""
    if why := why_not(letter):
        raise Conflict(why)


def why_not(letter: DeadLetter) -> str:
    """Why a letter cannot be sent again; "" if it can."""
    if not letter.origin_known:
        return "It does not say where it came from: it can only be discarded."
    if letter.attempt >= settings.DLQ_MAX_ATTEMPTS:
        return f"It failed {letter.attempt} times: DLQ_MAX_ATTEMPTS does not let it go round once more."
    if consumer_of(letter.topic, letter.group) is None:
        return f"Nobody here consumes for {letter.group or 'its group'}: nobody could confirm its handling."
    return ""


def why_not_with_others(letter: DeadLetter) -> str:
    """Why it cannot be sent again together with others, as a batch does; "" if it can."""
    return why_not(letter) or undecided(letter)
