"""Whatever happens, in whatever order: no event is lost, none counts twice, the ledger balances.

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

from .writer_world import HOPELESS, Process, WriterWorld

PROFILES: dict[str, dict[str, Any]] = {
    "default": {"max_examples": 120, "stateful_step_count": 40, "derandomize": True, "database": None},
    "long": {"max_examples": 3000, "stateful_step_count": 80, "print_blob": True},
}
KINDS = ["good"] * 5 + ["nameless", "again", "other body", *HOPELESS]
FAULTS = ["", "outage", "lost", "late", "half", "killed", "killed before", "lost and down"]
ANY = st.integers(0, 99)


@pytest.fixture(autouse=True)
def quiet(settings: Any) -> Iterator[None]:
    """Small batches; and nobody wants to read of every partition that gets lost here."""
    settings.WRITER_BATCH_ROWS, settings.WRITER_MAX_BUFFER, settings.WRITER_BATCH_SECONDS = 6, 20, 0.3
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Writer(RuleBasedStateMachine):
    """Everything that can happen to the writer."""

    @initialize(processes=st.integers(1, 2))
    def begin(self, processes: int) -> None:
        self.world = WriterWorld()
        for _ in range(processes):
            self.world.join()

    def one(self, which: int) -> Process:
        awake = [process for process in self.world.processes if not process.frozen]
        return awake[which % len(awake)] if awake else self.world.join()

    @rule(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=10), number=st.integers(0, 1))
    def produce(self, kinds: list[str], number: int) -> None:
        for kind in kinds:
            self.world.produce(kind, number)

    @rule(schedule=st.lists(ANY, min_size=4, max_size=16))
    def turn(self, schedule: list[int]) -> None:
        for which in schedule:
            process = self.one(which)
            if which % 3:
                self.world.run(process, process.aside.run_all)
            self.world.turn(process)
        self.world.broker.clock.advance(0.3)

    @rule(seconds=st.sampled_from([0.001, 0.5, 3.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.broker.clock.advance(seconds)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=4))
    def inserts_go_wrong(self, faults: list[str]) -> None:
        self.world.table.fails += faults

    @rule()
    def clickhouse_goes_down(self) -> None:
        self.world.table.down = True

    @rule()
    def the_database_goes_down(self) -> None:
        self.world.broker.books.down = True

    @rule()
    def the_weather_clears_up(self) -> None:
        self.world.clear_up()

    @precondition(lambda self: len(self.world.processes) < 3)
    @rule()
    def join(self) -> None:
        self.world.join()

    @rule(which=ANY)
    def leave(self, which: int) -> None:
        self.world.leave(self.one(which))

    @rule(which=ANY)
    def crash(self, which: int) -> None:
        self.world.crash(self.one(which))

    @rule(which=ANY)
    def become_a_zombie(self, which: int) -> None:
        self.world.become_a_zombie(self.one(which))

    @precondition(lambda self: any(process.frozen for process in self.world.processes))
    @rule()
    def zombies_wake_and_insert(self) -> None:
        for process in [process for process in self.world.processes if process.frozen]:
            process.frozen = False
            self.world.run(process, process.let_run)

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


TestWriter = Writer.TestCase
TestWriter.settings = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    **PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "default")],
)
