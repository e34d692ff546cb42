"""Dry runs: what would become of letters if they were sent now, and what would be sent. Nothing is."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Length

from heimdall_project.accounts.audit import audited
from heimdall_project.accounts.models import User
from heimdall_project.errors import Unprocessable
from heimdall_project.events.violations import Violation
from heimdall_project.streams import redrive
from heimdall_project.streams.dead_letters import as_dict

from ..models import BatchItem, DeadLetter, LetterPayload
from ..states import SENDABLE
from .batches import batch_seen
from .changes import Change, changed_value, transform_named
from .contracts import Place, places_of, violations_of
from .deciding import why_not_with_others
from .payloads import Content, headers_of, read_permitted, shown
from .permitted import PROPOSE, permitted

TRIED_MOST = 500
"""Letters of one page."""
SHOWN_MOST = 50
"""Letters of which one page shows the bytes."""
BYTES_MOST = 16_000_000
"""Of letters that are read together, and so of a page, unless a single one has more."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What would become of one letter."""

    letter_id: int
    item_id: int | None
    topic: str
    group: str
    obstacle: str
    """Why it would not be sent at all; "" if it would."""
    passes: bool | None
    """Whether it fits the contract; None: its consumer reads anything, or a redrive target takes it."""
    errors: list[Violation]
    by_target: bool
    """Whether the redrive target of its topic sends it, as something of its own."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A page of a dry run."""

    tried: list[Tried]
    places: list[Place]
    after: int | None
    """Where the next page begins; None: this is the last."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a letter holds and what would be sent."""

    letter_id: int
    before: Content
    after: Content
    passes: bool | None
    errors: list[Violation]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A page of before and after."""

    is_masked: bool
    compared: list[Compared]
    after: int | None


def batch_try(*, batch_id: int, after: int = 0, most: int = TRIED_MOST) -> Trial:
    """What would become of the letters of a batch, a page of them behind item `after`. Raises NotFound."""
    page, following = _page(batch_id, after, min(most, TRIED_MOST))
    tried = [_tried(item.letter, _sent(item), item=item) for item in page]
    return _trial(tried, following)


def letters_try(*, letter_ids: Sequence[int], actor: User, transform: str = "") -> Trial:
    """What would become of letters that are not in a batch yet, in their order. Raises Unprocessable."""
    permitted(actor, PROPOSE)
    change = transform_named(transform) if transform else None
    ids = list(dict.fromkeys(letter_ids))
    if not 1 <= len(ids) <= TRIED_MOST:
        raise Unprocessable("So many at once?", errors={"ids": f"must be 1 to {TRIED_MOST} letters"})
    weights, tried = _weights(ids), []
    while ids:
        count = _first(weights.get(each, 0) for each in ids)
        rows = DeadLetter.objects.filter(pk__in=ids[:count]).select_related("payload").in_bulk()
        tried += [_tried(rows[each], _own(rows[each]), change=change) for each in ids[:count] if each in rows]
        ids = ids[count:]
    return _trial(tried, None)


def batch_compare(*, batch_id: int, actor: User, after: int = 0, most: int = SHOWN_MOST) -> Comparison:
    """Bytes before and after, a page of them; masked unless the actor may see secrets. Audited.

    Raises NotFound and Forbidden.
    """
    batch = batch_seen(batch_id=batch_id)
    plain = read_permitted(actor)
    with audited(
        actor=actor, action="dlq.payload.read", target=str(batch), detail={"secrets": plain, "after": after}
    ) as act:
        page, following = _page(batch_id, after, min(most, SHOWN_MOST))
        act.detail["letters"] = [item.letter_id for item in page]
        compared = [_compared(item.letter, _sent(item), plain=plain) for item in page]
    return Comparison(is_masked=not plain, compared=compared, after=following)


def letters_compare(*, letter_ids: Sequence[int], actor: User, transform: str) -> Comparison:
    """What a transform would make of these letters. Audited. Raises Forbidden and Unprocessable."""
    change = transform_named(transform)
    plain = read_permitted(actor)
    ids = list(dict.fromkeys(letter_ids))
    if not 1 <= len(ids) <= SHOWN_MOST:
        raise Unprocessable("So many at once?", errors={"ids": f"must be 1 to {SHOWN_MOST} letters"})
    if len(ids) > 1 and sum(_weights(ids).values()) > BYTES_MOST:
        raise Unprocessable("So much at once?", errors={"ids": f"they have more than {BYTES_MOST:,} bytes"})
    rows = DeadLetter.objects.filter(pk__in=ids).select_related("payload").in_bulk()
    detail = {"secrets": plain, "transform": transform, "letters": sorted(rows)}
    with audited(actor=actor, action="dlq.payload.read", target="dead letters", detail=detail):
        compared = [
            _compared(rows[each], _own(rows[each]), plain=plain, change=change)
            for each in ids
            if each in rows
        ]
    return Comparison(is_masked=not plain, compared=compared, after=None)


# --- pages and single letters -----------------------------------------------------------------------------


def _page(batch_id: int, after: int, most: int) -> tuple[list[BatchItem], int | None]:
    batch = batch_seen(batch_id=batch_id)
    items = BatchItem.objects.filter(batch=batch, pk__gt=after).order_by("pk")
    weight = _weight("letter__") + Coalesce(Length("bytes__value"), 0)
    weights = list(items.annotate(weight=weight).values_list("pk", "weight")[: most + 1])
    count = _first(weight for _, weight in weights[:most])
    rows = list(items.select_related("letter__payload", "bytes")[:count])
    return rows, rows[-1].pk if count < len(weights) else None


def _weights(ids: Sequence[int]) -> dict[int, int]:
    """Bytes of these letters."""
    return dict(DeadLetter.objects.filter(pk__in=ids).annotate(weight=_weight()).values_list("pk", "weight"))


def _weight(prefix: str = "") -> Combinable:
    return F(f"{prefix}size") + Coalesce(Length(f"{prefix}payload__headers"), 0)


def _first(weights: Iterable[int]) -> int:
    """How many of these, from the first on, can be read together."""
    sums = list(accumulate(weights))
    return max(1, bisect_right(sums, BYTES_MOST))


def _trial(tried: list[Tried], after: int | None) -> Trial:
    return Trial(tried=tried, places=places_of((each.topic, each.group) for each in tried), after=after)


def _own(letter: DeadLetter) -> bytes | None:
    """A letter's own bytes. Raises LetterPayload.DoesNotExist."""
    payload = getattr(letter, "payload", None)
    return None if payload is None or payload.value is None else bytes(payload.value)


