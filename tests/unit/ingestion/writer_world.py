"""The writer, its topic, its ClickHouse, and what may befall them; checked from outside."""

from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any
from unittest.mock import patch

import msgspec

from heimdall_project.errors import DeadLetterUnavailable, FloodDetected
from heimdall_project.streams import desk as desk_module
from heimdall_project.streams import member as member_module
from heimdall_project.streams.dead_letters import as_dict
from heimdall_project.streams.flood import FloodRules
from heimdall_project.streams.member import Limits, Member
from heimdall_project.streams.orders import Orders
from heimdall_project.streams.outcomes import Outcome
from heimdall_project.streams.records import Partition, Record
from heimdall_project.streams.testing import InMemoryBroker, InMemoryConsumer
from ingestion.consumers import ClickHouseWriter
from tests.unit.ingestion.fake_table import At, FakeTable, Killed
from tests.unit.streams.machine.workers import Pool

TOPIC, DEAD, GROUP = "events.page_view.v1", "events.page_view.v1.dlt", "heimdall.clickhouse-writer"
PLACES = [Partition(TOPIC, number) for number in range(2)]
HOPELESS = ("not json", "two in one", "wrong shape", "refused")
"""Kinds of records that end as dead letters; the others are `good`, `nameless`, `again` and `other body`."""
EVENT = {"content_id": "c", "user_id": "u", "event_type": "view", "occurred_at": "2026-01-01T00:00:00Z"}


@dataclass(eq=False)
class Process:
    """One process of the writer."""

    member: Member
    broker: InMemoryConsumer
    hands: Pool
    aside: Pool
    frozen: bool = False

    def let_run(self) -> None:
        self.hands.run_all()
        self.aside.run_all()


def at_of(record: Record) -> At:
    return (record.topic, record.partition, record.offset)


class WriterWorld:
    """Processes that share one topic and one table."""

    def __init__(self) -> None:
        self.broker = InMemoryBroker()
        self.table = FakeTable(refuses=lambda row: 469 if row["user_id"] == "refused" else 0)
        self.processes: list[Process] = []
        self.sent: dict[At, tuple[str, Record]] = {}
        self._numbers = count(1)
        self._patches = [patch.object(each, "wait", self._wait) for each in (member_module, desk_module)]
        for each in self._patches:
            each.start()

    def close(self) -> None:
        for each in self._patches:
            each.stop()

    # --- what may happen ------------------------------------------------------------------------------------

    def produce(self, kind: str, number: int) -> None:
        record = self.broker.produce(TOPIC, self._value(kind), partition=number)
        self.sent[at_of(record)] = (kind, record)

    def _value(self, kind: str) -> bytes:
        n = next(self._numbers)
        event: dict[str, Any] = EVENT | {"event_id": f"e{n}", "user_id": f"u{n}"}
        good = [record.value for said, record in self.sent.values() if said == "good"]
        match kind:
            case "again" if good:
                return good[n % len(good)] or b""
            case "other body" if good:
                event["event_id"] = msgspec.json.decode(good[n % len(good)] or b"")["event_id"]
            case "nameless":
                del event["event_id"]
            case "not json":
                return b"\xff%d" % n
            case "two in one":
                return msgspec.json.encode(event) * 2
            case "wrong shape":
                event["event_type"] = "buy"
            case "refused":
                event["user_id"] = "refused"
        return msgspec.json.encode(event)

    def join(self) -> Process:
        broker, hands, aside = self.broker.consumer(GROUP), Pool(), Pool()
        member = Member(
            ClickHouseWriter(self.table),
            broker=broker,
            producer=self.broker.producer(),
            books=self.broker.books,
            clock=self.broker.clock,
            hands=hands,
            aside=aside,
            orders=lambda: Orders(flood_override_until=1e12),
            limits=Limits(drain=5.0, commit_interval=0.2),
            rules=FloodRules(patience=0.2),
            seed=1,
        )
        process = Process(member, broker, hands, aside)
        self.processes.append(process)
        member.start()
        return process

    def run(self, process: Process, work: Callable[[], object]) -> None:
        """Let a process do something; it may die of it."""
        try:
            work()
        except Killed:
            self.crash(process)
        except (DeadLetterUnavailable, FloodDetected):
            self.processes.remove(process)
            process.member.abandon()

    def turn(self, process: Process) -> None:
        self.run(process, process.hands.run_one)
        if process in self.processes:
            self.run(process, partial(process.member.turn, 0.1))

    def crash(self, process: Process) -> None:
        self.processes.remove(process)
        process.broker.crash()

    def leave(self, process: Process) -> None:
        self.run(process, process.member.drain)
        if process in self.processes:
            self.processes.remove(process)

    def become_a_zombie(self, process: Process) -> None:
        """It stands still for longer than its session, and then wakes with its inserts still to do."""
        process.frozen = True
        process.broker.expire()

    def clear_up(self) -> None:
        self.table.down, self.broker.books.down = False, False
        for process in self.processes:
            process.frozen = False

    def _wait(self, futures: Collection[Future[Any]], timeout: float = 0.0, **_: Any) -> None:
        for process in list(self.processes):
            if not process.frozen:
                process.let_run()

    # --- what must hold -------------------------------------------------------------------------------------

    def check(self) -> None:
        """At every moment."""
        buried = self.buried()
        for at, (kind, _) in self.sent.items():
            if at[2] < self.broker.committed(GROUP).get(Partition(*at[:2]), 0):
                assert at in self.table.arrivals or at in buried, f"{at} ({kind}) is committed and has no end"
            assert (at in buried) <= (kind in HOPELESS), f"{at} was dead-lettered and is {kind}"
            assert (at in self.table.arrivals) <= (kind not in HOPELESS), f"{at} was stored and is {kind}"
        assert self.broker.books.balances(GROUP)
        assert all(len(bodies) == 1 for bodies in self.table.bodies.values())

    def buried(self) -> dict[At, bytes | None]:
        """Values of dead letters by the places of their records."""
        found = {}
        for letter in self.broker.records(DEAD):
            said = as_dict(letter.headers)
            at = (said["original_topic"], int(said["original_partition"]), int(said["original_offset"]))
            assert letter.value == self.sent[at][1].value
            found[at] = letter.value
        return found

    def calm(self) -> None:
        """A last few things go wrong, nothing else does, and then nothing is left to do.

        Few, because each outage may be followed by a pause as long as the longest.
        """
        del self.table.fails[:-4]
        for _ in range(400):
            self.clear_up()
            if not self.processes:
                self.join()
            for process in list(self.processes):
                self.run(process, process.let_run)
                self.turn(process)
            self.broker.clock.advance(0.5)
            if all(self.broker.committed(GROUP).get(p, 0) == self.broker.end(p) for p in PLACES):
                return
        raise AssertionError("not through after 400 turns in calm weather")

    def check_end(self) -> None:
        """When everything is over: every event is there once, and it is the copy that came first."""
        self.check()
        good = {at: record for at, (kind, record) in self.sent.items() if kind not in HOPELESS}
        assert set(self.table.arrivals) == set(good)
        assert set(self.buried()) == set(self.sent) - set(good)
        first: dict[str, At] = {}
        for at, record in sorted(good.items(), key=lambda each: (each[1].timestamp, each[0])):
            first.setdefault(self.table.arrivals[at], at)
            assert self.table.arrivals[at] in self.table.views, record
        assert {event_id: at for event_id, (at, _) in self.table.views.items()} == first
        counted = self.broker.books.counted(GROUP)
        assert counted[Outcome.STORED] == len(good)
        assert counted[Outcome.DEAD_LETTERED] == len(self.sent) - len(good)
