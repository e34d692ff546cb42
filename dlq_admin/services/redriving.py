"""Sending approved letters again, and finding out what became of them.

One redriver acts at a time, under a lease with a fencing token. What it is about to send is written down
first (SENDING, with a redrive id that was fixed when the set was frozen), so a crash at any step is followed
by sending the same again under the same id: published perhaps twice, handled once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from heimdall_project.errors import DeliveryFailed, Fenced, Refused, TransientError
from heimdall_project.observability import metrics
from heimdall_project.observability.crash import crash_point
from heimdall_project.observability.logging import get_logger
from heimdall_project.streams import redrive, worker_registry
from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.ports import Producer
from heimdall_project.streams.records import Delivered, Outgoing

from ..batch_states import BatchState, ItemState
from ..letters.again import own_headers
from ..models import BatchItem, DeadLetter, RedriveBatch
from ..ramp import Finish, Progress, Rules, Send, Stop, allowance, plan, used
from ..states import Event, State
from .consumers_of import consumer_of
from .moving import letters_move
from .payloads import headers_of
from .permitted import APPROVE

log = get_logger(__name__)
ACTOR = "dlq-redriver"
LEASE = "dlq-redriver"
AT_ONCE = 500
"""Letters that one step sends, and whose outcomes one step reads."""
BYTES_AT_ONCE = 8_000_000
_OUTCOMES = """
SELECT item.id, outcome.status FROM redrive_items AS item
JOIN streams_redriveoutcome AS outcome USING (redrive_id)
WHERE item.state IN ('SENDING', 'PUBLISHED') AND outcome.status IN ('ok', 'failed')
ORDER BY item.id LIMIT %s
"""


class Counts(NamedTuple):
    """What one step did."""

    sent: int = 0
    ended: int = 0


class Redriver:
    """Steps over the running batches. Not to be shared by threads."""

    def __init__(self, *, lease: Lease, producer: Producer) -> None:
        self._lease, self._producer = lease, producer
        self._asked_upto = 0
        self._places: dict[int, list[tuple[str, str]]] = {}
        """Topics and groups of the batches that run; their sets are frozen."""

    def step(self) -> bool:
        """Read outcomes, then send what each batch may send now; True if there may be more at once.

        Raises TransientError while database or broker are away; letters whose sending failed are sent
        again later under the same redrive id.
        """
        if not self._lease.hold():
            return False
        try:
            ended = self._read_outcomes() + self._ask_targets()
            sent, failure = 0, None
            for batch in RedriveBatch.objects.filter(state=BatchState.RUNNING).order_by("pk"):
                try:
                    sent += self._turn(batch)
                except TransientError as error:  # the other batches need not wait for this one
                    failure = error
            sent += self._finish_sending()
            if failure:
                raise failure
        except Fenced:
            return False
        return bool(sent) or ended >= AT_ONCE

    def close(self) -> None:
        """Let another redriver take over at once."""
        self._lease.release()
        self._producer.close()

    # --- one batch ----------------------------------------------------------------------------------------

    def _turn(self, batch: RedriveBatch) -> int:
        left = BatchItem.objects.filter(batch=batch, state=ItemState.SENDING)
        if left.exists():  # from before a crash, or an outage of the broker
            return self._publish(left)
        now = _database_time()
        rules = Rules(canary=batch.canary, rate=batch.rate, most_failures=batch.most_failures)
        progress = progress_of(batch)
        match plan(rules, progress, allowed=allowance(batch.rate, batch.free_from, now)):
            case Finish():
                self._end(batch, BatchState.DONE, "")
            case Stop(why=why):
                self._end(batch, BatchState.STOPPED, why)
            case Send(most=most):
                if why := self._held_up(batch):
                    _note(batch, why)
                    return 0
                return self._send(batch, min(most, AT_ONCE), now)
            case wait:
                _note(batch, wait.why)
        return 0

    def _held_up(self, batch: RedriveBatch) -> str:
        """Why nothing may be sent now, though its rate would let it; "" for no reason."""
        if batch.pk not in self._places:
            items = BatchItem.objects.filter(batch=batch).order_by()
            self._places[batch.pk] = list(items.values_list("letter__topic", "letter__group").distinct())
        for topic, group in self._places[batch.pk]:
            worker = consumer_of(topic, group)
            if worker is None:
                return f"no worker here consumes for {group}"
            alive = list(worker_registry.alive().filter(worker=worker.name))
            if not alive:
                return f"{worker.name} does not run"
            if all(row.state == "paused" for row in alive):
                return f"{worker.name} is paused"
            if (lag := sum(row.lag_records or 0 for row in alive)) > batch.most_lag:
                return f"{worker.name} is {lag} records behind"
        return ""

    def _end(self, batch: RedriveBatch, state: BatchState, note: str) -> None:
        with transaction.atomic():
            self._lease.fence()
            ended = {"ended_at": Now()} if state is BatchState.DONE else {}
            running = RedriveBatch.objects.filter(pk=batch.pk, state=BatchState.RUNNING)
            if running.update(state=state, note=note[:500], **ended):
                log.info(
                    "A redrive batch ended or stopped", action="batch_turned", batch=batch.pk, state=state
                )

    # --- sending ------------------------------------------------------------------------------------------

    def _send(self, batch: RedriveBatch, most: int, now: datetime) -> int:
        with transaction.atomic():
            self._lease.fence()
            locked = RedriveBatch.objects.select_for_update(no_key=True).select_related(None).get(pk=batch.pk)
            if locked.state != BatchState.RUNNING:
                return 0
            if why := _approval_is_gone(batch):
                RedriveBatch.objects.filter(pk=batch.pk).update(state=BatchState.STOPPED, note=why)
                return 0
            claimed = self._claim(batch, most)
            free_from = used(batch.rate, batch.free_from, now, claimed)
            RedriveBatch.objects.filter(pk=batch.pk).update(free_from=free_from, note="")
        crash_point("dlq.after_claim")
        self._publish(BatchItem.objects.filter(batch=batch, state=ItemState.SENDING))
        return claimed

    def _claim(self, batch: RedriveBatch, most: int) -> int:
        """Take the next letters; those that moved on meanwhile are skipped."""
        waiting = BatchItem.objects.filter(batch=batch, state=ItemState.WAITING).order_by("pk")
        items = dict(waiting.values_list("letter_id", "pk")[:most])
        of_batch = BatchItem.objects.filter(letter=OuterRef("pk"), batch=batch).values("redrive_id")[:1]
        moved = letters_move(
            ids=items,
            target=State.REPROCESSING,
            event=Event.SENT,
            actor=ACTOR,
            note=f"by batch {batch.pk}",
            only={"batch": batch},
            changes={"redrive_id": Subquery(of_batch)},
        )
        taken = [items[each.id] for each in moved]
        BatchItem.objects.filter(pk__in=taken).update(state=ItemState.SENDING, sent_at=Now())
        BatchItem.objects.filter(pk__in=set(items.values()) - set(taken)).update(
            state=ItemState.SKIPPED, ended_at=Now(), note="It had moved on before it was its turn."
        )
        return len(taken)

    def _finish_sending(self) -> int:
        """Letters of batches that are not running any more, and may be sent and not written down."""
        left = BatchItem.objects.filter(state=ItemState.SENDING).exclude(batch__state=BatchState.RUNNING)
        return self._publish(left) if left.exists() else 0

    def _publish(self, items: QuerySet[BatchItem]) -> int:
        """Send a bounded number of these, through their redrive target or the broker, and write down which
        arrived. Raises TransientError if some did not."""
        chosen = items.select_related("letter", "letter__payload", "batch", "batch__proposed_by")
        plain: list[tuple[BatchItem, Outgoing]] = []
        size = by_target = 0
        for item in chosen.order_by("pk")[:AT_ONCE]:
            if self._by_target(item):
                by_target += 1
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
        failed = [answer for answer in answers if isinstance(answer, DeliveryFailed)]
        if failed:
            why = f"{len(failed)} of {len(answers)} were not acknowledged: {failed[0]}"
            for batch_id in {item.batch_id for item, _ in plain}:
                RedriveBatch.objects.filter(pk=batch_id).update(note=why[:500])
            raise TransientError("kafka", why[:300])
        return by_target + len(plain)

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
        metrics.LETTERS_SENT.inc(len(arrived))

    def _by_target(self, item: BatchItem) -> bool:
        """Send a letter through the redrive target of its topic; False if none takes it."""
        payload = item.letter.payload
        letter = redrive.Letter(
            topic=item.letter.topic,
            key=None if payload.key is None else bytes(payload.key),
            value=None if payload.value is None else bytes(payload.value),
            headers=as_dict(headers_of(payload)),
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
            self._ended([item], ok=False, note=f"Its redrive target refused it: {refused.detail}")
            return True
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

    # --- outcomes -----------------------------------------------------------------------------------------

    def _read_outcomes(self) -> int:
        """What the runtime wrote of redriven records."""
        with connection.cursor() as sql:
            sql.execute(_OUTCOMES, [AT_ONCE])
            found = dict(sql.fetchall())
        items = list(BatchItem.objects.filter(pk__in=found))
        self._ended([item for item in items if found[item.pk] == "ok"], ok=True)
        self._ended([item for item in items if found[item.pk] == "failed"], ok=False)
        return len(found)

    def _ask_targets(self) -> int:
        """What redrive targets say of theirs; so many a step, one after the other."""
        under_way = BatchItem.objects.filter(state=ItemState.PUBLISHED).exclude(reference="")
        items = list(under_way.filter(pk__gt=self._asked_upto).select_related("letter").order_by("pk")[:100])
        self._asked_upto = items[-1].pk if items else 0
        ended = 0
        for item in items:
            target = redrive.target(item.letter.topic)
            state = target.state(item.reference) if target else "pending"
            if state != "pending":
                self._ended([item], ok=state == "resolved")
                ended += 1
        return ended

    def _ended(self, items: Sequence[BatchItem], *, ok: bool, note: str = "") -> None:
        """These have their end: their letters are free again."""
        if not items:
            return
        with transaction.atomic():
            self._lease.fence()
            letters_move(
                ids=[item.letter_id for item in items],
                target=State.RESOLVED if ok else State.FAILED_AGAIN,
                event=Event.RESOLVED if ok else Event.FAILED_AGAIN,
                actor=ACTOR,
                note=note,
                only={"redrive_id__in": [item.redrive_id for item in items]},
                changes={} if ok else {"attempt": F("attempt") + 1},
            )
            DeadLetter.objects.filter(pk__in=[item.letter_id for item in items]).update(
                batch=None, approved_by=None
            )
            BatchItem.objects.filter(pk__in=[item.pk for item in items]).update(
                state=ItemState.RESOLVED if ok else ItemState.FAILED, ended_at=Now(), note=note[:500]
            )
        metrics.LETTERS_REDRIVEN.labels("resolved" if ok else "failed").inc(len(items))


def outgoing(item: BatchItem) -> Outgoing:
    """A letter's record as it is sent again: its own headers, and the marks of its redrive."""
    letter, payload = item.letter, item.letter.payload
    key = None if payload.key is None else bytes(payload.key)
    value = None if payload.value is None else bytes(payload.value)
    marks = redrive.marks(
        topic=letter.topic,
        key=key,
        value=value,
        redrive_id=item.redrive_id,
        group=letter.group,
        count=item.attempt,
    )
    return Outgoing(letter.topic, value, key, [*own_headers(headers_of(payload), letter.writer), *marks])


