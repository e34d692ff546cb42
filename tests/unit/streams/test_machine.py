"""Whatever happens, in whatever order, the promises hold: a state machine drives the real loop.

`HYPOTHESIS_PROFILE=long` looks further, and elsewhere each time.
"""

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from .machine_world import DEAD, GROUP, HOPELESS, OTHER, PLACES, SHAPES, FromCallback, Process, World

PROFILES: dict[str, dict[str, Any]] = {
    "default": {"max_examples": 60, "stateful_step_count": 40, "derandomize": True, "database": None},
    "long": {"max_examples": 3000, "stateful_step_count": 80, "print_blob": True},
}
KINDS = st.sampled_from(["good"] * 6 + ["shaky", *HOPELESS])
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

    @initialize(shape=st.sampled_from(SHAPES))
    def begin(self, shape: Any) -> None:
        self.world = World(shape)
        self.world.join()

    def one(self, which: int) -> Process:
        awake = [process for process in self.world.processes if not process.frozen]
        return awake[which % len(awake)] if awake else self.world.join()

    # --- work

    @rule(kinds=st.lists(KINDS, min_size=1, max_size=6), number=NUMBERS)
    def produce(self, kinds: list[str], number: int) -> None:
        for kind in kinds:
            self.world.produce(kind, number)

    @rule(which=ANY, turns=st.integers(1, 4), work=BOTH)
    def turn(self, which: int, turns: int, work: bool) -> None:
        process = self.one(which)
        for _ in range(turns):
            if process in self.world.processes:
                if work:
                    process.let_run()
                self.world.turn(process)

    @rule(which=ANY, index=ANY, aside=BOTH)
    def work(self, which: int, index: int, aside: bool) -> None:
        process = self.one(which)
        if aside:
            process.aside.run_one()
        else:
            process.hands.run_one(index)

    @rule(seconds=st.sampled_from([0.1, 0.5, 3.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.broker.clock.advance(seconds)

    # --- people

    @precondition(lambda self: self.world.sent)
    @rule(which=ANY, group=st.sampled_from([GROUP, GROUP, OTHER]), copies=st.integers(1, 3))
    def redrive(self, which: int, group: str, copies: int) -> None:
        sent = list(self.world.sent)
        self.world.redrive(sent[which % len(sent)], group, copies)

    @precondition(lambda self: self.world.sent)
    @rule(which=ANY)
    def forge(self, which: int) -> None:
        sent = list(self.world.sent)
        self.world.forge(sent[which % len(sent)])

    @precondition(lambda self: self.world.sent)
    @rule(which=ANY)
    def skip(self, which: int) -> None:
        sent = list(self.world.sent)
        self.world.skip(sent[which % len(sent)])

    @rule(paused=BOTH, floods=BOTH)
    def order(self, paused: bool, floods: bool) -> None:
        until = self.world.broker.clock.now() + 60 if floods else None
        self.world.order(paused=paused, flood_override_until=until)

    # --- processes

    @precondition(lambda self: len(self.world.processes) < 3)
    @rule()
    def join(self) -> None:
        self.world.join()

    @rule(which=ANY, patient=BOTH)
    def leave(self, which: int, patient: bool) -> None:
        self.world.patient = patient
        self.world.leave(self.one(which))

    @rule(which=ANY, last_words=BOTH)
    def crash(self, which: int, last_words: bool) -> None:
        self.world.crash(self.one(which), last_words=last_words)

    @rule(which=ANY)
    def freeze(self, which: int) -> None:
        self.world.freeze(self.one(which))

    @rule(work=BOTH)
    def thaw(self, work: bool) -> None:
        for process in self.world.processes:
            if process.frozen and work:
                process.let_run()
            process.frozen = False

    # --- weather

    @rule(patient=BOTH)
    def handlers_are_slow(self, patient: bool) -> None:
        self.world.patient = patient

    @rule(down=BOTH)
    def dependency(self, down: bool) -> None:
        self.world.dependency_down = down

    @rule(down=BOTH)
    def database(self, down: bool) -> None:
        self.world.books.down = down

    @rule(down=BOTH)
    def dead_letter_topic(self, down: bool) -> None:
        self.world.broker.unavailable = {DEAD} if down else set()

    @rule(which=ANY, fails=BOTH)
    def commits(self, which: int, fails: bool) -> None:
        self.one(which).broker.commit_fails = fails

    @rule(which=ANY)
    def callback_raises(self, which: int) -> None:
        self.one(which).broker.raise_on_poll = FromCallback()

    @rule(trap=st.sampled_from(["killed", "books"]))
    def trap(self, trap: str) -> None:
        self.world.trap = trap

    @rule()
    def retention(self) -> None:
        self.world.truncate()

    # --- promises

    @invariant()
    def promises_hold(self) -> None:
        if hasattr(self, "world"):
            self.world.check()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.world.calm()
                self.world.check_end()
            finally:
                self.world.close()


TestRuntime = Runtime.TestCase
TestRuntime.settings = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    **PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "default")],
)