def _sent(item: BatchItem) -> bytes | None:
    changed = getattr(item, "bytes", None)
    return bytes(changed.value) if changed is not None else _own(item.letter)


def _tried(
    letter: DeadLetter, value: bytes | None, *, item: BatchItem | None = None, change: Change | None = None
) -> Tried:
    by_target = change is None and _taken(letter, value)
    wrong: list[Violation] | None
    if by_target:
        wrong = None
    elif change is not None:
        _, wrong = changed_value(change, topic=letter.topic, group=letter.group, value=value)
    else:
        wrong = violations_of(letter.topic, letter.group, value)
    return Tried(
        letter_id=letter.pk,
        item_id=item.pk if item else None,
        topic=letter.topic,
        group=letter.group,
        obstacle=_obstacle(letter, item),
        passes=None if wrong is None else not wrong,
        errors=wrong or [],
        by_target=by_target,
    )


def _taken(letter: DeadLetter, value: bytes | None) -> bool:
    payload: LetterPayload | None = getattr(letter, "payload", None)
    if payload is None or redrive.target(letter.topic) is None:
        return False
    key = None if payload.key is None else bytes(payload.key)
    sent = redrive.Letter(letter.topic, key, value, as_dict(headers_of(payload.headers)))
    return redrive.target_for(sent) is not None


def _obstacle(letter: DeadLetter, item: BatchItem | None) -> str:
    if getattr(letter, "payload", None) is None:
        return "Its bytes were cleaned up."
    if item is None:
        if letter.state not in SENDABLE or letter.batch_id is not None:
            return f"It is {letter.state}, or in a batch."
    elif letter.attempt != item.attempt or bytes(letter.digest) != bytes(item.digest):
        return "It has failed again since the batch was proposed."
    elif letter.batch_id != item.batch_id and (letter.batch_id is not None or letter.state not in SENDABLE):
        return f"It has moved on since the batch was proposed: it is {letter.state}."
    return why_not_with_others(letter)


def _compared(
    letter: DeadLetter, value: bytes | None, *, plain: bool, change: Change | None = None
) -> Compared:
    before, wrong = _own(letter), None
    if change is not None:
        value, wrong = changed_value(change, topic=letter.topic, group=letter.group, value=before)
    else:
        wrong = violations_of(letter.topic, letter.group, value)
    return Compared(
        letter_id=letter.pk,
        before=shown(before, plain=plain),
        after=shown(value, plain=plain),
        passes=None if wrong is None else not wrong,
        errors=wrong or [],
    )
