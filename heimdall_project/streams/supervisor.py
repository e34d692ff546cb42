"""Runs several workers as processes of one command: starts, restarts, holds down, stops, reaps them.

Django is loaded once and each worker is forked from that, before any client or connection exists: clients
do not survive a fork, and what is loaded before it is shared memory. The supervisor itself stays a single
thread without clients, so that every later fork, of a restart, is as safe as the first.
docs/adr/0003-supervisor.md says why it is built so.
"""

import ctypes
import gc
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from django.core.cache import caches
from django.db import connections

from ..observability.logging import get_logger, identify
from . import broker, registry
from .consumer import Worker
from .exit_codes import ExitCode, describe
from .holding import hold
from .launch import launch
from .signals import STOP_SIGNALS, stop_signals
from .slots import Backoff, Phase, Slot

log = get_logger(__name__)
HOLD_GRACE = 1.0
"""Seconds that a process which only waits for an order may take to end."""
_HEARD = (*STOP_SIGNALS, signal.SIGCHLD)
_PR_SET_PDEATHSIG = 1


class Supervisor:
    """Keeps one process running in each slot. `run` returns when all have ended."""

    def __init__(self, slots: Sequence[Slot], *, backoff: Backoff, grace: float) -> None:
        self._slots = list(slots)
        self._backoff = backoff
        self._grace = grace
        self._asked = 0
        self._deadline: float | None = None
        self._worst = ExitCode.DONE

    def run(self) -> ExitCode:
        """Supervise until asked to stop by SIGTERM or SIGINT; a second one ends everything at once."""
        prepare_to_fork()
        self._lifeline, held_open = os.pipe()
        self._held_open = held_open
        with self._hearing():
            log.info(
                "Supervisor started.", action="supervisor_started", workers=[s.label for s in self._slots]
            )
            while any(slot.phase is not Phase.OVER for slot in self._slots):
                self._start_what_is_due()
                self._listen()
                self._reap()
                self._mind_the_deadline()
            log.info("All workers have ended.", action="supervisor_ended", code=self._worst.name)
        return self._worst

    # --- hearing ----------------------------------------------------------------------------------------

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        """Have signals written to a pipe by the interpreter; see `signals`. Here it needs no thread."""
        self._reader, writer = os.pipe()
        self._pipes = (self._reader, writer, self._held_open)
        os.set_blocking(writer, False)
        before = {number: signal.signal(number, _nothing) for number in _HEARD}
        previous_fd = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(previous_fd)
            for number, handler in before.items():
                signal.signal(number, handler)
            for fd in (*self._pipes, self._lifeline):
                os.close(fd)

    def _listen(self) -> None:
        """Wait for a signal, for the next start, or for the deadline."""
        now = time.monotonic()
        times = [slot.due for slot in self._slots if slot.phase is Phase.DUE]
        times += [self._deadline] if self._deadline is not None else []
        wait = max(0.0, min(times) - now) if times else None
        if not select.select([self._reader], [], [], wait)[0]:
            return
        for number in os.read(self._reader, 4096):
            if number in STOP_SIGNALS:
                self._stop(signal.Signals(number))

    # --- starting ---------------------------------------------------------------------------------------

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.phase is Phase.DUE and slot.due <= now:
                try:
                    slot.started(self._fork(slot), now)
                except OSError as error:  # no memory or process id left: others may give some back
                    wait = slot.failed(now, self._backoff)
                    log.error(
                        "No process could be forked; it is tried again.",
                        action="fork_failed",
                        worker=slot.worker,
                        wait=wait,
                        error=str(error),
                    )

    def _fork(self, slot: Slot) -> int:
        """Fork the slot's process. Signals wait: none may reach a child that still has our pipes."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        parent = os.getpid()
        try:
            if (pid := os.fork()) == 0:
                self._become(slot, parent)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        return pid

    def _become(self, slot: Slot, parent: int) -> NoReturn:
        """The child's whole life."""
        code = int(ExitCode.CRASHED)
        try:
            for fd in self._pipes:
                os.close(fd)
            become_child(parent)
            code = work(slot, self._lifeline)
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else code
        except BaseException:  # boundary: a child must never return into the supervisor's loop
            log.exception("The worker could not be started.", action="worker_failed", worker=slot.worker)
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
            os._exit(code)

    # --- reaping ----------------------------------------------------------------------------------------

    def _reap(self) -> None:
        """Take in every child that ended, ours or (as process 1) anybody's orphan."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for slot in self._slots:
                if slot.pid == pid and slot.phase in (Phase.RUNNING, Phase.HELD):
                    self._ended(slot, os.waitstatus_to_exitcode(status))

    def _ended(self, slot: Slot, code: int) -> None:
        if self._asked:
            slot.is_over()
            self._judge(slot, code)
            return
        was_holding = slot.holding
        delay = slot.ended(code, time.monotonic(), self._backoff)
        facts = {"worker": slot.worker, "pid": slot.pid, "code": code, "what": describe(code)}
        if code == ExitCode.ON_PURPOSE and not was_holding:
            log.error(
                "WORKER LEFT DOWN: it stopped on purpose. Others run on.", action="worker_left_down", **facts
            )
        elif code == ExitCode.ORDERED:
            log.info("Worker is started again by order.", action="worker_start_ordered", **facts)
        else:
            log.warning("Worker ended; it is started again.", action="worker_restart", wait=delay, **facts)

    def _judge(self, slot: Slot, code: int) -> None:
        """Keep what was worst of a stop."""
        if slot.holding or code in (ExitCode.DONE, ExitCode.ON_PURPOSE):
            return
        log.warning(
            "Worker did not drain.", action="worker_not_drained", worker=slot.worker, what=describe(code)
        )
        self._worst = ExitCode.ABANDONED

    # --- stopping ---------------------------------------------------------------------------------------

    def _stop(self, heard: signal.Signals) -> None:
        self._asked += 1
        log.info(
            "Stopping: workers drain."
            if self._asked == 1
            else "Stopping at once: nothing more is committed.",
            action="supervisor_stopping",
            signal=heard.name,
        )
        if self._asked > 1:
            self._tell(signal.SIGKILL)  # leaving at once means leaving everything as it is: so does this
            return
        for slot in self._slots:
            if slot.phase is Phase.DUE:
                slot.is_over()
        self._deadline = time.monotonic() + self._grace
        self._tell(signal.SIGTERM)

    def _mind_the_deadline(self) -> None:
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._tell(signal.SIGKILL)
            self._deadline = None

    def _tell(self, number: signal.Signals) -> None:
        for slot in self._slots:
            if slot.phase in (Phase.RUNNING, Phase.HELD):
                os.kill(slot.pid, number)  # not reaped yet, so the id is still its own


def slots_for(workers: Sequence[type[Worker]], processes: Mapping[str, int]) -> list[Slot]:
    """One slot a process."""
    return [Slot(worker.name, n) for worker in workers for n in range(processes.get(worker.name, 1))]


def prepare_to_fork() -> None:
    """Close connections, make sure that nothing exists which a fork would break, share what is loaded.

    Raises RuntimeError naming what is in the way.
    """
    connections.close_all()
    caches.close_all()
    hazards = [f"{broker.clients_built()} Kafka clients were built"] if broker.clients_built() else []
    hazards += [f"thread {t.name!r} runs" for t in threading.enumerate() if t is not threading.main_thread()]
    if hazards:
        raise RuntimeError(f"workers cannot be forked from this process: {'; '.join(hazards)}")
    # Collections in a child would touch, and so copy, every page of what was loaded here.
    gc.collect()
    gc.freeze()


def become_child(parent: int) -> None:
    """Leave the supervisor's terminal group and signals behind, and make sure to die with it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})  # stop signals wait for `stop_signals`
    os.setpgid(0, 0)  # Ctrl-C reaches the supervisor alone, which passes it on once
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if sys.platform == "linux":
        # The lifeline says the same, but only to a process that listens to it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(ExitCode.ABANDONED)


def work(slot: Slot, lifeline: int) -> int:
    """Run what the slot asks for."""
    if slot.holding:
        identify(worker=slot.worker)
        with stop_signals(lifeline=lifeline, grace=HOLD_GRACE) as flag:
            return hold(slot.worker, slot.halted_pid, stop=flag)
    return launch(registry.get(slot.worker), replica=slot.replica, restarts=slot.starts, lifeline=lifeline)


def _nothing(_: int, __: FrameType | None) -> None:
    """Stands in for the default action; the pipe has told already."""
