"""What a proposal would freeze, before anybody proposes it: how many letters, which hash, who is left out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import batched

from django.conf import settings

from heimdall_project.streams.consumer import Effects, KafkaConsumer

from ..models import DeadLetter, LetterPayload
from ..states import WAITING, State
from .changes import Change, changed_value, transform_named
from .consumers_of import consumer_of

AT_ONCE = 2000
"""Letters that are read together."""
CHANGED_AT_ONCE = 500
"""Letters whose bytes are read together."""
SENDABLE = frozenset({*WAITING, State.APPROVED})
_FIELDS = ("pk", "attempt", "digest", "state", "origin_known", "batch", "topic", "group")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The set that `batch_propose` would freeze now."""

    chosen: int
    """Letters that exist of those that were named."""
    ids: Sequence[int]
    """Those that can be sent again."""
    set_hash: str
    left_out: dict[str, int]
    """Why others cannot, and how many; the most frequent first."""
    consumers: Sequence[type[KafkaConsumer]]

    @property
    def size(self) -> int:
        """Letters of the set."""
        return len(self.ids)

    @property
    def needs_second(self) -> bool:
        """Whether two people have to approve."""
        return any(each.effects is Effects.UNSAFE for each in self.consumers)


@dataclass(frozen=True)
class _Able:
    """A letter that can be sent again, as the hash of a set names it."""

    pk: int
    topic: str
    group: str
    text: str


def batch_preview(*, letter_ids: Sequence[int], transform: str = "") -> Preview:
    """Look at these letters as `batch_propose` would. Changes nothing.

    Raises Unprocessable for a transform that there is not.
    """
    change = transform_named(transform) if transform else None
    left_out: Counter[str] = Counter()
    consumers: dict[tuple[str, str], type[KafkaConsumer] | None] = {}
    able: list[_Able] = []
    chosen = 0
    for part in batched(dict.fromkeys(letter_ids), AT_ONCE):
        kept = set(LetterPayload.objects.filter(pk__in=part).values_list("pk", flat=True))
        rows = DeadLetter.objects.filter(pk__in=part).order_by()
        for pk, attempt, digest, state, known, batch, topic, group in rows.values_list(*_FIELDS):
            chosen += 1
            if (topic, group) not in consumers:
                consumers[topic, group] = consumer_of(topic, group)
            is_read = consumers[topic, group] is not None
            if why := _why_not(state, known, batch, attempt, has_bytes=pk in kept, is_read=is_read):
                left_out[why] += 1
            else:
                able.append(_Able(pk, topic, group, f"{pk}:{attempt}:{bytes(digest).hex()}"))
    able.sort(key=lambda each: each.pk)
    if change:
        able = _changed(able, change, left_out)
    before = f"{change.name}|" if change else ""
    used = {kind for each in able if (kind := consumers[each.topic, each.group]) is not None}
    return Preview(
        chosen=chosen,
        ids=[each.pk for each in able],
        set_hash=sha256((before + ",".join(each.text for each in able)).encode()).hexdigest(),
        left_out=dict(left_out.most_common()),
        consumers=sorted(used, key=lambda each: each.name),
    )


def _changed(able: Sequence[_Able], change: Change, left_out: Counter[str]) -> list[_Able]:
    """Those that the change brings into the contract, named by what would be sent too."""
    found = []
    for part in batched(able, CHANGED_AT_ONCE):
        values = dict(
            LetterPayload.objects.filter(pk__in=[each.pk for each in part]).values_list("pk", "value")
        )
        for each in part:
            old = values.get(each.pk)
            value, wrong = changed_value(
                change, topic=each.topic, group=each.group, value=None if old is None else bytes(old)
            )
            if wrong or value is None:
                left_out[f"{change.name} does not bring it into the contract"] += 1
            else:
                found.append(replace(each, text=f"{each.text}:{sha256(value).hexdigest()}"))
    return found


def _why_not(
    state: str, origin_known: bool, batch: int | None, attempt: int, *, has_bytes: bool, is_read: bool
) -> str:
    """Why a letter is left out of a set; "" if it is not."""
    if batch is not None:
        return "in another batch"
    if state not in SENDABLE:
        return f"{State(state).value.lower().replace('_', ' ')} already"
    if not origin_known:
        return "it does not say where it came from"
    if attempt >= settings.DLQ_MAX_ATTEMPTS:
        return f"it failed {settings.DLQ_MAX_ATTEMPTS} times or more (DLQ_MAX_ATTEMPTS)"
    if not is_read:
        return "no worker here consumes for its group"
    return "" if has_bytes else "its bytes were cleaned up"
