"""Publishing letters again, through the broker or the redrive target of their topic."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet

from heimdall_project.errors import DeliveryFailed, RecordRefused, Refused, TransientError
from heimdall_project.observability import metrics
from heimdall_project.observability.crash import crash_point
from heimdall_project.streams import redrive
from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.ports import Producer
from heimdall_project.streams.records import Delivered, Outgoing

from ...batch_states import ItemState
from ...letters import digest_of
from ...letters.again import own_headers
from ...models import BatchItem, LetterPayload, RedriveBatch
from ...states import Event, State
from ..moving import letters_move
from ..payloads import headers_of
from .outcomes import Outcomes
from .progress import ACTOR, AT_ONCE

BYTES_AT_ONCE = 8_000_000


class Sender:
    """Sends what is SENDING, under the lease of its redriver."""

    def __init__(self, *, lease: Lease, producer: Producer, outcomes: Outcomes) -> None:
        self._lease, self._producer, self._outcomes = lease, producer, outcomes

    def publish(self, items: QuerySet[BatchItem]) -> int:
        """Send a bounded number of these, and write down which arrived; answers how many were sent.

        Raises TransientError if some did not: they are sent again, under the same redrive ids.
        """
        chosen = items.select_related("letter__payload", "bytes", "batch__proposed_by")
        plain: list[tuple[BatchItem, Outgoing]] = []
        size = by_target = 0
        for item in chosen.order_by("pk")[:AT_ONCE]:
            if self._by_target(item):
                by_target += 1
                continue
            if why := _not_what_was_approved(item):
                self._outcomes.ended([item], ok=False, note=why)
                continue
            plain.append((item, outgoing(item)))
            if (size := size + item.letter.size) > BYTES_AT_ONCE:
                break
        if not plain:
            return by_target
        answers = self._producer.publish([record for _, record in plain])
        crash_point("dlq.after_publish")
        arrived = {
            item: answer
            for (item, _), answer in zip(plain, answers, strict=True)
            if not isinstance(answer, DeliveryFailed)
        }
        self._arrived(arrived)
        self._refused(
            [pair for pair, to in zip(plain, answers, strict=True) if isinstance(to, RecordRefused)]
        )
        failed = [
            to for to in answers if isinstance(to, DeliveryFailed) and not isinstance(to, RecordRefused)
        ]
        if failed:
            why = f"{len(failed)} of {len(answers)} were not acknowledged: {failed[0]}"
            for batch_id in {item.batch_id for item, _ in plain}:
                RedriveBatch.objects.filter(pk=batch_id).update(note=why[:500])
            raise TransientError("kafka", why[:300])
        return by_target + len(plain)

    def _refused(self, pairs: Sequence[tuple[BatchItem, Outgoing]]) -> None:
        """What the broker did not take goes once more alone, since one that is too large takes its neighbours
        along; what it refuses then too has failed, or it would hold up all that come after it for ever."""
        for item, record in pairs:
            [answer] = self._producer.publish([record])
            if isinstance(answer, RecordRefused):
                self._outcomes.ended([item], ok=False, note=f"The broker does not take it: {answer}")
            elif not isinstance(answer, DeliveryFailed):
                self._arrived({item: answer})

    def _arrived(self, arrived: Mapping[BatchItem, Delivered]) -> None:
        if not arrived:
            return
        with transaction.atomic():
            self._lease.fence()
            letters_move(
                ids=[item.letter_id for item in arrived],
                target=State.PUBLISHED,
                event=Event.PUBLISHED,
                actor=ACTOR,
                only={"redrive_id__in": [item.redrive_id for item in arrived]},
                hops={item.letter_id: where for item, where in arrived.items()},
            )
            sending = BatchItem.objects.filter(pk__in=[item.pk for item in arrived], state=ItemState.SENDING)
            sending.update(state=ItemState.PUBLISHED)
        crash_point("dlq.after_mark")
        metrics.LETTERS_SENT.inc(len(arrived))

    def _by_target(self, item: BatchItem) -> bool:
        """Send a letter through the redrive target of its topic; False if none takes it."""
        if redrive.target(item.letter.topic) is None or _not_what_was_approved(item):
            return False
        letter = redrive.Letter(
            topic=item.letter.topic,
            key=_bytes(item.letter.payload.key),
            value=value_of(item),
            headers=as_dict(headers_of(item.letter.payload)),
        )
        target = redrive.target_for(letter)
        if target is None:
            return False
        batch = item.batch
        try:
            reference = target.redrive(
                letter, redrive_id=item.redrive_id, actor=batch.proposed_by, reason=batch.reason
            )
        except Refused as refused:
            self._outcomes.ended([item], ok=False, note=f"Its redrive target refused it: {refused.detail}")
            return True
        crash_point("dlq.after_target")
        with transaction.atomic():
            self._lease.fence()
            letters_move(
                ids=[item.letter_id],
                target=State.PUBLISHED,
                event=Event.PUBLISHED,
                actor=ACTOR,
                note=f"as {reference} of the redrive target of {item.letter.topic}",
                only={"redrive_id": item.redrive_id},
            )
            BatchItem.objects.filter(pk=item.pk, state=ItemState.SENDING).update(
                state=ItemState.PUBLISHED, reference=reference
            )
        metrics.LETTERS_SENT.inc()
        return True


def value_of(item: BatchItem) -> bytes | None:
    """The bytes that are sent: a letter's own, or what its batch puts in their place."""
    changed = getattr(item, "bytes", None)
    return bytes(changed.value) if changed is not None else _bytes(item.letter.payload.value)


def outgoing(item: BatchItem) -> Outgoing:
    """A letter's record as it is sent again: its own headers, and the marks of its redrive."""
    letter = item.letter
    key, value = _bytes(letter.payload.key), value_of(item)
    marks = redrive.marks(
        topic=letter.topic,
        key=key,
        value=value,
        redrive_id=item.redrive_id,
        group=letter.group,
        count=item.attempt,
    )
    own = own_headers(headers_of(letter.payload), letter.writer)
    return Outgoing(letter.topic, value, key, [*own, *marks])


def _bytes(data: bytes | memoryview | None) -> bytes | None:
    return None if data is None else bytes(data)


def _not_what_was_approved(item: BatchItem) -> str:
    """Why this may not be sent, whatever became of the rows since; "" if it may."""
    try:
        payload = item.letter.payload
    except LetterPayload.DoesNotExist:
        return "Its bytes were cleaned up: there is nothing to send."
    if digest_of(_bytes(payload.key), _bytes(payload.value)) != bytes(item.digest):
        return "Its bytes are not those that were approved."
    if item.batch.change and not hasattr(item, "bytes"):
        return "The bytes that were approved in place of its own are gone."
    return ""
