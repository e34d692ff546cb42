"""The loop with real threads beside it: what the model runs one by one happens at once here."""

import logging
import os
import time
from collections.abc import Iterator
from random import Random

import pytest

from heimdall_project.streams.testing import FakeClock

from .machine.events import KINDS
from .machine.promises import Promises
from .machine.workers import SHAPES, Threads
from .machine.world import GROUP, PLACES, World

SEEDS = range(int(os.environ.get("STORMS", "6")))
SPEED = 30


class FastClock(FakeClock):
    """Passes by itself, faster than the wall's."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def now(self) -> float:
        return super().now() + SPEED * (time.monotonic() - self._began)

    monotonic = now


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of partitions get lost here; nobody wants to read it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def stir(world: World, chance: Random) -> None:
    """One step of work, and perhaps a fault."""
    for _ in range(chance.randint(0, 6)):
        world.produce(chance.choice(KINDS), chance.randrange(len(PLACES)))
    if world.sent and chance.random() < 0.2:
        world.redrive(chance.choice(list(world.sent)), GROUP, copies=2)
    for process in list(world.processes):
        world.turn(process, 0.01)
    world.dependency_down = chance.random() < 0.1
    world.books.down = chance.random() < 0.1


def unsettle(world: World, chance: Random) -> None:
    """Processes come and go, or lose their session with work in hand."""
    if len(world.processes) < 3:
        world.join()
    process = chance.choice(world.processes)
    blow = chance.choice([world.expire, lambda p: world.crash(p, last_words=False), None, None, None])
    if blow:
        blow(process)


@pytest.mark.parametrize("alone", [True, False], ids=["one process", "several processes"])
@pytest.mark.parametrize("seed", SEEDS)
def test_promises_hold_with_real_threads(seed, alone):
    chance = Random(seed)
    world = World(SHAPES[seed % len(SHAPES)], pool=Threads, clock=FastClock())
    promises = Promises(world)
    promises.redrives_stay_together = alone
    world.join()
    for _ in range(60):
        stir(world, chance)
        if not alone:
            unsettle(world, chance)
    promises.calm()
    promises.check_end()
