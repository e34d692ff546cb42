"""The life of a loop, with a reporter and waits that are made up."""

from collections.abc import Callable
from threading import Event

import pytest

from heimdall_project.errors import StopOnPurpose, TransientError
from heimdall_project.streams.consumer import Loop
from heimdall_project.streams.exit_codes import ExitCode
from heimdall_project.streams.loop_runner import LoopRunner
from heimdall_project.streams.models import WorkerProcess
from heimdall_project.streams.orders import NO_ORDERS, Beat, Orders
from heimdall_project.streams.signals import StopFlag

State = WorkerProcess.State


class Reporter:
    """Notes what is reported; gives the orders it is told to give."""

    def __init__(self) -> None:
        self.orders = NO_ORDERS
        self.runner: LoopRunner | None = None
        self.states: list[str] = []
        self.unreachable = 0

    def greet(self, beat: Beat) -> None:
        if self.unreachable:
            self.unreachable -= 1
            raise TransientError("postgresql")

    def nudge(self) -> None:
        assert self.runner
        self.states.append(self.runner.beat.state)


class Scripted(Loop):
    """Does what the script says, one entry a step, and asks for the stop at its end."""

    name = "scripted"
    interval = 7.0

    def __init__(self, *script: bool | Exception | Callable[[], object]) -> None:
        self.script = list(script)
        self.done: list[str] = []

    def start(self) -> None:
        self.done.append("start")

    def step(self, stop: Event) -> bool:
        self.done.append("step")
        entry = self.script.pop(0)
        if not self.script:
            stop.set()
        if isinstance(entry, Exception):
            raise entry
        return entry if isinstance(entry, bool) else bool(entry())

    def close(self) -> None:
        self.done.append("close")


class Life:
    """A loop, its runner, and what it waited for."""

    def __init__(self, loop: Loop, *, overrun: Callable[[], None] = lambda: None) -> None:
        self.loop, self.flag, self.reporter = loop, StopFlag(), Reporter()
        self.waits: list[float] = []
        self.runner = LoopRunner(
            loop, stop=self.flag, reporter=self.reporter, wait=self.wait, overrun=overrun, seed=1
        )
        self.reporter.runner = self.runner

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if len(self.waits) > 50:
            self.flag.request("the test waited long enough")

    def run(self) -> ExitCode:
        return self.runner.run()


def test_a_loop_starts_steps_and_closes() -> None:
    loop = Scripted(True, True)
    assert Life(loop).run() is ExitCode.DONE
    assert loop.done == ["start", "step", "step", "close"]


def test_it_waits_its_interval_only_after_a_step_that_found_nothing() -> None:
    life = Life(Scripted(True, False, True, True))
    life.run()
    assert life.waits == [7.0]


def test_a_dependency_that_is_down_is_waited_for_ever_longer_and_shown() -> None:
    outage = TransientError("redis", "refused")
    life = Life(Scripted(outage, outage, outage, True))
    assert life.run() is ExitCode.DONE
    assert life.waits == sorted(life.waits) and len(life.waits) == 3
    assert life.reporter.states == [State.RUNNING, State.WAITING, State.RUNNING, State.DRAINING]


def test_no_work_is_done_before_the_orders_are_known() -> None:
    life = Life(loop := Scripted(True))
    life.reporter.unreachable = 2
    life.run()
    assert len(life.waits) == 2
    assert loop.done == ["start", "step", "close"]


def test_a_paused_loop_takes_no_step_and_says_why() -> None:
    life = Life(loop := Scripted(True))
    life.reporter.orders = Orders(paused=True, pause_reason="maintenance")
    life.run()
    assert "step" not in loop.done
    assert life.reporter.states[0] == State.PAUSED


def test_a_loop_resumes_when_the_order_is_taken_back() -> None:
    life = Life(loop := Scripted(True))
    life.reporter.orders = Orders(paused=True)

    def wait(seconds: float) -> None:
        life.reporter.orders = NO_ORDERS

    life.runner._wait = wait
    assert life.run() is ExitCode.DONE
    assert "step" in loop.done


def test_a_stop_on_purpose_is_a_halt_with_its_reason_and_closes_the_loop() -> None:
    life = Life(loop := Scripted(StopOnPurpose("look at this"), True))
    assert life.run() is ExitCode.ON_PURPOSE
    assert (life.runner.beat.state, life.runner.beat.reason) == (State.HALTED, "look at this")
    assert loop.done[-1] == "close"


def test_any_other_error_is_a_crash() -> None:
    life = Life(Scripted(ValueError("no"), True))
    assert life.run() is ExitCode.CRASHED
    assert life.runner.beat == Beat(state=State.FAILED, reason="ValueError: no")


def test_a_loop_that_is_stopped_before_it_could_start_is_not_closed() -> None:
    life = Life(loop := Scripted(True))
    life.reporter.unreachable = 1000
    assert life.run() is ExitCode.DONE
    assert loop.done == []


def test_a_failing_close_does_not_hide_the_failure_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def close(self: Scripted) -> None:
        raise OSError("too")

    monkeypatch.setattr(Scripted, "close", close)
    life = Life(Scripted(StopOnPurpose("first"), True))
    assert life.run() is ExitCode.ON_PURPOSE


def test_a_step_beyond_its_budget_calls_the_watchdog() -> None:
    bitten = Event()

    class Slow(Scripted):
        step_budget = 0.01

    loop = Slow(lambda: bitten.wait(30) and None)
    Life(loop, overrun=bitten.set).run()
    assert bitten.is_set()
