"""The processes: a worker that refuses what is broken, the indexer, and the redriver, which die and wake."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import msgspec
from django.db import connection
from django.utils import timezone

from dlq_admin.consumers import DlqIndexer
from dlq_admin.services import LEASE, Redriver, letters_index
from heimdall_project.errors import DeadLetterUnavailable, DeliveryFailed, InvalidMessage, TransientError
from heimdall_project.streams.books import DjangoBooks
from heimdall_project.streams.consumer import Delivery, Effects, KafkaConsumer, RecordConsumer
from heimdall_project.streams.flood import FloodRules
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.member import Member
from heimdall_project.streams.models import RedriveOutcome, RelayLease, WorkerProcess
from heimdall_project.streams.records import Delivered, Headers, Outgoing, Record
from heimdall_project.streams.testing import InMemoryBroker, InMemoryConsumer, run_until_idle

from .steps import Killed, Steps

TOPIC, DEAD = "analysis.result", "dlq.failed"
NEVER_A_FLOOD = FloodRules(first=10**9, least=10**9, patience=0.0)


class Fragile(RecordConsumer[Record]):
    """Has the name, and so the group, of a worker that exists. Refuses what is `broken`."""

    name, topic = "job-results", TOPIC

    def __init__(self, plant: "Plant", effects: Effects) -> None:
        self.plant, self.effects = plant, effects  # type: ignore[misc]

    def handle(self, delivery: Delivery[Record]) -> None:
        """Refuse it, or remember it; then the process may die."""
        value = delivery.record.value or b""
        if value in self.plant.broken:
            raise InvalidMessage(f"not repaired: {len(value) % 2}")
        if delivery.redrive:
            self.plant.handled.setdefault(delivery.redrive.redrive_id, []).append(value)
            self.plant.trap -= 1
            if not self.plant.trap:
                self.plant.steps.now()
        self.plant.steps.step()


class Watched:
    """A producer whose broker may be away; tells which redrives go out."""

    def __init__(self, plant: "Plant") -> None:
        self._inner, self._plant = plant.broker.producer(), plant

    def publish(self, records: Sequence[Outgoing]) -> list[Delivered | DeliveryFailed]:
        """Publish; the process may die before and after, or between two records."""
        answers: list[Delivered | DeliveryFailed] = []
        for record in records:
            self._plant.steps.step()
            if record.topic not in self._plant.broker.unavailable:
                with self._plant.steps.aside():
                    self._plant.goes_out(record)
            answers += self._inner.publish([record])
        self._plant.steps.step()
        return answers

    def close(self) -> None:
        """Nothing to give up."""


class Plant:
    """Everything that runs."""

    def __init__(self, *, effects: Effects, goes_out: Callable[[Outgoing], None]) -> None:
        self.steps = Steps()
        self.broker = InMemoryBroker()
        self.goes_out = goes_out
        self.effects = effects
        self.broken: set[bytes] = set()
        self.handled: dict[str, list[bytes]] = {}
        """Bytes that were handled, by redrive id."""
        self.excused: dict[str, int] = {}
        """Redrives that may be handled once more: the worker died before it could write them down."""
        self.trap = 0
        """At which redriven record the worker dies, behind its effect; none if below 1."""
        self.zombies: list[Redriver] = []
        self._members: dict[type[KafkaConsumer], tuple[Member, InMemoryConsumer]] = {}
        self._made = 0
        self.redriver = self._new_redriver()
        beat = timezone.now() + timedelta(days=1)  # it never falls silent, however slow the machine is
        WorkerProcess.objects.create(
            id="w1", worker=Fragile.name, state="running", host="h", pid=1, heartbeat_at=beat
        )

    # --- records ------------------------------------------------------------------------------------------

    def fail(self, kinds: Sequence[str]) -> None:
        """Records come that the worker will refuse."""
        for kind in kinds:
            self._made += 1
            value = b"\xff%d" % self._made if kind == "no text" else msgspec.json.encode({"n": self._made})
            self.broken.add(value)
            headers: Headers = [("event_id", b"e-%d" % self._made)]
            self.broker.produce(TOPIC, value, key=b"k", partition=0, headers=headers)

    def repair(self, which: int) -> None:
        """The worker takes some of what it refused."""
        self.broken -= {value for n, value in enumerate(sorted(self.broken)) if which >> n % 6 & 1}

    def break_again(self, which: int) -> None:
        """The worker refuses some of what it took."""
        values = sorted({record.value or b"" for record in self.broker.records(TOPIC)})
        self.broken |= {value for n, value in enumerate(values) if which >> n % 6 & 1}

    def write_letters_twice(self, which: int) -> None:
        """Some dead letters come once more, however late."""
        for n, record in enumerate(self.broker.records(DEAD)):
            if which >> n % 6 & 1:
                self.broker.produce(DEAD, record.value, key=record.key, partition=0, headers=record.headers)

    def read_letters_again(self, which: int) -> None:
        """The indexer reads the topic from its beginning, in pieces."""
        records = self.broker.records(DEAD)
        for start in range(0, len(records), 1 + which % 5):
            letters_index(records=records[start : start + 1 + which % 5])

    # --- processes ----------------------------------------------------------------------------------------

    def work(self) -> None:
        """The worker reads all there is."""
        self._run(Fragile)

    def index(self) -> None:
        """The indexer does."""
        self._run(DlqIndexer)

    def redrive(self) -> None:
        """One round of the redriver."""
        try:
            self.redriver.step()
        except TransientError:
            self.broker.clock.advance(1.0)

    def lose_broker(self, which: int) -> None:
        """The topic of the records is away for some rounds."""
        self.broker.unavailable = {TOPIC}
        self._rounds(1 + which % 2)

    def lose_dead_letters(self, which: int) -> None:
        """The topic of the dead letters is: the worker stops."""
        self.broker.unavailable = {DEAD}
        self._rounds(1 + which % 2)

    def _rounds(self, times: int) -> None:
        for _ in range(times):
            self.redrive()
            self.work()
            self.index()
        self.broker.unavailable = set()

    def zombie(self, which: int) -> None:
        """A redriver that lost its lease comes back; should it get it again, it dies then."""
        if self.zombies:
            with suppress(TransientError):
                self.zombies[-1].step()
            self.lease_runs_out()

    def lease_runs_out(self) -> None:
        """Whoever asks next gets it."""
        RelayLease.objects.update(expires_at=None)

    def take_over(self) -> None:
        """The redriver stands still for longer than its lease: another one begins and goes on."""
        self.zombies.append(self.redriver)
        self.lease_runs_out()
        self.redriver = self._new_redriver()
        self._rounds(2)

    def stand_still(self, at: int) -> None:
        """At this step of the redriver another one takes over; then it goes on, and knows nothing of it."""
        with self.steps.meanwhile(at, self.take_over):
            self.redrive()

    def kill_redriver(self, at: int) -> None:
        """It dies at this step, and its lease runs out."""
        self._kill(self.redrive, at)
        self.lease_runs_out()
        self.redriver = self._new_redriver()

    def kill_worker(self, at: int) -> None:
        """It dies at this step; what it had handled and not written down may be handled once more."""
        self._kill(self.work, at)
        self._crashed(Fragile)
        ok = set(RedriveOutcome.objects.filter(status="ok").values_list("redrive_id", flat=True))
        if self.effects is not Effects.UNSAFE:
            self.excused.update({each: len(self.handled[each]) for each in self.handled if each not in ok})

    def kill_worker_at_work(self, at: int) -> None:
        """It dies behind the effect of a redriven record, before anything is written about it."""
        self.trap = 1 + at % 3
        self.kill_worker(10**6)
        self.trap = 0

    def kill_indexer(self, at: int) -> None:
        """It dies at this step."""
        self._kill(self.index, at)
        self._crashed(DlqIndexer)

    def _kill(self, process: Callable[[], None], at: int) -> None:
        depth = len(connection.savepoint_ids)
        try:
            with self.steps.killed(at):
                process()
        except Killed:
            assert len(connection.savepoint_ids) == depth
            connection.set_rollback(False)  # a statement of its own, which was not carried out

    def _crashed(self, kind: type[KafkaConsumer]) -> None:
        if (found := self._members.pop(kind, None)) is not None:
            found[1].crash()

    def _run(self, kind: type[KafkaConsumer]) -> None:
        if kind not in self._members:
            consumer = Fragile(self, self.effects) if kind is Fragile else kind()
            client = self.broker.consumer(consumer.group())
            more = {
                "books": DjangoBooks(),
                "rules": NEVER_A_FLOOD,
                "broker": client,
                "producer": Watched(self),
            }
            self._members[kind] = (self.broker.runner(consumer, **more), client)
        try:
            run_until_idle(self._members[kind][0])
        except DeadLetterUnavailable:
            self._members.pop(kind)[0].abandon()

    def _new_redriver(self) -> Redriver:
        lease = Lease(LEASE, duration=60.0, clock=self.broker.clock)
        return Redriver(lease=lease, producer=Watched(self))
