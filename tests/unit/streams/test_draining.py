"""Stopping: what the drain budget buys, and that it is spent once."""

from collections.abc import Collection
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from heimdall_project.streams import desk, member
from heimdall_project.streams.member import Limits
from heimdall_project.streams.records import Partition
from heimdall_project.streams.testing import InMemoryBroker

from .workers import TOPIC, Keeper, fill

P0 = Partition(TOPIC, 0)


class Never(Executor):
    """Hands that hang."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        return Future()


@pytest.fixture
def broker() -> InMemoryBroker:
    return InMemoryBroker()


@pytest.fixture
def waited(broker: InMemoryBroker, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the loop and its desk waited for unfinished work."""
    seconds: list[float] = []

    def wait(futures: Collection[Future[Any]], timeout: float = 0.0, **_: Any) -> None:
        if any(not future.done() for future in futures):
            seconds.append(timeout)
            broker.clock.advance(timeout)

    monkeypatch.setattr(member, "wait", wait)
    monkeypatch.setattr(desk, "wait", wait)
    return seconds


def test_a_handler_that_hangs_costs_the_drain_budget_once(
    broker: InMemoryBroker, waited: list[float]
) -> None:
    fill(broker, 1, 2)
    runner = broker.runner(Keeper(), hands=Never(), limits=Limits(drain=20.0))
    runner.turn(0.1)
    assert not runner.drain()
    assert sum(waited) == 20.0
    assert broker.committed("heimdall.keeper") == {}


def test_a_desk_that_hangs_costs_the_drain_budget_once(broker: InMemoryBroker, waited: list[float]) -> None:
    fill(broker, 1, 2)
    runner = broker.runner(Keeper(), aside=Never(), limits=Limits(drain=20.0))
    runner.turn(0.1)
    runner.turn(0.1)
    runner.drain()
    assert sum(waited) == 20.0
