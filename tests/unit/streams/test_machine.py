"""Whatever happens, in whatever order, the promises hold: a state machine drives the real loop.

`HYPOTHESIS_PROFILE=long` looks further, and elsewhere each time.
"""

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from .machine.events import BLOWS, KINDS, PEOPLE, WEATHER, WORK
from .machine.promises import Promises
from .machine.workers import SHAPES
from .machine.world import PLACES, At, Process, World

PROFILES: dict[str, dict[str, Any]] = {
    "default": {"max_examples": 150, "stateful_step_count": 40, "derandomize": True, "database": None},
    "long": {"max_examples": 3000, "stateful_step_count": 80, "print_blob": True},
}
NUMBERS = st.integers(0, len(PLACES) - 1)
ANY = st.integers(0, 99)
"""Chooses one of what is there."""
BOTH = st.booleans()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of partitions get lost here; nobody wants to read it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Runtime(RuleBasedStateMachine):
    """Everything that can happen to a worker."""

    @initialize(shape=st.sampled_from(SHAPES), processes=st.integers(1, 3))
    def begin(self, shape: Any, processes: int) -> None:
        self.world = World(shape)
        self.promises = Promises(self.world)
        for _ in range(processes):
            self.world.join()

    def one(self, which: int) -> Process:
        awake = [process for process in self.world.processes if not process.frozen]
        return awake[which % len(awake)] if awake else self.world.join()

    # --- work

    @rule(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=8), number=NUMBERS)
    def produce(self, kinds: list[str], number: int) -> None:
        for kind in kinds:
            self.world.produce(kind, number)

    @rule(schedule=st.lists(st.tuples(ANY, st.sampled_from(WORK)), min_size=1, max_size=10))
    def turn(self, schedule: list[tuple[int, str]]) -> None:
        for which, work in schedule:
            self.world.let_run(self.one(which), work, which)
            self.world.turn(self.one(which))

    @rule(seconds=st.sampled_from([0.1, 0.5, 3.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.broker.clock.advance(seconds)

    # --- people

    @precondition(lambda self: self.world.sent)
    @rule(which=ANY, act=st.sampled_from(PEOPLE))
    def somebody_acts(self, which: int, act: Callable[[World, At], Any]) -> None:
        sent = list(self.world.sent)
        act(self.world, sent[which % len(sent)])

    @rule(paused=st.sampled_from([True, False, False]), floods=BOTH)
    def order(self, paused: bool, floods: bool) -> None:
        until = self.world.broker.clock.now() + 60 if floods else None
        self.world.order(paused=paused, flood_override_until=until)

    # --- processes and weather

    @precondition(lambda self: len(self.world.processes) < 3)
    @rule()
    def join(self) -> None:
        self.world.join()

    @rule(which=ANY, blow=st.sampled_from(BLOWS))
    def something_happens(self, which: int, blow: Callable[[World, Process], Any]) -> None:
        blow(self.world, self.one(which))

    @rule(weather=st.sampled_from(WEATHER))
    def the_weather_changes(self, weather: Callable[[World], Any]) -> None:
        weather(self.world)

    # --- promises

    @invariant()
    def promises_hold(self) -> None:
        if hasattr(self, "world"):
            self.promises.check()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.promises.calm()
                self.promises.check_end()
            finally:
                self.world.close()


TestRuntime = Runtime.TestCase
TestRuntime.settings = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    **PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "default")],
)
