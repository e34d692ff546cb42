"""Dead letters under every order of what people, processes and crashes do: the promises hold.

`HYPOTHESIS_PROFILE=long` looks further, and elsewhere each time (`--hypothesis-seed=N --timeout=0`);
`shrink` makes what it found small.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from heimdall_project.accounts.roles import sync_roles
from heimdall_project.streams import registry, transforms
from heimdall_project.streams.consumer import Effects

from .machine.office import ACTS, MEND, Office, if_allowed, register_transform
from .machine.plant import Plant
from .machine.truth import Truth, spy

GENERATE = [Phase.generate]
"""A failure is told with its steps as they were found: to shrink them takes minutes (`shrink`)."""
PROFILES: dict[str, dict[str, Any]] = {
    "default": {"max_examples": 15, "derandomize": True, "database": None, "phases": GENERATE},
    "long": {"max_examples": 300, "phases": GENERATE},
    "shrink": {"max_examples": 300, "report_multiple_bugs": False},
}
WHO = st.sampled_from([1, 2, 0, 3])
WHICH, AT = st.integers(0, 63), st.integers(0, 50)
KINDS = st.lists(st.sampled_from(["number", "number", "no text"]), min_size=1, max_size=4)
type Process = Callable[[Plant], None]
type Deed = Callable[[Office, int, int], None]
type Chosen = tuple[Deed, int, int]
DEED = st.tuples(st.sampled_from(ACTS), WHO, WHICH)
PROCESSES: list[Process] = [Plant.redrive, Plant.redrive, Plant.work, Plant.index]
FAULTS: list[Callable[[Plant, int], None]] = [
    Plant.kill_redriver,
    Plant.kill_redriver,
    Plant.kill_worker,
    Plant.kill_worker_at_work,
    Plant.kill_indexer,
    Plant.stand_still,
    Plant.stand_still,
    Plant.zombie,
    Plant.repair,
    Plant.break_again,
    Plant.write_letters_twice,
    Plant.read_letters_again,
    Plant.lose_broker,
    Plant.lose_dead_letters,
]
BEGINNINGS: list[Deed] = [Office.proposes, Office.proposes, Office.proposes_mended]


class DeadLetters(RuleBasedStateMachine):
    """Everything that can happen to them."""

    @initialize(effects=st.sampled_from([Effects.IDEMPOTENT] * 3 + [Effects.UNSAFE]), kinds=KINDS)
    def begin(self, effects: Effects, kinds: list[str]) -> None:
        self.stack = ExitStack()
        block = transaction.atomic()
        block._from_testcase = True  # type: ignore[attr-defined]  # as that of the test: acts commit within
        self.stack.enter_context(block)
        self.office = Office()
        self.truth = Truth(self.office)
        self.plant = Plant(effects=effects, goes_out=self.truth.goes_out)
        self.stack.enter_context(self.plant.steps.watched())
        patch = pytest.MonkeyPatch()
        self.stack.callback(patch.undo)
        patch.setattr(registry.get("job-results"), "effects", effects)
        self.records_fail(kinds)

    # --- what happens -------------------------------------------------------------------------------------

    @rule(kinds=KINDS)
    def records_fail(self, kinds: list[str]) -> None:
        self.plant.fail(kinds)
        self.plant.work()
        self.plant.index()

    @rule(begins=st.sampled_from(BEGINNINGS), which=WHICH, repaired=WHICH, steps=st.integers(0, 2))
    def a_batch_begins(self, begins: Deed, which: int, repaired: int, steps: int) -> None:
        self.plant.repair(repaired)
        if_allowed(partial(begins, self.office), (0, 0, 1)[which % 3], which)  # who approves may propose too
        for approver in (1, 2) if repaired % 4 else ():
            if_allowed(self.office.approves, approver, 0)
        for _ in range(steps):
            self.plant.redrive()

    @rule(which=WHICH, times=st.integers(0, 2))
    def two_propose_the_same(self, which: int, times: int) -> None:
        if_allowed(self.office.proposes, 0, which)
        self.a_batch_begins(Office.proposes, which, 1, times)
        self.everything_runs(times)

    @rule(which=WHICH)
    def an_old_proposal_is_approved(self, which: int) -> None:
        for approver in (1, 2):
            if_allowed(self.office.approves, approver, which)

    @rule(which=WHICH, again=WHICH)
    def letters_are_approved_and_sent(self, which: int, again: int) -> None:
        if_allowed(self.office.approves_letters, 1, which)
        if_allowed(self.office.reprocesses_many, 0, again)

    @rule(times=st.integers(1, 3))
    def everything_runs(self, times: int) -> None:
        for _ in range(times):
            self.plant.redrive()
            self.plant.work()
            self.plant.index()

    @rule(fault=st.sampled_from(FAULTS), at=AT)
    def something_goes_wrong(self, fault: Callable[[Plant, int], None], at: int) -> None:
        fault(self.plant, at)

    @rule(deed=DEED, beside=st.one_of(st.none(), DEED, st.sampled_from(PROCESSES)), at=AT)
    def somebody_acts(self, deed: Chosen, beside: Chosen | Process | None, at: int) -> None:
        """Alone, or in the middle of what a process or somebody else does."""
        if beside is None:
            self._try(deed)
            return
        with self.plant.steps.meanwhile(at if callable(beside) else at % 9, partial(self._try, deed)):
            if callable(beside):
                beside(self.plant)
            else:
                self._try(beside)

    def _try(self, chosen: Chosen) -> None:
        deed, who, which = chosen
        if_allowed(partial(deed, self.office), who, which)

    # --- what must hold -----------------------------------------------------------------------------------

    @invariant()
    def promises_hold(self) -> None:
        if hasattr(self, "plant"):
            self.truth.check()
            self.truth.check_handled(self.plant.handled, self.plant.excused)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            with self.stack:
                try:
                    if sys.exception() is None and not connection.needs_rollback:
                        self._calm()
                finally:
                    transaction.set_rollback(True)

    def _settle(self) -> None:
        while True:
            before = self.truth.so_far()
            self.office.lets_all_go_on()
            self.plant.broker.clock.advance(2.0)
            self.everything_runs(2)
            if self.truth.so_far() == before:
                return

    def _calm(self) -> None:
        """No more faults: everybody does what is left to be done."""
        self.office.everybody_has_their_role()
        self.plant.lease_runs_out()
        self._settle()
        for batch in self.truth.unknown():
            self.office.ends(batch)
        self._settle()
        self.promises_hold()
        self.truth.check_end()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Many redrivers are fenced here; nobody wants to read it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(600)
@pytest.mark.django_db
def test_dead_letters_keep_their_promises_in_any_order(settings: Settings) -> None:
    settings.DLQ_BREAK_GLASS, settings.DLQ_MAX_ATTEMPTS = True, 3
    settings.KAFKA_SESSION_TIMEOUT = 3600.0  # the books let the database end a silent session by it
    sync_roles()
    spy()
    register_transform()
    try:
        run_state_machine_as_test(
            DeadLetters,
            settings=effort(
                deadline=None,
                stateful_step_count=30,
                print_blob=False,
                suppress_health_check=list(HealthCheck),
                **PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "default")],
            ),
        )
    finally:
        transforms.forget(MEND)
