"""A worker that fails until it is repaired, its dead letters, and the redriver, on a broker in memory."""

from collections import Counter
from datetime import timedelta
from typing import Any

from django.utils import timezone

from dlq_admin.consumers import DlqIndexer
from dlq_admin.models import DeadLetter, RedriveBatch
from dlq_admin.services import LEASE, Pace, Redriver, batch_approve, batch_propose
from heimdall_project.errors import InvalidMessage
from heimdall_project.streams.books import DjangoBooks
from heimdall_project.streams.consumer import Delivery, RecordConsumer
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.models import WorkerProcess
from heimdall_project.streams.ports import SystemClock
from heimdall_project.streams.records import Record
from heimdall_project.streams.testing import InMemoryBroker, run_until_idle
from tests.people import People

TOPIC = "analysis.result"


class Fragile(RecordConsumer[Record]):
    """Has the name, and so the group, of a worker that exists. Refuses what is `broken`."""

    name, topic = "job-results", TOPIC

    def __init__(self, broken: set[bytes]) -> None:
        self.broken = broken
        self.handled: Counter[bytes] = Counter()
        self.redriven: Counter[bytes] = Counter()

    def handle(self, delivery: Delivery[Record]) -> None:
        """Refuse it, or remember it."""
        value = delivery.record.value or b""
        if value in self.broken:
            raise InvalidMessage("not repaired yet")
        self.handled[value] += 1
        self.redriven[value] += delivery.is_redrive


class World:
    """Everything that happens to dead letters, step by step."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.broker = InMemoryBroker()
        self.worker = Fragile(set())
        self.producer: Any = self.broker.producer()
        self._members: dict[str, Any] = {}
        self.redriver = self.another()
        self.runs(True)
        self.broker.produce(TOPIC, b"good", partition=0)  # a worker that sees nothing else halts
        self.consume()
        self.worker.handled.clear()
        self.worker.redriven.clear()

    def another(self) -> Redriver:
        """A redriver, as after a restart of its process."""
        return Redriver(lease=Lease(LEASE, duration=60.0, clock=SystemClock()), producer=self.producer)

    def runs(self, does: bool, **facts: Any) -> None:
        """The registry says so of the worker."""
        WorkerProcess.objects.all().delete()
        if does:
            beat = timezone.now() + timedelta(days=1)  # it never falls silent, however slow the machine is
            known = {"state": "running", "host": "h", "pid": 1, "heartbeat_at": beat} | facts
            WorkerProcess.objects.create(id="w1", worker=Fragile.name, **known)

    def fail(self, *values: bytes) -> list[DeadLetter]:
        """Records that the worker refuses, as rows."""
        self.worker.broken.update(values)
        for value in values:
            self.broker.produce(TOPIC, value, key=b"k", partition=0, headers=[("event_id", b"e-" + value)])
        self.consume()
        return list(DeadLetter.objects.order_by("pk"))

    def consume(self) -> None:
        """The worker, and then the indexer, read all there is."""
        for consumer in (self.worker, DlqIndexer()):
            member = self._members.get(consumer.name)
            if member is None:
                member = self.broker.runner(consumer, books=DjangoBooks())
                self._members[consumer.name] = member
            run_until_idle(member)

    def batch(self, rows: list[DeadLetter], **pace: Any) -> RedriveBatch:
        """A batch of these, proposed by one and approved by another."""
        chosen = Pace(**({"canary": 2, "rate": 10_000.0} | pace))
        batch = batch_propose(
            letter_ids=[row.pk for row in rows], actor=self.people.omar, reason="repaired", pace=chosen
        )
        return batch_approve(
            batch_id=batch.pk, actor=self.people.ada, reason="looked at it", set_hash=batch.set_hash
        )

    def sent(self) -> list[Record]:
        """Records that were sent again."""
        return [record for record in self.broker.records(TOPIC) if record.header("redrive_id")]

    def turn(self, times: int = 1) -> None:
        """The redriver, the worker and the indexer, so many times."""
        for _ in range(times):
            self.redriver.step()
            self.consume()

    def until_done(self, batch: RedriveBatch, turns: int = 60) -> RedriveBatch:
        """Go on until the batch does not run any more."""
        for _ in range(turns):
            self.turn()
            batch.refresh_from_db()
            if batch.state != "RUNNING":
                return batch
        raise AssertionError(f"{batch} is {batch.state}: {batch.note}")

    def states(self) -> Counter[str]:
        """Letters by their states."""
        return Counter(DeadLetter.objects.values_list("state", flat=True))