def progress_of(batch: RedriveBatch) -> Progress:
    """Items of a batch by where they stand."""
    rows = BatchItem.objects.filter(batch=batch).order_by().values_list("state").annotate(n=Count("pk"))
    counts: dict[str, int] = dict(rows)
    return Progress(
        waiting=counts.get(ItemState.WAITING, 0),
        under_way=counts.get(ItemState.SENDING, 0) + counts.get(ItemState.PUBLISHED, 0),
        resolved=counts.get(ItemState.RESOLVED, 0),
        failed=counts.get(ItemState.FAILED, 0),
        forgiven=batch.forgiven,
    )


def _approval_is_gone(batch: RedriveBatch) -> str:
    """Why its approval does not hold any more; "" if it does. Asked anew before each sending."""
    for approver in (batch.approved_by, batch.second_approved_by):
        if approver is not None and not type(approver).objects.get(pk=approver.pk).has_perm(APPROVE):
            return f"{approver.get_username()}, who approved it, may not approve any more."
    return ""


def _note(batch: RedriveBatch, why: str) -> None:
    if batch.note != why:
        RedriveBatch.objects.filter(pk=batch.pk, state=BatchState.RUNNING).update(note=why[:500])


def _database_time() -> datetime:
    with connection.cursor() as sql:
        sql.execute("SELECT clock_timestamp()")
        moment: datetime = sql.fetchone()[0]
    return moment
