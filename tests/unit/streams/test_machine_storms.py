"""Storms: the world of the state machine under plain chance, which is quicker and goes further.

A failure names its seed. `STORMS=1000` tries more seeds.
"""

import logging
import os
from collections.abc import Callable, Iterator
from random import Random

import pytest

from .machine.events import BLOWS, KINDS, PEOPLE, WEATHER, WORK
from .machine.promises import Promises
from .machine.workers import SHAPES
from .machine.world import PLACES, Process, World

SEEDS = range(int(os.environ.get("STORMS", "60")))
STEPS = 150


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of partitions get lost here; nobody wants to read it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def one(world: World, chance: Random) -> Process:
    awake = [process for process in world.processes if not process.frozen]
    return chance.choice(awake) if awake else world.join()


def produce(world: World, chance: Random) -> None:
    for _ in range(chance.randint(1, 5)):
        world.produce(chance.choice(KINDS), chance.randrange(len(PLACES)))


def turn(world: World, chance: Random) -> None:
    for _ in range(chance.randint(1, 8)):
        process = one(world, chance)
        world.let_run(process, chance.choice(WORK), chance.randrange(10))
        world.turn(process, chance.choice([0.01, 0.1, 1.0]))


def people(world: World, chance: Random) -> None:
    if world.sent:
        chance.choice(PEOPLE)(world, chance.choice(list(world.sent)))


def order(world: World, chance: Random) -> None:
    until = world.broker.clock.now() + 60 if chance.random() < 0.5 else None
    world.order(paused=chance.random() < 0.2, flood_override_until=until)


def blow(world: World, chance: Random) -> None:
    chance.choice(BLOWS)(world, one(world, chance))
    if len(world.processes) < 3:
        world.join()


ACTS: dict[Callable[[World, Random], None], int] = {
    turn: 45,
    produce: 20,
    people: 10,
    blow: 8,
    lambda world, chance: chance.choice(WEATHER)(world): 10,
    order: 3,
    lambda world, chance: world.broker.clock.advance(chance.choice([0.5, 3.0, 40.0])): 4,
}


@pytest.mark.parametrize("seed", SEEDS)
def test_promises_hold_in_a_storm_and_nothing_is_missing_after_it(seed):
    chance = Random(seed)
    world = World(SHAPES[seed % len(SHAPES)])
    promises = Promises(world)
    world.join()
    try:
        for act in chance.choices(list(ACTS), weights=list(ACTS.values()), k=STEPS):
            act(world, chance)
            promises.check()
        promises.calm()
        promises.check_end()
    finally:
        world.close()
