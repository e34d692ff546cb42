"""An outbox, a lease and a broker in memory, for the relay."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from threading import Event

from heimdall_project.errors import DeliveryFailed, Fenced
from heimdall_project.streams.lease import Lease
from heimdall_project.streams.outbox_store import Backlog, Due, OutboxStore, Waiting
from heimdall_project.streams.records import Delivered, Outgoing
from heimdall_project.streams.relay import Relay
from heimdall_project.streams.relay_holds import Held
from heimdall_project.streams.testing import FakeClock, InMemoryBroker, InMemoryProducer
from heimdall_project.streams.topics import Topic

GO_ON = Event()


class FakeLease(Lease):
    """A lease of a database that does what the test says."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__("outbox", duration=10.0, clock=clock, holder="me")
        self.free = True
        self.taken_away = False

    def hold(self) -> bool:
        """Fresh again whenever it is ours."""
        if self.taken_away or not self.free:
            self.token = None
            return False
        self.token = 1
        self._until = self._clock.monotonic() + self.duration
        return True

    def fence(self) -> datetime:
        """Refuses once the lease was taken away."""
        if self.taken_away:
            raise Fenced("taken away")
        return datetime.now(UTC)

    def release(self) -> None:
        """Others may have it."""
        self.free = True
        self.token = None


class InMemoryOutbox(OutboxStore):
    """Rows in a list, in order of id."""

    def __init__(self) -> None:
        self.rows: list[Waiting] = []
        self.sent: list[str] = []
        self._ids = count(1)

    def add(self, name: str, key: str = "a", topic: str = Topic.ANALYSIS_REQUEST, row_id: int = 0) -> None:
        """Commit a row; a `row_id` below the last one makes it a late commit."""
        record = Outgoing(topic, name.encode(), key.encode())
        self.rows.append(Waiting(row_id or 1000 * next(self._ids), name, record))
        self.rows.sort()

    def waiting(self, *, rows: int, most_bytes: int, held: Held) -> Due:
        """See OutboxStore."""
        open_rows = [
            row
            for row in self.rows
            if row.event_id not in self.sent and row.key not in held.keys and row.key.topic not in held.topics
        ]
        return Due(open_rows[:rows], more=len(open_rows) > rows)

    def mark(self, lease: Lease, sent: Sequence[tuple[Waiting, Delivered]]) -> None:
        """See OutboxStore."""
        lease.fence()
        self.sent += [row.event_id for row, _ in sent]

    def run_due_hooks(self, lease: Lease, *, after: int, rows: int) -> int:
        """There are no hooks here."""
        return 0

    def backlog(self) -> Backlog:
        """See OutboxStore."""
        return Backlog(len(self.rows) - len(self.sent), 0.0)

    def purge(self, *, older_than: float, rows: int) -> int:
        """Nothing is old here."""
        return 0


class PickyProducer(InMemoryProducer):
    """Refuses the records that the test names."""

    def __init__(self, broker: InMemoryBroker) -> None:
        super().__init__(broker)
        self.refused: set[bytes | None] = set()
        self.before: Callable[[], object] = lambda: None

    def publish(self, records: Sequence[Outgoing]) -> list[Delivered | DeliveryFailed]:
        """Publish all but the refused."""
        self.before()
        return [
            DeliveryFailed("refused") if record.value in self.refused else self._publish(record)
            for record in records
        ]


class World:
    """A relay and all that it touches."""

    def __init__(self, batch: int = 100) -> None:
        self.clock = FakeClock()
        self.broker = InMemoryBroker(self.clock)
        self.outbox = InMemoryOutbox()
        self.lease = FakeLease(self.clock)
        self.producer = PickyProducer(self.broker)
        self.relay = Relay(
            store=self.outbox,
            lease=self.lease,
            producer=self.producer,
            clock=self.clock,
            batch=batch,
            retention=60.0,
            seed=0,
        )

    def step(self, times: int = 1) -> bool:
        """Let the relay step."""
        return [self.relay.step(GO_ON) for _ in range(times)][-1]

    def published(self, topic: str = Topic.ANALYSIS_REQUEST) -> list[str]:
        """Values in the topic."""
        return [(record.value or b"").decode() for record in self.broker.records(topic)]
