"""What a proposal would freeze, before anybody proposes it: how many letters, which hash, who is left out.

The database looks and counts; of the letters themselves only the first few come here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from heimdall_project.streams.consumer import Effects, KafkaConsumer

from ..models import LetterPayload
from ..states import SENDABLE
from .changes import Change, changed_value, transform_named
from .consumers_of import consumers_of
from .contested import DECIDED
from .contracts import Contracts
from .set_hash import hash_sql, hashed_change

FIRST = 200
"""Letters of the set that are named, and held against a transform and the contract."""
# In the order in which a proposal would refuse them.
_WHY = f"""
CASE WHEN letter.batch_id IS NOT NULL THEN 'in another batch'
    WHEN letter.state <> ALL(%(sendable)s) THEN lower(replace(letter.state, '_', ' ')) || ' already'
    WHEN NOT letter.origin_known THEN 'it does not say where it came from'
    WHEN NOT {DECIDED.format(letter="letter")} THEN 'another letter claims its place: approve it by itself'
    WHEN letter.attempt >= %(bound)s
        THEN 'it failed ' || %(bound)s || ' times or more (DLQ_MAX_ATTEMPTS)'
    WHEN (letter.topic, letter."group") NOT IN (SELECT * FROM unnest(%(topics)s::text[], %(groups)s::text[]))
        THEN 'no worker here consumes for its group'
    WHEN payload.letter_id IS NULL THEN 'its bytes were cleaned up'
    ELSE '' END
"""  # noqa: S608 - a condition of this package
_LOOK = f"""
WITH looked AS MATERIALIZED (
    SELECT letter.id, letter.attempt, letter.digest, letter.topic, letter."group", {_WHY} AS why
    FROM unnest(%(ids)s::bigint[]) AS chosen (id) CROSS JOIN LATERAL (
        SELECT id, attempt, digest, topic, "group", batch_id, state, origin_known, contested, proven
        FROM dead_letters AS found WHERE found.id = chosen.id OFFSET 0
    ) AS letter LEFT JOIN LATERAL (
        SELECT letter_id FROM dead_letter_payloads AS kept WHERE kept.letter_id = chosen.id OFFSET 0
    ) AS payload ON true
)
SELECT why, topic, "group", count(*), (
    SELECT {hash_sql(letter="id")} FROM looked WHERE why = ''
), (
    SELECT array_agg(id ORDER BY id)
    FROM (SELECT id FROM looked WHERE why = '' ORDER BY id LIMIT %(first)s) AS first
) FROM looked GROUP BY why, topic, "group"
"""  # noqa: S608 - the expression above, and that of `set_hash`


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The set that `batch_propose` would freeze now."""

    chosen: int
    """Letters that exist of those that were named."""
    size: int
    """Those that can be sent again; of a transform, as far as was looked (`tried`)."""
    first: Sequence[int]
    """The first of them, `FIRST` at most."""
    seen_hash: str
    """Names the letters that were looked at, before a transform leaves any of them out."""
    left_out: dict[str, int]
    """Why others cannot, and how many; the most frequent first."""
    places: Sequence[tuple[str, str]]
    """Topics and groups of the set."""
    consumers: Sequence[type[KafkaConsumer]]
    tried: int | None
    """How many a transform was tried on, if it was not tried on all: all are when the set is frozen."""

    @property
    def needs_second(self) -> bool:
        """Whether two people have to approve."""
        return any(each.effects is Effects.UNSAFE for each in self.consumers)


def batch_preview(*, letter_ids: Sequence[int], transform: str = "") -> Preview:
    """Look at these letters as `batch_propose` would. Changes nothing.

    Raises Unprocessable for a transform that there is not.
    """
    change = transform_named(transform) if transform else None
    consumers = consumers_of(letter_ids)
    given: dict[str, Any] = {
        "ids": list(letter_ids),
        "sendable": sorted(SENDABLE),
        "bound": settings.DLQ_MAX_ATTEMPTS,
        "topics": [topic for topic, _ in consumers],
        "groups": [group for _, group in consumers],
        "change": hashed_change(change.name if change else ""),
        "first": FIRST,
    }
    with connection.cursor() as sql:
        sql.execute(_LOOK, given)
        rows = sql.fetchall()
    left_out: Counter[str] = Counter()
    for why, _, _, letters, *_ in rows:
        left_out[why] += letters
    able, places = left_out.pop("", 0), [(topic, group) for why, topic, group, *_ in rows if not why]
    first = (rows[0][5] if rows else None) or []
    kept = _repaired(first, change) if change else first
    if len(kept) < len(first) and change:
        left_out[f"{change.name} does not bring it into the contract"] += len(first) - len(kept)
    return Preview(
        chosen=able + left_out.total() - (len(first) - len(kept)),
        size=able - (len(first) - len(kept)),
        first=kept,
        seen_hash=rows[0][4] if rows else "",
        left_out=dict(left_out.most_common()),
        places=sorted(places),
        consumers=sorted({consumers[place] for place in places}, key=lambda each: each.name),
        tried=len(first) if change and len(first) < able else None,
    )


def _repaired(ids: Sequence[int], change: Change) -> list[int]:
    """Those that the change brings into the contract."""
    contracts, found = Contracts(), []
    payloads = LetterPayload.objects.filter(pk__in=list(ids)).order_by("pk")
    for pk, topic, group, old in payloads.values_list("pk", "letter__topic", "letter__group", "value"):
        value, wrong = changed_value(
            change, topic=topic, group=group, value=None if old is None else bytes(old), contracts=contracts
        )
        if not wrong and value is not None:
            found.append(pk)
    return found
