"""Proposing that letters are sent again, as they are or changed."""

import hashlib
from collections.abc import Sequence

from django.db import connection, transaction

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict, Unprocessable

from ...batch_states import BatchState
from ...models import RedriveBatch
from ...selectors import letter_seen
from ...states import SENDABLE
from ..changes import Edit, edit_checked, transform_named
from ..contested import undecided
from ..deciding import refuse_to_send
from ..permitted import PROPOSE, permitted, reason_of
from .freezing import BATCH_MOST, Pace, batch_freeze


def batch_propose(
    *,
    letter_ids: Sequence[int],
    actor: User,
    reason: str,
    pace: Pace,
    transform: str = "",
    seen_hash: str = "",
) -> RedriveBatch:
    """Freeze those of these letters that can be sent again, for another person to approve. Audited.

    With a `transform` (`name/version`), what it makes of each letter is fixed too; letters that it does not
    bring into the current contract are left out. With `seen_hash` exactly that set is proposed
    (`Preview.seen_hash`), and once: where the actor has proposed it and it waits, that batch is answered.
    Raises Forbidden, Conflict for another set than was seen, and Unprocessable for no reason, for too many
    letters, for an unknown transform, and if none can be sent.
    """
    permitted(actor, PROPOSE)
    reason = reason_of(reason)
    ids = list(dict.fromkeys(letter_ids))
    if not 1 <= len(ids) <= BATCH_MOST:
        raise Unprocessable("So many at once?", errors={"ids": f"must be 1 to {BATCH_MOST} letters"})
    change = transform_named(transform) if transform else None
    detail = {"letters": len(ids), "first": ids[:20], "transform": transform}
    with (
        audited(
            actor=actor, action="dlq.propose", target="dead letters", reason=reason, detail=detail
        ) as act,
        transaction.atomic(),
    ):
        if seen_hash:
            _one_at_a_time(actor)
        batch = proposed_before(actor=actor, seen_hash=seen_hash) or batch_freeze(
            letter_ids=ids,
            actor=actor,
            reason=reason,
            pace=pace,
            states=SENDABLE,
            change=change,
            seen_hash=seen_hash,
        )
        act.detail |= {"batch": batch.pk, "size": batch.size, "set_hash": batch.set_hash}
    return batch


def proposed_before(*, actor: User, seen_hash: str) -> RedriveBatch | None:
    """The batch of this very set that this person proposed, if it still waits for its approval."""
    own = RedriveBatch.objects.filter(proposed_by=actor, state=BatchState.PROPOSED, seen_hash=seen_hash)
    return own.order_by("-pk").first() if seen_hash else None


def _one_at_a_time(actor: User) -> None:
    """Until the transaction ends nobody else proposes as this person: a form that was sent twice."""
    with connection.cursor() as sql:
        sql.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"dlq.propose:{actor.pk}"])


def letter_edit(*, letter_id: int, value: bytes, actor: User, reason: str) -> RedriveBatch:
    """Propose that one letter is sent with other bytes, for another person to approve. Audited.

    The letter keeps its own. Raises NotFound, Forbidden (no right, or its bytes hold what the actor may not
    see and would replace), Conflict for a letter that cannot be sent, and Unprocessable for bytes that do not
    fit the contract, with the path of each violation.
    """
    permitted(actor, PROPOSE)
    reason = reason_of(reason)
    letter = letter_seen(letter_id=letter_id)
    refuse_to_send(letter)
    if letter.state not in SENDABLE or letter.batch_id is not None:
        raise Conflict(f"It is {letter.state}, or in a batch: it cannot be edited now.")
    if why := undecided(letter):
        raise Conflict(why)
    edit_checked(letter=letter, value=value, actor=actor)
    detail = {"sha256": hashlib.sha256(value).hexdigest(), "size": len(value)}
    with (
        audited(actor=actor, action="dlq.edit", target=str(letter), reason=reason, detail=detail) as act,
        transaction.atomic(),
    ):
        batch = batch_freeze(
            letter_ids=[letter_id],
            actor=actor,
            reason=reason,
            pace=Pace(canary=1, most_failures=1.0),
            states=SENDABLE,
            change=Edit(value),
        )
        act.detail |= {"batch": batch.pk, "set_hash": batch.set_hash}
    return batch
