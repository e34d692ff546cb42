"""Publishing letters again, through the broker or the redrive target of their topic."""

from collections.abc import Mapping, Sequence

from django.db import transaction

from heimdall_project.accounts.models import User
from heimdall_project.errors import DeliveryFailed, RecordRefused, Refused, TransientError
from heimdall_project.observability import metrics
from heimdall_project.observability.crash import crash_point
from heimdall_project.streams import redrive
from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.ports import Producer
from heimdall_project.streams.records import Delivered, Outgoing

from ...models import RedriveBatch
from ...states import State
from ..moving import set_counted, set_move
from ..sets import ARRIVE, ARRIVE_AT_TARGET
from .outcomes import Outcomes
from .progress import ACTOR
from .rows import ToSend, outgoing


class Sender:
    """Sends what is SENDING, under the lease of its redriver."""

    def __init__(self, *, lease: Lease, producer: Producer, outcomes: Outcomes) -> None:
        self._lease, self._producer, self._outcomes = lease, producer, outcomes

    def publish(self, batch_id: int, letters: Sequence[ToSend]) -> int:
        """Send these of a batch, and write down which arrived; answers how many were sent.

        Raises TransientError if some did not: they are sent again, under the same redrive ids.
        """
        plain: list[tuple[int, Outgoing]] = []
        by_target = 0
        for letter in letters:
            if why := letter.obstacle:
                self._outcomes.ended(batch_id, [letter.item], ok=False, note=why)
            elif self._by_target(batch_id, letter):
                by_target += 1
            else:
                plain.append((letter.item, outgoing(letter)))
        if not plain:
            return by_target
        answers = self._producer.publish([record for _, record in plain])
        crash_point("dlq.after_publish")
        pairs = list(zip(plain, answers, strict=True))
        self._arrived({item: to for (item, _), to in pairs if not isinstance(to, DeliveryFailed)})
        self._refused(batch_id, [pair for pair, to in pairs if isinstance(to, RecordRefused)])
        failed = [
            to for to in answers if isinstance(to, DeliveryFailed) and not isinstance(to, RecordRefused)
        ]
        if failed:
            why = f"{len(failed)} of {len(answers)} were not acknowledged: {failed[0]}"
            RedriveBatch.objects.filter(pk=batch_id).update(note=why[:500])
            raise TransientError("kafka", why[:300])
        return by_target + len(plain)

    def _refused(self, batch_id: int, pairs: Sequence[tuple[int, Outgoing]]) -> None:
        """What the broker did not take goes once more alone, since one that is too large takes its neighbours
        along; what it refuses then too has failed, or it would hold up all that come after it for ever."""
        for item, record in pairs:
            [answer] = self._producer.publish([record])
            if isinstance(answer, RecordRefused):
                note = f"The broker does not take it: {answer}"
                self._outcomes.ended(batch_id, [item], ok=False, note=note)
            elif not isinstance(answer, DeliveryFailed):
                self._arrived({item: answer})

    def _arrived(self, arrived: Mapping[int, Delivered]) -> None:
        if not arrived:
            return
        topics, partitions, offsets = map(list, zip(*arrived.values(), strict=True))
        with transaction.atomic():
            self._lease.fence()
            done = set_move(
                ARRIVE,
                actor=ACTOR,
                ids=list(arrived),
                topics=topics,
                partitions=partitions,
                offsets=offsets,
            )
            set_counted(State.PUBLISHED, done)
        crash_point("dlq.after_mark")
        metrics.LETTERS_SENT.inc(len(arrived))

    def _by_target(self, batch_id: int, letter: ToSend) -> bool:
        """Send a letter through the redrive target of its topic; False if none takes it."""
        if redrive.target(letter.topic) is None:
            return False
        seen = redrive.Letter(letter.topic, letter.key, letter.value, as_dict(letter.headers))
        target = redrive.target_for(seen)
        if target is None:
            return False
        batch = RedriveBatch.objects.get(pk=batch_id)
        proposer = User.objects.get(pk=batch.proposed_by_id)
        try:
            reference = target.redrive(
                seen, redrive_id=letter.redrive_id, actor=proposer, reason=batch.reason
            )
        except Refused as refused:
            note = f"Its redrive target refused it: {refused.detail}"
            self._outcomes.ended(batch_id, [letter.item], ok=False, note=note)
            return True
        crash_point("dlq.after_target")
        with transaction.atomic():
            self._lease.fence()
            note = f"as {reference} of the redrive target of {letter.topic}"
            done = set_move(ARRIVE_AT_TARGET, actor=ACTOR, note=note, item=letter.item, reference=reference)
            set_counted(State.PUBLISHED, done)
        metrics.LETTERS_SENT.inc()
        return True
