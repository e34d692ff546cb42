"""One round over the running batches: outcomes first, then what each may send now."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from heimdall_project.accounts.models import User
from heimdall_project.errors import Fenced, TransientError
from heimdall_project.observability.crash import crash_point
from heimdall_project.observability.logging import get_logger
from heimdall_project.streams import worker_registry
from heimdall_project.streams.consumer import Effects
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.ports import Producer

from ...batch_states import BatchState, ItemState
from ...models import BatchItem, RedriveBatch
from ...ramp import SECOND, Finish, Recent, Rules, Send, Stop, allowance, plan, used
from ...states import STAGE_UNDER_WAY
from ..consumers_of import consumer_of
from ..moving import set_counted, set_move
from ..permitted import APPROVE, BREAK_GLASS
from ..sets import CLAIM, set_skip
from .outcomes import Outcomes
from .progress import ACTOR, AT_ONCE, no_end_said, progress_of
from .rows import ToSend, to_send
from .sending import Sender

log = get_logger(__name__)
LEASE = "dlq-redriver"


class Redriver:
    """Steps over the running batches. Not to be shared by threads."""

    def __init__(self, *, lease: Lease, producer: Producer) -> None:
        self._lease, self._producer = lease, producer
        self._outcomes = Outcomes(lease)
        self._sender = Sender(lease=lease, producer=producer, outcomes=self._outcomes)
        self._sent: dict[int, Recent] = {}
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
            ended = self._outcomes.read()
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
        if left := to_send(batch.pk):  # from before a crash, or an outage of the broker
            if gone := _approval_is_gone(batch):
                self._end(batch, BatchState.STOPPED, gone)
                return 0
            return self._publish(batch, left)
        now = _database_time()
        rules = Rules(canary=batch.canary, rate=batch.rate, most_failures=batch.most_failures)
        progress = progress_of(batch)
        allowed = allowance(batch.rate, batch.free_from, now, recent=self._recent(batch))
        match plan(rules, progress, allowed=allowed):
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
                _note(batch, wait.why + no_end_said(batch))
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
            if worker.effects is Effects.UNSAFE and not batch.needs_second:
                return f"{worker.name} is unsafe to repeat by now: propose it anew, for a second approval"
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
        self._publish(batch, to_send(batch.pk))
        return claimed

    def _publish(self, batch: RedriveBatch, letters: Sequence[ToSend]) -> int:
        """Send these, which are SENDING; however it ends, so many may have been sent until now."""
        try:
            return self._sender.publish(batch.pk, letters)
        finally:
            self._sent.setdefault(batch.pk, Recent()).add(len(letters), monotonic())

    def _recent(self, batch: RedriveBatch) -> int:
        """How many of a batch were sent in the last second, by the redriver before this one too."""
        if batch.pk not in self._sent:
            lately = BatchItem.objects.filter(batch=batch, sent_at__gt=Now() - timedelta(seconds=SECOND))
            self._sent[batch.pk] = Recent()
            self._sent[batch.pk].add(lately.count(), monotonic())
        return self._sent[batch.pk].count(monotonic())

    def _claim(self, batch: RedriveBatch, most: int) -> int:
        """Take the next letters; those that moved on meanwhile are skipped."""
        done = set_move(CLAIM, actor=ACTOR, note=f"by batch {batch.pk}", batch=batch.pk, most=most)
        set_counted(CLAIM.target, done)
        if done.moved < done.parts:
            set_skip(batch=batch.pk, note="It had moved on before it was its turn.", upto=done.last_item)
        return done.moved

    def _finish_sending(self) -> int:
        """Letters of batches that are not running any more, and may be sent and not written down.

        Not those whose approval is gone: if they were sent, their outcomes tell; else they are given up.
        """
        sending = BatchItem.objects.filter(stage=STAGE_UNDER_WAY, state=ItemState.SENDING)
        left = sending.exclude(batch__state=BatchState.RUNNING).order_by()
        numbers = list(left.values_list("batch", flat=True).distinct())
        batches = RedriveBatch.objects.filter(pk__in=numbers).order_by("pk")
        may_be_sent = [batch.pk for batch in batches if not _approval_is_gone(batch)]
        return sum(self._sender.publish(number, to_send(number)) for number in may_be_sent)


def _approval_is_gone(batch: RedriveBatch) -> str:
    """Why its approval does not hold any more; "" if it does. Asked anew before each sending."""
    if batch.break_glass and not settings.DLQ_BREAK_GLASS:
        return "It was approved by its proposer alone, and DLQ_BREAK_GLASS does not allow that any more."
    right = BREAK_GLASS if batch.break_glass else APPROVE
    for number in filter(None, (batch.approved_by_id, batch.second_approved_by_id)):
        approver = User.objects.get(pk=number)
        if not approver.has_perm(right):
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
