"""The set of a batch: which letters, at which attempt, with which bytes; fixed when it is proposed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from heimdall_project.accounts.models import User
from heimdall_project.errors import Conflict, Unprocessable
from heimdall_project.streams.consumer import Effects

from ...models import RedriveBatch
from ...states import State
from ..changes import Change, items_change
from ..consumers_of import consumers_of
from ..contested import DECIDED
from ..planning import items_known
from ..set_hash import hash_sql, hashed_change
from .rows import batch_seen, turn

BATCH_MOST = 100_000
"""Letters of one batch."""
LARGE = 10_000
"""Letters of a set of which the database is told at once: it plans what is done to them by what it knows."""
# By the keys of the chosen letters, one after the other, whatever the planner thinks of so many.
_FREEZE = f"""
INSERT INTO redrive_items (batch_id, letter_id, attempt, digest, redrive_id, state, reference, note)
SELECT %s, letter.id, letter.attempt, letter.digest, gen_random_uuid()::text, 'WAITING', '', ''
FROM unnest(%s::bigint[]) AS chosen (id) CROSS JOIN LATERAL (
    SELECT id, attempt, digest, failed_at FROM dead_letters AS found
    WHERE found.id = chosen.id
        AND (origin_known AND batch_id IS NULL AND attempt < %s AND state = ANY(%s)) IS TRUE
        AND {DECIDED.format(letter="found")} IS TRUE
        AND ((topic, "group") IN (SELECT * FROM unnest(%s::text[], %s::text[]))) IS TRUE
        AND EXISTS (SELECT FROM dead_letter_payloads AS payload WHERE payload.letter_id = found.id)
    OFFSET 0
) AS letter ORDER BY letter.failed_at, letter.id
"""  # noqa: S608 - a condition of this package
_HASH = f"""
SELECT count(*), {hash_sql(letter="letter_id", replacement="bytes.value")}
FROM redrive_items AS item LEFT JOIN redrive_item_bytes AS bytes ON bytes.item_id = item.id
WHERE batch_id = %(batch)s
"""  # noqa: S608 - the expression of `set_hash`


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast a batch may go, and when it stops itself."""

    canary: int = 5
    rate: float = 100.0
    most_failures: float = 0.1
    most_lag: int = 100_000


def batch_freeze(
    *,
    letter_ids: Sequence[int],
    actor: User,
    reason: str,
    pace: Pace,
    states: Collection[State],
    change: Change | None = None,
    seen_hash: str = "",
) -> RedriveBatch:
    """A new batch of those of these letters that can be sent again, in the caller's transaction.

    Raises Unprocessable if none can, and Conflict if `seen_hash` names another set than theirs.
    """
    consumers = consumers_of(letter_ids)
    batch = RedriveBatch.objects.create(
        reason=reason,
        size=1,
        set_hash="-",
        proposed_by=actor,
        needs_second=any(kind.effects is Effects.UNSAFE for kind in consumers.values()),
        change=change.name if change else "",
        canary=pace.canary,
        rate=pace.rate,
        most_failures=pace.most_failures,
        most_lag=pace.most_lag,
    )
    topics, groups = [topic for topic, _ in consumers], [group for _, group in consumers]
    with connection.cursor() as sql:
        bound: int = settings.DLQ_MAX_ATTEMPTS
        sql.execute(_FREEZE, [batch.pk, list(letter_ids), bound, sorted(states), topics, groups])
        if sql.rowcount >= LARGE:
            items_known()
    size, found = set_of(batch)
    seen = found  # before a change leaves any of them out
    if seen_hash and seen_hash != seen:
        raise Conflict("The letters moved on since this page was shown: this is the set now.")
    if change and size:
        items_change(batch=batch, change=change)
        size, found = set_of(batch)
    if not size:
        raise Unprocessable("None of these letters can be sent again now.", errors={"ids": "see each letter"})
    turn(batch, size=size, set_hash=found, seen_hash=seen)
    return batch_seen(batch_id=batch.pk)


def set_of(batch: RedriveBatch) -> tuple[int, str]:
    """Size and hash of a batch's set as its items, and what is sent in their place, are now."""
    with connection.cursor() as sql:
        sql.execute(_HASH, {"batch": batch.pk, "change": hashed_change(batch.change)})
        size, digest = sql.fetchone()
    return size, digest
