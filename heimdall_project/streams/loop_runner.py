"""Runs one loop worker as this process: step after step, until it is asked to stop.

A dependency that is down makes it wait and try again; an order of an operator makes it pause; anything
else that a step raises ends the process, and the exit code says what the supervisor should do about it.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Protocol

from django.conf import settings
from django.db import connection

from ..errors import StopOnPurpose, TransientError
from ..observability import heartbeat
from ..observability.logging import get_logger
from .books import database
from .consumer import Loop
from .exit_codes import ExitCode
from .models import WorkerProcess
from .orders import Beat, Orders
from .ports import Clock, SystemClock
from .retry import OUTAGE
from .signals import StopFlag
from .watchdog import Watchdog, bark
from .worker_registry import HeartbeatThread, Registration

log = get_logger(__name__)
State = WorkerProcess.State
PAUSE_POLL = 0.25
"""Seconds between two looks at the orders while paused."""


class Reporter(Protocol):
    """Where a loop reports and what it is told; a `HeartbeatThread`."""

    orders: Orders

    def greet(self, beat: Beat) -> None:
        """Report and read the orders now. Raises TransientError."""
        ...

    def nudge(self) -> None:
        """The report changed: write it soon."""
        ...


def run(worker: type[Loop], *, stop: StopFlag) -> ExitCode:
    """Run until `stop` is set or a step fails. Answers how it ended."""
    runner: LoopRunner
    beats = HeartbeatThread(Registration(worker.name), lambda: runner.beat)

    def overrun() -> None:
        reason = f"A step took longer than its budget of {worker.step_budget} s."
        beats.stop(Beat(state=State.FAILED, reason=reason), timeout=1.0)
        bark()

    runner = LoopRunner(worker(), stop=stop, reporter=beats, overrun=overrun)
    beats.start()
    code = runner.run()
    beats.stop(runner.beat)
    heartbeat.still(worker.name)
    return code


class LoopRunner:
    """The life of one loop. `beat` is its latest report; the heartbeat thread reads it."""

    def __init__(
        self,
        loop: Loop,
        *,
        stop: StopFlag,
        reporter: Reporter,
        wait: Callable[[float], object] | None = None,
        clock: Clock | None = None,
        overrun: Callable[[], None] = bark,
        seed: int | None = None,
    ) -> None:
        self.beat = Beat(state=State.STARTING)
        self._loop = loop
        self._flag = stop
        self._reporter = reporter
        self._wait = wait or stop.stop.wait
        self._clock = clock or SystemClock()
        self._overrun = overrun
        self._draw = Random(seed)  # noqa: S311 - jitter
        self._do: Callable[[], bool] = self._begin
        self._outages = 0
        self._touched = float("-inf")

    def run(self) -> ExitCode:
        """Turn until asked to stop, then close."""
        try:
            with Watchdog(self._loop.name, clock=self._clock, act=self._overrun) as dog:
                self._live(dog)
        except StopOnPurpose as error:
            log.error(
                "The worker stops on purpose and stays down.", action="worker_halted", reason=str(error)
            )
            return self._end(State.HALTED, str(error), ExitCode.ON_PURPOSE)
        except Exception as error:  # boundary: what ends a loop becomes an exit code
            log.exception("The worker failed.", action="worker_failed")
            return self._end(State.FAILED, f"{type(error).__name__}: {error}", ExitCode.CRASHED)
        return self._end(State.STOPPED, self._flag.reason, ExitCode.DONE)

    def _live(self, dog: Watchdog) -> None:
        try:
            while not self._flag.is_set:
                self._turn(dog)
        except Exception:  # boundary: it is raised again; the loop may still give up what it holds
            self._close_after_failure(dog)
            raise
        self._say(State.DRAINING, self._flag.reason)
        self._close(dog)

    def _close(self, dog: Watchdog) -> None:
        """A loop that never came to work has nothing to close."""
        if self._do == self._step:
            with dog.watching(self._loop.step_budget):
                self._loop.close()

    def _close_after_failure(self, dog: Watchdog) -> None:
        try:
            self._close(dog)
        except Exception:  # boundary: closing after a failure must not hide the failure
            log.exception("Closing failed too.", action="close_failed")

    def _turn(self, dog: Watchdog) -> None:
        self._touch()
        orders = self._reporter.orders
        if orders.paused:
            self._say(State.PAUSED, orders.pause_reason)
            self._wait(PAUSE_POLL)
            return
        try:
            with dog.watching(self._loop.step_budget), database():
                more = self._do()
        except TransientError as error:
            self._back_off(error)
            return
        self._outages = 0
        self._say(State.RUNNING)
        if not more:
            self._wait(self._loop.interval)

    def _begin(self) -> bool:
        """The first step. No work is done before the orders are known: the worker may be paused."""
        self._reporter.greet(self.beat)
        self._do = self._start
        return True

    def _start(self) -> bool:
        self._loop.start()
        self._do = self._step
        return True

    def _step(self) -> bool:
        return self._loop.step(self._flag.stop)

    def _back_off(self, error: TransientError) -> None:
        self._outages += 1
        delay = OUTAGE.delay(self._outages, self._draw)
        if self.beat.state != State.WAITING:
            log.warning("A dependency is down; the worker waits.", action="worker_waits", error=str(error))
        self._say(State.WAITING, str(error))
        connection.close()  # it may be what broke; the next step opens another
        self._wait(delay)

    def _say(self, state: State, reason: str = "") -> None:
        if (self.beat.state, self.beat.reason) == (state, reason):
            return
        if self.beat.state == State.WAITING and state == State.RUNNING:
            log.info("The dependency is back; the worker goes on.", action="worker_goes_on")
        self.beat = Beat(state=state, reason=reason)
        self._reporter.nudge()

    def _touch(self) -> None:
        now = self._clock.monotonic()
        if now - self._touched < settings.WORKER_HEARTBEAT:
            return
        self._touched = now
        self.beat = replace(self.beat)  # a new report, though it says the same: the loop turns
        try:
            heartbeat.beat(self._loop.name)
        except OSError as error:
            log.warning("The heartbeat file cannot be touched.", action="heartbeat_file", error=str(error))

    def _end(self, state: State, reason: str, code: ExitCode) -> ExitCode:
        self.beat = Beat(state=state, reason=reason)
        return code
