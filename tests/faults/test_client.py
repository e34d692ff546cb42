"""Exceptions out of the client: the hazard itself, and what the runtime makes of it."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event, Timer
from typing import Any, NoReturn

import msgspec
import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from heimdall_project.streams import broker, topics
from heimdall_project.streams.broker import ConfluentConsumer
from heimdall_project.streams.consumer import Delivery, RecordConsumer
from heimdall_project.streams.member import Limits, Member
from heimdall_project.streams.ports import SystemClock
from heimdall_project.streams.testing import InMemoryBooks
from tests.probe_workers.harness import eventually

from .world import PLACES, TOPIC, World


class FromCallback(Exception):
    """What a callback or a signal handler may raise."""


def bare(world: World, **more: Any) -> Consumer:
    """A client as anybody would make it, reading everything."""
    client = Consumer({"bootstrap.servers": world.bootstrap, "group.id": "bare", **more})
    client.assign([TopicPartition(topics.physical(TOPIC), place.number, 0) for place in PLACES])
    return client


def shrugging(client: Consumer) -> list[str]:
    """Read as a loop does that shrugs an exception off: the ids that it gets to see."""
    seen: list[str] = []
    with pytest.raises(FromCallback):
        while True:
            # More than there is, so that the exception comes while the call holds what it has fetched.
            seen += ids(client.consume(1000, 5.0))
    while batch := client.consume(1000, 2.0):
        seen += ids(batch)
    client.close()
    return seen


def ids(batch: list[Message]) -> list[str]:
    return [msgspec.json.decode(message.value())["id"] for message in batch if message.error() is None]


def test_the_hazard_a_callback_that_raises_makes_a_bare_client_skip_what_it_had_fetched(world: World) -> None:
    calls = count()

    def tell(_: str) -> None:
        if next(calls) == 10:
            raise FromCallback

    names = world.fill(50)
    seen = shrugging(bare(world, stats_cb=tell, **{"statistics.interval.ms": 100}))
    assert set(seen) < set(names)


def test_the_hazard_a_signal_handler_that_raises_does_the_same(world: World) -> None:
    names = world.fill(50)
    before = signal.signal(signal.SIGUSR2, raising)
    alarm = Timer(1.5, os.kill, [os.getpid(), signal.SIGUSR2])
    alarm.start()
    try:
        seen = shrugging(bare(world))
    finally:
        alarm.join()
        signal.signal(signal.SIGUSR2, before)
    assert set(seen) < set(names)


class Keeper(RecordConsumer[Any]):
    """Keeps what it handles. Idempotent by value."""

    name, topic = "keeper", TOPIC

    def __init__(self) -> None:
        self.seen: list[str] = []

    def handle(self, delivery: Delivery[Any]) -> None:
        self.seen.append(msgspec.json.decode(delivery.record.value or b"")["id"])


def member(keeper: Keeper) -> Member:
    """The real loop on the real broker, in this process."""
    return Member(
        keeper,
        broker=ConfluentConsumer(keeper.group()),
        producer=broker.producer(),
        books=InMemoryBooks(),
        clock=SystemClock(),
        hands=ThreadPoolExecutor(1),
        aside=ThreadPoolExecutor(1),
        limits=Limits(drain=5.0, commit_interval=0.05),
    )


def raising(*_: Any) -> NoReturn:
    raise FromCallback


def in_assignment(running: Member, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(running, "assigned", raising)


def in_revocation(running: Member, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(running, "revoked", raising)


def in_the_answer_to_a_commit(_: Member, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(broker.consuming, "_refuse_errors", raising)


@pytest.mark.parametrize("sabotage", [in_assignment, in_revocation, in_the_answer_to_a_commit])
def test_an_exception_inside_a_client_callback_ends_the_worker_and_skips_nothing(
    world: World, sabotage: Callable[[Member, pytest.MonkeyPatch], None]
) -> None:
    names = world.fill(3000)
    first, second = Keeper(), Keeper()
    running = member(first)
    running.start()
    while len(first.seen) < 500:
        running.turn(0.1)
    other = bare_member(world, first.group())
    with pytest.MonkeyPatch.context() as patch, pytest.raises(FromCallback):
        sabotage(running, patch)
        for _ in range(300):
            running.turn(0.1)
            other.poll(0)
    running.abandon()
    other.close()
    assert {*first.seen, *finish(world, second)} == set(names)


def bare_member(world: World, group: str) -> Consumer:
    """Somebody who joins the group, so that it rebalances."""
    other = Consumer(
        {
            "bootstrap.servers": world.bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "partition.assignment.strategy": "cooperative-sticky",
            "heartbeat.interval.ms": 200,
        }
    )
    other.subscribe([topics.physical(TOPIC)])
    return other


def finish(world: World, keeper: Keeper) -> list[str]:
    """Let another member read what is left."""
    stop = Event()
    running = member(keeper)
    with ThreadPoolExecutor(1) as aside:
        ended = aside.submit(running.run, stop)
        eventually(lambda: world.is_through(keeper.name) or ended.done())
        stop.set()
        assert ended.result(30)
    return keeper.seen
