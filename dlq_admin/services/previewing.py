"""What a proposal would freeze, before anybody proposes it: how many letters, which hash, who is left out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import batched

from django.conf import settings

from heimdall_project.streams.consumer import Effects, KafkaConsumer

from ..models import DeadLetter, LetterPayload
from ..states import WAITING, State
from .consumers_of import consumer_of

AT_ONCE = 2000
"""Letters that are read together."""
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


def batch_preview(*, letter_ids: Sequence[int]) -> Preview:
    """Look at these letters as `batch_propose` would. Changes nothing."""
    able: list[tuple[int, str]] = []
    left_out: Counter[str] = Counter()
    places: dict[tuple[str, str], type[KafkaConsumer] | None] = {}
    used: set[type[KafkaConsumer]] = set()
    chosen = 0
    for part in batched(dict.fromkeys(letter_ids), AT_ONCE):
        kept = set(LetterPayload.objects.filter(pk__in=part).values_list("pk", flat=True))
        rows = DeadLetter.objects.filter(pk__in=part).order_by()
        for pk, attempt, digest, state, known, batch, topic, group in rows.values_list(*_FIELDS):
            chosen += 1
            if (topic, group) not in places:
                places[topic, group] = consumer_of(topic, group)
            consumer = places[topic, group]
            if why := _why_not(
                state, known, batch, attempt, has_bytes=pk in kept, is_read=consumer is not None
            ):
                left_out[why] += 1
                continue
            able.append((pk, f"{pk}:{attempt}:{bytes(digest).hex()}"))
            if consumer is not None:
                used.add(consumer)
    able.sort()
    return Preview(
        chosen=chosen,
        ids=[pk for pk, _ in able],
        set_hash=sha256(",".join(text for _, text in able).encode()).hexdigest(),
        left_out=dict(left_out.most_common()),
        consumers=sorted(used, key=lambda each: each.name),
    )


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
